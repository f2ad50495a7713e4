"""Reads the types of a binding's arguments once, not at every call.

Generated code checks what it is given: each call resolves the annotations of a stub function whose
name begins with ``_typecheckingstub__`` before it compares. Annotations of a function do not
change, so the answer for a stub is remembered; everybody else is answered as ever.

Source: https://github.com/aws/jsii, packages/jsii-pacmak/lib/targets/python/type-name.ts.
"""

from __future__ import annotations

import functools
import typing

STUB = "_typecheckingstub__"
"""How the generator names functions that exist for their annotations alone."""


def install() -> None:
    """Remember the type hints of stubs from now on; twice does nothing more."""
    plain = typing.get_type_hints
    if hasattr(plain, "__wrapped__"):
        return
    known: dict[object, dict[str, typing.Any]] = {}

    @functools.wraps(plain)
    def get_type_hints(
        obj: typing.Any,  # noqa: ANN401  as in typing
        *arguments: typing.Any,
        **options: typing.Any,
    ) -> dict[str, typing.Any]:
        if arguments or options or not getattr(obj, "__name__", "").startswith(STUB):
            return plain(obj, *arguments, **options)
        if obj not in known:
            known[obj] = plain(obj)
        return known[obj]

    typing.get_type_hints = get_type_hints
