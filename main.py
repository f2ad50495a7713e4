"""Synthesise one environment: read the environment once, build the app, write the JSON.

Needs no credentials, no network and no clock, and works from any current directory.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastsynth
from constructs_lib import cdk_terrain
from constructs_lib.function_package import PackageError, build_zips
from constructs_lib.settings_loading import SettingsError, load_settings, overruled_region
from constructs_lib.stack_folder import make_stack_folder, write_packages, write_versions

if TYPE_CHECKING:
    from constructs_lib.settings import Settings

PROJECT_FOLDER = Path(__file__).resolve().parent


def read_feeds(settings: Settings) -> dict[str, Any]:
    """Read the feeds and profiles of an environment, as the functions get them.

    Args:
        settings: Its settings, which name the file.

    Raises:
        SettingsError: The file cannot be read or used; the message names everything.
    """
    sys.path.insert(0, str(PROJECT_FOLDER / "functions"))
    from inventory.feeds_file import FeedsFileError, read_feeds_file  # the functions' own check

    try:
        return read_feeds_file(PROJECT_FOLDER / settings.feeds_file)
    except FeedsFileError as error:
        raise SettingsError(str(error)) from None


def read_settings() -> Settings:
    """Read the settings of the environment that ENVIRONMENT_SUFFIX names, `dev` by default.

    Raises:
        SettingsError: Settings cannot be used; the message names all of them.
    """
    suffix = os.environ.get("ENVIRONMENT_SUFFIX") or "dev"
    configuration = json.loads((PROJECT_FOLDER / "cdktf.json").read_text(encoding="utf-8"))
    environments = configuration["context"]["environments"]
    # An environment that cdktf.json does not know, such as a branch's, is one like dev.
    context = {**environments.get(suffix, environments["dev"]), "environment_suffix": suffix}
    settings = load_settings(context)
    overruled = overruled_region(context, settings)
    if overruled:
        sys.stderr.write(f"{overruled}\n")
    return settings


def main() -> None:
    """Write the stack, its zips and its lock to the output folder."""
    output_folder = Path(os.environ.get("CDKTF_OUTDIR") or PROJECT_FOLDER / "cdktf.out")
    try:
        settings = read_settings()
        feeds = read_feeds(settings)
        zips = build_zips(PROJECT_FOLDER / "functions", PROJECT_FOLDER / "Pipfile.lock")
    except (SettingsError, PackageError) as error:
        sys.exit(str(error))
    # jsii warns at every start on Node 20; the value lists the versions to be quiet about.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    # Newer ones warn of what an archived package calls; 0 shows it.
    os.environ.setdefault("NODE_NO_WARNINGS", "1")
    fastsynth.install()
    # After it, so that the switch is asked first.
    cdk_terrain.install_if_wanted()
    from cdktf import App  # what is imported before install() loads slowly

    from constructs_lib.stack import InventoryStack  # imports cdktf

    stack_folder = make_stack_folder(output_folder, settings.stack_name)
    packages = write_packages(zips, stack_folder)
    # What cdktf would validate is whether a `terraform` on this machine is new enough for the
    # backend; synthesis does not need one, and Terraform says so itself.
    app = App(outdir=str(output_folder), skip_validation=True)
    InventoryStack(app, settings, packages, feeds)
    app.synth()
    write_versions(stack_folder)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"the stack could not be written: {error}")
