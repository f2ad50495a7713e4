"""A stack's folder as Terraform's CLI uploads it to HCP Terraform."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LEFT_OUT = (".git", ".terraform")


def pack(folder: Path, archive: Path) -> list[str]:
    """Pack a folder into an archive; the names in it.

    The CLI leaves out `.git/` and `.terraform/` (but for its modules, of which there are none
    here), unless a `.terraformignore` says otherwise.

    Source: https://developer.hashicorp.com/terraform/cli/cloud/settings#excluding-files-from-upload-with-terraformignore
    """
    names = []
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if name.parts[0] in LEFT_OUT or path.is_dir():
                continue
            assert not path.is_symlink(), f"{name} may lead out of the folder"
            tar.add(path, name.as_posix(), recursive=False)
            names.append(name.as_posix())
    return names


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive elsewhere, as a worker does."""
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder
