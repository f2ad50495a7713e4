"""The digest of an archive is read from an earlier run, and only for the very same file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from fastsynth import direct_kernel

ROOT = Path(__file__).parents[2]
PROGRAM = """
let reads = 0;
function readFileChunks(file, onChunk, ...comments) {
  reads += 1;
  const hash = require("crypto").createHash("sha256").update(require("fs").readFileSync(file));
  return hash.update(comments.join()).digest();
}
exports.digestFile=function digestFile(e,...p){return readFileChunks(e,()=>{},...p)};
exports.reads = () => reads;
"""


@pytest.fixture
def digest(tmp_path):
    """Ask for the digest of an archive in a new process; gives it and whether it was read."""
    archive(tmp_path).write_bytes(b"first")

    def ask(*comments: str, program: str = PROGRAM) -> tuple[str, bool]:
        module = tmp_path / "program.js"
        module.write_text(program)
        arguments = json.dumps([str(archive(tmp_path)), *comments])
        script = (
            f"const program = require({json.dumps(str(module))});"
            f"const found = program.digestFile(...{arguments});"
            "console.log(JSON.stringify([found.toString('hex'), program.reads()]));"
        )
        done = subprocess.run(
            ["node", f"--require={direct_kernel.DIGESTS}", "-e", script],
            env={**os.environ, "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stderr == ""
        found, reads = json.loads(done.stdout)
        return found, bool(reads)

    return ask


def archive(folder: Path) -> Path:
    """The archive of a test."""
    return folder / "archive.tgz"


def expected(content: bytes, *comments: str) -> str:
    """What the program's own function gives."""
    return sha256(content + ",".join(comments).encode()).hexdigest()


def test_a_file_is_read_once(digest):
    """Later processes have the same digest without reading."""
    assert digest("a", "b") == (expected(b"first", "a", "b"), True)
    assert digest("a", "b") == (expected(b"first", "a", "b"), False)


def test_a_changed_file_is_read_again(digest, tmp_path):
    """Also when size and modification time are made to look the same."""
    digest()
    before = archive(tmp_path).stat()
    archive(tmp_path).write_bytes(b"other")
    os.utime(archive(tmp_path), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digest() == (expected(b"other"), True)


def test_another_file_in_its_place_is_read(digest, tmp_path):
    """A package that is installed anew has files of its own."""
    digest()
    (tmp_path / "new.tgz").write_bytes(b"newer")
    (tmp_path / "new.tgz").replace(archive(tmp_path))
    assert digest() == (expected(b"newer"), True)


def test_other_comments_have_a_digest_of_their_own(digest):
    """What jsii adds to the digest belongs to it."""
    digest("a")
    assert digest("b") == (expected(b"first", "b"), True)


def test_another_version_of_jsii_reads_for_itself(digest):
    """Its digests may be made in another way."""
    digest()
    assert digest(program=PROGRAM + "// 2\n") == (expected(b"first"), True)


@pytest.mark.parametrize("left", [b"", b"\0" * 64, b"short"])
def test_a_damaged_entry_is_not_believed(digest, tmp_path, left):
    """The file is read again, and the next run has its digest."""
    digest()
    (entry,) = (tmp_path / "cache" / "fastsynth").iterdir()
    entry.write_bytes(left)
    assert digest() == (expected(b"first"), True)
    assert digest() == (expected(b"first"), False)


def test_a_folder_that_cannot_be_written_costs_time_alone(digest, tmp_path):
    """The digest is the same."""
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert digest() == (expected(b"first"), True)
    assert digest() == (expected(b"first"), True)


def test_a_program_of_another_shape_is_left_alone(digest):
    """Its function runs as it is."""
    other = PROGRAM.replace("readFileChunks(e,()=>{},...p)", "readFileChunks(e,()=>{}, ...p)")
    assert digest(program=other) == (expected(b"first"), True)
    assert digest(program=other) == (expected(b"first"), True)


def test_jsiis_own_program_is_of_the_known_shape(tmp_path):
    """A kernel that loads one package leaves one digest, and the next kernel believes it."""
    script = "import fastsynth; fastsynth.install(); from constructs import Construct"
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", script],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(tmp_path),
            },
            check=True,
            timeout=120,
        )
        (entry,) = (tmp_path / "fastsynth").iterdir()
        assert len(entry.read_bytes()) == 64
