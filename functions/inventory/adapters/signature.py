"""Signature Version 4 of a POST request to the root of a service.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"


class Keys(NamedTuple):
    """Credentials at one moment; the token is None for those that do not expire."""

    access_key: str
    secret_key: str
    token: str | None


class Signer:
    """Signs requests to one service in one region.

    Args:
        service: The service's name in its credential scope, such as "dynamodb".
        region: Such as "eu-north-1".
    """

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._derived: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def authorization(self, headers: Mapping[str, str], body: bytes, keys: Keys) -> str:
        """Return the header `Authorization`.

        Args:
            headers: The request's headers, which are all signed; `Host` and `X-Amz-Date`, as
                `YYYYMMDDTHHMMSSZ`, are among them.
            body: The request's body.
            keys: Credentials; their token, if any, is among the headers.
        """
        named = sorted((name.lower(), value) for name, value in headers.items())
        names = ";".join([name for name, _ in named])
        lines = "".join([f"{name}:{value}\n" for name, value in named])
        request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
        time = headers["X-Amz-Date"]
        scope = f"{time[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{time}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = _digest(self._key(time[:8], keys.secret_key), text).hex()
        return (
            f"{_ALGORITHM} Credential={keys.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )

    def _key(self, day: str, secret_key: str) -> bytes:
        made_for, key = self._derived
        if made_for != (day, secret_key):
            key = f"AWS4{secret_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = _digest(key, part)
            self._derived = ((day, secret_key), key)
        return key


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
