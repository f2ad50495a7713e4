"""The feeds that a command judges files by: those of an environment of this project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terraform_runner.paths import ROOT

if TYPE_CHECKING:
    from inventory.domain.reading import ProfileSet

_DEFAULT_FILE = "feeds.toml"

FeedsOption = Annotated[
    Path | None,
    typer.Option(
        "--feeds",
        metavar="FILE",
        help="Feeds file to judge by. Default: the one of the environment.",
        show_default=False,
    ),
]
FeedsEnvironmentOption = Annotated[
    str, typer.Option("--env", metavar="SUFFIX", help="Environment whose feeds apply.")
]


def feeds_path(file: Path | None, environment: str) -> Path:
    """The feeds file that applies.

    Args:
        file: The one that was named; None for the environment's.
        environment: Suffix of the environment.
    """
    if file is not None:
        return file
    context = json.loads((ROOT / "cdktf.json").read_text(encoding="utf-8"))["context"]
    settings = context["environments"].get(environment, context["environments"]["dev"])
    name = os.environ.get("FEEDS_FILE") or settings.get("feeds_file", _DEFAULT_FILE)
    return ROOT / str(name)


def load_feeds(file: Path | None, environment: str) -> ProfileSet:
    """The profiles and feeds that apply.

    Args:
        file: The feeds file that was named; None for the environment's.
        environment: Suffix of the environment.

    Raises:
        typer.BadParameter: The file cannot be read or used; the message says everything wrong.
    """
    from inventory.domain.reading import ProfileSet
    from inventory.feeds_file import FeedsFileError, read_feeds_file

    try:
        return ProfileSet(**read_feeds_file(feeds_path(file, environment)))
    except FeedsFileError as error:
        raise typer.BadParameter(str(error)) from None
