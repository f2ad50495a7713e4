"""Each command against a small cloud in memory: what it prints and how it ends."""

from __future__ import annotations

import errno
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from boto3.s3.transfer import S3Transfer
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from inventory_cli import main, upload
from inventory_cli.errors import ForeignAnswerError
from inventory_cli.exits import EXIT_CODES_HELP
from inventory_cli.first import FIRST_CHECKS
from inventory_cli.rendering import age, emit_csv, emit_table, figure, parse_since, printable

from .conftest import refusal

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
#: Commands that speak to a deployed stack.
ON_A_STACK = ("upload", "status", "rejects", "redrive", "replay", "summary", "doctor")
RECORD = {
    "status": "COMPLETED",
    "profile": "canonical",
    "started_at": "2026-11-22T20:00:00.000000Z",
    "finished_at": "2026-11-22T20:00:01.000000Z",
    "bytes": 1234,
    "attempts": 1,
    "rows_read": 1002,
    "loaded": 1000,
    "rejected": 2,
    "first_error_line": 7,
}


class TestHelp:
    """The help reads well on 80 columns."""

    @pytest.mark.parametrize("command", ["", *main.COMMANDS])
    def test_fits_80_columns_and_names_the_exit_codes(self, run: Any, command: str) -> None:
        """No line is wider, nothing is cut, and no source layout shows through."""
        ran = run(*filter(None, (command, "--help")))
        assert ran.exit_code == 0
        lines = ran.out.splitlines()
        assert max(map(len, lines)) <= 80
        assert "…" not in ran.out
        assert "`" not in ran.out
        text = " ".join(ran.out.split())
        assert EXIT_CODES_HELP in text
        # All commands that speak to AWS choose the stack by the same options.
        wanted = ("--outputs", "--env", "--json") if command in ON_A_STACK else ()
        assert [each for each in wanted if each not in text] == []

    def test_lists_every_command_on_one_line(self, run: Any) -> None:
        """A sentence each."""
        lines = run("--help").out.splitlines()
        for command in main.COMMANDS:
            [line] = [each for each in lines if f"│ {command} " in each]
            assert "." in line

    def test_fails_with_its_own_code_on_a_wrong_command_line(self, run: Any) -> None:
        """2 says that a file was refused, so it cannot say this."""
        assert run("upload").exit_code == 64
        assert run("redrive", "--kind", "everything").exit_code == 64
        assert run("replay", "x", "--since", "soon").exit_code == 64


class TestUpload:
    """`inventory upload`."""

    @pytest.fixture
    def s3(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """Uploads that were made; each is the first version of its key and has a record."""
        made: list[dict[str, Any]] = []

        class Events:
            def __init__(self) -> None:
                self.handlers: dict[str, Any] = {}

            def register(self, name: str, handler: Any) -> None:
                self.handlers[name] = handler

            def unregister(self, name: str, handler: Any) -> None:
                assert self.handlers.pop(name) is handler

        events = Events()

        def upload_file(path: str, bucket: str, key: str, **rest: Any) -> None:
            made.append({"bucket": bucket, "key": key, **rest["ExtraArgs"]})
            rest["Callback"](3)
            parsed = {"VersionId": f"v{len(made)}", "ETag": '"e"'}
            name = "CompleteMultipartUpload" if "large" in path else "PutObject"
            events.handlers[f"after-call.s3.{name}"](parsed=parsed, model=None)

        monkeypatch.setattr(cloud.s3, "upload_file", upload_file, raising=False)
        meta = type("Meta", (), {"events": events})
        monkeypatch.setattr(cloud.s3, "meta", meta, raising=False)
        return made

    @pytest.fixture
    def files(self, tmp_path: Path) -> list[str]:
        """Two files."""
        paths = [tmp_path / "north.csv", tmp_path / "large.csv"]
        for path in paths:
            path.write_text("sku,quantity\nA,1\n")
        return [str(path) for path in paths]

    def test_names_the_records_to_look_for(self, run: Any, s3: Any, files: list[str]) -> None:
        """Bucket, key and version, whichever way a file was uploaded."""
        ran = run("upload", *files, "--prefix", "stores/")
        assert ran.out.splitlines() == [
            "uploads/stores/north.csv#v1",
            "uploads/stores/large.csv#v2",
        ]
        assert {each["ContentType"] for each in s3} == {"text/csv"}

    @pytest.mark.usefixtures("cloud")
    def test_refuses_two_files_of_one_key(self, run: Any, tmp_path: Path) -> None:
        """The second would be taken for a new version of the first."""
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "stock.csv").touch()
        ran = run("upload", str(tmp_path / "a/stock.csv"), str(tmp_path / "b/stock.csv"))
        assert ran.exit_code == 64
        assert "would both become stock.csv" in ran.err

    @pytest.mark.parametrize("prefix", ["stores", "/stores/", "s3://uploads/stores"])
    def test_a_prefix_is_a_folder(
        self, run: Any, s3: list[dict[str, Any]], files: list[str], prefix: str
    ) -> None:
        """However it is written."""
        run("upload", files[0], "--prefix", prefix)
        assert s3[0]["key"] == "stores/north.csv"

    def test_takes_standard_input(
        self, run: Any, s3: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Under a name that is given."""
        piped = io.TextIOWrapper(io.BytesIO(b"sku,quantity\nA,1\n"))
        monkeypatch.setattr("sys.stdin", piped)
        assert run("upload", "-").exit_code == 64
        assert run("upload", "-", "--name", "north.csv").exit_code == 0
        assert s3[0]["key"] == "north.csv"

    @pytest.mark.parametrize(
        ("name", "exit_code", "said"),
        [("..", 64, "needs a --name"), ("a" * 300, 4, "File name too long")],
    )
    @pytest.mark.usefixtures("s3")
    def test_fails_on_a_name_that_no_file_can_have(
        self,
        run: Any,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        exit_code: int,
        said: str,
    ) -> None:
        """Of standard input, and of a file that is named."""
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"sku\nA\n")))
        ran = run("upload", "-", "--name", name)
        assert (ran.exit_code, said in ran.err) == (exit_code, True)
        assert run("upload", name).exit_code == exit_code

    @pytest.mark.parametrize("command", [("check", "-"), ("upload", "-", "--name", "a.csv")])
    @pytest.mark.usefixtures("s3")
    def test_fails_where_standard_input_cannot_be_kept(
        self, run: Any, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
    ) -> None:
        """A full disk says so of the input: there is no answer yet."""

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"sku\nA\n")))
        monkeypatch.setattr("shutil.copyfileobj", full)
        ran = run(*command)
        assert (ran.exit_code, "answer" in ran.err) == (4, False)
        assert "standard input cannot be kept" in ran.err
        assert "see TMPDIR: No space left on device" in ran.err

    def test_fails_on_a_file_that_cannot_be_read(
        self, run: Any, s3: Any, files: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before another one is uploaded."""
        opened = Path.open

        def refuse(path: Path, *arguments: Any, **rest: Any) -> Any:
            if path.name == "large.csv":
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return opened(path, *arguments, **rest)

        monkeypatch.setattr(Path, "open", refuse)
        ran = run("upload", *files)
        assert (ran.exit_code, s3) == (4, [])
        assert "large.csv cannot be read: Permission denied" in ran.err

    @pytest.mark.parametrize("failure", [KeyboardInterrupt, EndpointConnectionError])
    def test_says_what_is_uploaded_when_it_breaks_off(
        self,
        cloud: Any,
        run: Any,
        s3: list[dict[str, Any]],
        files: list[str],
        monkeypatch: pytest.MonkeyPatch,
        failure: type[BaseException],
    ) -> None:
        """The first file loads, whatever became of the second; waiting may break off too."""
        upload_file = cloud.s3.upload_file

        def break_off(*arguments: Any, **rest: Any) -> None:
            if s3:
                raise failure(**({} if failure is KeyboardInterrupt else {"endpoint_url": "x"}))
            upload_file(*arguments, **rest)

        monkeypatch.setattr(cloud.s3, "upload_file", break_off)
        ran = run("upload", *files)
        assert ran.exit_code == (130 if failure is KeyboardInterrupt else 4)
        assert "1 of 2 files are uploaded and load all the same" in ran.err
        assert "uploads/north.csv#v1" in ran.err

    @pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "NoSuchBucket"])
    @pytest.mark.usefixtures("s3")
    def test_fails_with_s3s_own_code(
        self, cloud: Any, run: Any, files: list[str], monkeypatch: pytest.MonkeyPatch, code: str
    ) -> None:
        """boto3 wraps the refusal of an upload into an error of its own."""

        class Refused:
            def upload(self, *_: object) -> Refused:
                return self

            def result(self) -> None:
                raise refusal(code, "PutObject")

        refused: Any = Refused()

        def upload_file(path: str, bucket: str, key: str, **_: object) -> None:
            S3Transfer(manager=refused).upload_file(path, bucket, key)

        monkeypatch.setattr(cloud.s3, "upload_file", upload_file)
        ran = run("upload", files[0])
        assert (ran.exit_code, ran.out) == (4, "")
        assert ran.err.splitlines()[-1] == f"inventory: AWS refused PutObject: {code} {code}"

    @pytest.mark.parametrize("option", ["--json", "--no-color"])
    @pytest.mark.usefixtures("s3")
    def test_says_what_is_uploaded_where_the_answer_breaks_off(
        self, run: Any, files: list[str], monkeypatch: pytest.MonkeyPatch, option: str
    ) -> None:
        """Be it that the disk is full: the files are in the bucket."""

        def break_off(*_: object) -> None:
            raise KeyboardInterrupt

        for name in ("say", "emit_json"):
            monkeypatch.setattr(upload, name, break_off)
        ran = run("upload", *files, option)
        assert "2 of 2 files are uploaded and load all the same" in ran.err
        assert "uploads/large.csv#v2" in ran.err
        assert ran.exit_code == 130

    @pytest.mark.parametrize(
        ("counts", "words"),
        [({"stale": 3}, "older than what was loaded"), ({"skipped": 3}, "no row of this file")],
    )
    def test_a_file_that_changed_nothing_is_a_warning(
        self,
        cloud: Any,
        run: Any,
        s3: list[dict[str, Any]],
        files: list[str],
        counts: dict[str, int],
        words: str,
    ) -> None:
        """No row was refused, and yet something is wrong."""
        cloud.dynamodb.record(
            "uploads/north.csv#v1",
            status="COMPLETED",
            finished_at="2026-11-22T20:00:01Z",
            rows_read=3,
            **counts,
        )
        ran = run("upload", files[0], "--wait")
        assert "inventory rejects" not in ran.err
        assert (ran.exit_code, len(s3)) == (1, 1)
        assert words in ran.out

    def test_says_as_of_when_the_stock_is(self, run: Any, s3: Any, files: list[str]) -> None:
        """In UTC, as the order of rows has it."""
        run("upload", files[0], "--as-of", "2026-11-22T21:18:05+01:00")
        assert s3[0]["Metadata"] == {"as-of": "2026-11-22T20:18:05.000000Z"}

    @pytest.mark.parametrize(("minutes", "exit_code", "count"), [(30, 0, 1), (90, 64, 0)])
    def test_fails_on_an_as_of_that_lies_ahead(
        self, s3: Any, run: Any, files: list[str], minutes: int, exit_code: int, count: int
    ) -> None:
        """Beyond the tolerance every file is refused, and without --wait nobody would see it."""
        as_of = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        ran = run("upload", files[0], "--as-of", as_of)
        assert (ran.exit_code, len(s3)) == (exit_code, count)
        assert ("known in advance" in ran.err) == bool(exit_code)

    @pytest.mark.usefixtures("s3")
    @pytest.mark.parametrize(
        "as_of", ["noon", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]
    )
    def test_fails_on_an_as_of_that_is_no_time(
        self, run: Any, files: list[str], as_of: str
    ) -> None:
        """Before anything is uploaded."""
        ran = run("upload", files[0], "--as-of", as_of)
        assert (ran.exit_code, "is not a time such as" in ran.err) == (64, True)

    @pytest.mark.usefixtures("s3")
    @pytest.mark.parametrize(
        ("changes", "exit_code"),
        [
            ({"rejected": 0}, 0),
            ({}, 1),
            ({"status": "FAILED", "error": "missing-label: no sku"}, 2),
            ({"status": "IN_PROGRESS"}, 5),
            ({"open_runs": {"a run"}}, 5),
        ],
    )
    def test_waits_and_tells_the_outcome_by_its_exit_code(
        self, cloud: Any, run: Any, files: list[str], changes: Any, exit_code: int
    ) -> None:
        """0 loaded, 1 rows rejected, 2 refused, 5 not in time."""
        cloud.dynamodb.record("uploads/north.csv#v1", **{**RECORD, **changes})
        ran = run("upload", files[0], "--wait", "--timeout", "1")
        assert ran.exit_code == exit_code
        assert ("1,002" in ran.out) == (exit_code != 5)

    @pytest.mark.usefixtures("s3")
    def test_gives_records_to_scripts(self, cloud: Any, run: Any, files: list[str]) -> None:
        """All of them, with the worst exit code."""
        cloud.dynamodb.record("uploads/north.csv#v1", **RECORD)
        cloud.dynamodb.record("uploads/large.csv#v2", **{**RECORD, "status": "FAILED"})
        ran = run("upload", *files, "--wait", "--json")
        assert [each["status"] for each in ran.json] == ["COMPLETED", "FAILED"]
        assert ran.exit_code == 2


class TestStatus:
    """`inventory status`."""

    @pytest.mark.parametrize(
        "name", ["a/b.csv", "uploads/a/b.csv", "s3://uploads/a/b.csv", "uploads/a/b.csv#v2"]
    )
    def test_shows_the_newest_version_by_any_name(self, cloud: Any, run: Any, name: str) -> None:
        """A key, an address or a record's id."""
        cloud.s3.put("a/b.csv", b"1")
        cloud.s3.put("a/b.csv", b"2")
        cloud.s3.put("a/b.csv.old", b"3")
        cloud.dynamodb.record("uploads/a/b.csv#v2", **RECORD)
        ran = run("status", name, "--json")
        assert (ran.json["object_id"], ran.exit_code) == ("uploads/a/b.csv#v2", 1)

    def test_shows_an_older_version_by_its_id(self, cloud: Any, run: Any) -> None:
        """Also when the key itself holds a `#`."""
        cloud.s3.put("a#b.csv", b"1")
        cloud.s3.put("a#b.csv", b"2")
        cloud.dynamodb.record("uploads/a#b.csv#v1", **RECORD)
        cloud.dynamodb.record("uploads/a#b.csv#v2", **{**RECORD, "rejected": 0})
        assert run("status", "a#b.csv#v1").exit_code == 1
        assert run("status", "a#b.csv").exit_code == 0

    def test_fails_with_not_yet_before_there_is_a_record(self, cloud: Any, run: Any) -> None:
        """The object is there and was not processed."""
        cloud.s3.put("a.csv", b"1")
        ran = run("status", "a.csv")
        assert ran.exit_code == 5
        assert "no record yet" in ran.err

    @pytest.mark.parametrize("command", ["status", "undo"])
    def test_a_version_that_cannot_be_told_is_not_one_that_waits(
        self, cloud: Any, run: Any, command: str
    ) -> None:
        """The bucket keeps it no more, so its record is found by the whole id alone."""
        cloud.dynamodb.record("uploads/a.csv#v1", **RECORD)
        ran = run(command, "a.csv#v")
        assert ran.exit_code == 4
        assert "named by its whole id" in ran.err
        assert run("status", "a.csv#v1").exit_code == 1
        for _ in range(2):
            cloud.s3.put("a.csv", b"1")
        ran = run(command, "a.csv#v")
        assert ran.exit_code == 4
        assert "2 versions of a.csv begin with 'v'" in ran.err

    @pytest.mark.usefixtures("cloud")
    def test_fails_on_an_object_that_is_not_there(self, run: Any) -> None:
        """Not with the code of a rejected file."""
        ran = run("status", "missing.csv")
        assert ran.exit_code == 4
        assert "no object 'missing.csv'" in ran.err

    def test_lists_the_latest_first(self, cloud: Any, run: Any) -> None:
        """As many as asked for, within 80 columns."""
        for hour in range(5):
            finished = f"2026-11-22T1{hour}:00:00.000000Z"
            cloud.dynamodb.record(f"uploads/{hour}.csv#v", **{**RECORD, "finished_at": finished})
        listed = run("status", "--limit", "2", "--json").json
        assert [each["object_id"] for each in listed] == ["uploads/4.csv#v", "uploads/3.csv#v"]
        table = run("status").out.splitlines()
        assert len(table) == 7
        assert max(map(len, table)) <= 80


class TestRejects:
    """`inventory rejects`."""

    def test_reads_without_removing(self, cloud: Any, run: Any) -> None:
        """Everything is there afterwards, and for everybody to see."""
        for line in range(25):
            cloud.reject("a.csv", "v1", line + 1)
        assert len(run("rejects", "--json").json) == 25
        assert len(cloud.dead_letters.messages) == 25
        assert cloud.dead_letters.hidden == set()

    def test_shows_every_reject_once(self, cloud: Any, run: Any) -> None:
        """A repeated delivery sends it again; cells of one row are rejects of their own."""
        cloud.reject("a.csv", "v1", 2)
        cloud.reject("a.csv", "v1", 2)
        cloud.reject("a.csv", "v1", 2, column="another location")
        assert len(run("rejects", "--json").json) == 2

    def test_finds_those_of_one_object(self, cloud: Any, run: Any) -> None:
        """By key, address or version; not those of a key that begins alike."""
        cloud.reject("a.csv", "v1", 2)
        cloud.reject("a.csv", "v2", 3)
        cloud.reject("a.csv.bak", "v3", 4)
        cloud.dead_letters.add(
            {"detail": {"bucket": {"name": "uploads"}, "object": {"key": "a.csv"}}}
        )
        for name in ("a.csv", "s3://uploads/a.csv"):
            assert len(run("rejects", name, "--json").json) == 3
        [found] = run("rejects", "uploads/a.csv#v2", "--json").json
        assert found["line"] == 3

    def test_says_when_there_are_more(self, cloud: Any, run: Any) -> None:
        """The limit is told, and about how many wait."""
        for line in range(25):
            cloud.reject("a.csv", "v1", line + 1)
        ran = run("rejects", "--limit", "20")
        assert "the first 20 of about 25" in ran.err
        cloud.reject("b.csv", "v1", 1)
        for arguments in ((), ("--json",)):
            ran = run("rejects", "a.csv", "--limit", "20", *arguments)
            assert "the first 20 of those of a.csv; see more with --limit" in ran.err
            assert "--limit" not in run("rejects", "a.csv", "--limit", "25", *arguments).err
        assert len(ran.json) == 20

    @pytest.mark.parametrize("command", ["rejects", "redrive"])
    def test_fails_where_somebody_else_reads(self, cloud: Any, run: Any, command: str) -> None:
        """A colleague, or a command that was killed: what is hidden is not settled."""
        hidden = cloud.reject("a.csv", "v1", 1)
        cloud.dead_letters.hidden.add(hidden)
        said = "1 messages are being read by somebody else, for up to 10 minutes"
        for arguments in ((), ("a.csv",), ("--json",)):
            ran = run(command, *arguments)
            assert (ran.exit_code, said in ran.err, "nothing" in ran.err) == (5, True, False)
        cloud.reject("b.csv", "v1", 1)
        ran = run(command)
        assert (ran.exit_code, said in ran.err) == (5 if command == "rejects" else 1, True)
        assert "b.csv" in ran.out

    def test_a_count_that_lags_is_not_somebody_else(
        self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SQS may count messages as hidden that were just given back."""
        cloud.reject("a.csv", "v1", 1)
        lagging = {
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesNotVisible": "1",
        }
        monkeypatch.setattr(cloud.sqs, "get_queue_attributes", lambda **_: {"Attributes": lagging})
        assert run("rejects").exit_code == 0

    def test_shows_what_feeds_hold_without_obeying_it(self, cloud: Any, run: Any) -> None:
        """Neither escape codes nor markup reach the terminal."""
        cloud.reject("a.csv", "v1", 2, message="\x1b[2J[red]gone[/red]\r\n")
        text = run("rejects").out
        assert "\x1b" not in text
        assert "[red]" in text.replace("\n", "")

    def test_shows_events_with_their_error(self, cloud: Any, run: Any) -> None:
        """Of EventBridge and of Lambda alike."""
        cloud.dead_letters.add({"source": "aws.s3"}, ERROR_CODE="NO_PERMISSIONS")
        cloud.dead_letters.add("not JSON", ErrorMessage="timed out")
        text = run("rejects").out
        assert "NO_PERMISSIONS" in text
        assert "timed out" in text


class TestRejectFiles:
    """`inventory rejects get`."""

    def test_writes_the_file_and_says_how_to_give_it_back(
        self, cloud: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Once; a file that is there is not written over."""
        monkeypatch.chdir(tmp_path)
        version_id = cloud.s3.put("stores/north.csv", b"x")
        cloud.s3.reports[f"rejects/stores/north.csv/{version_id}.csv"] = b"content"
        ran = run("rejects", "get", "stores/north.csv")
        assert (ran.exit_code, ran.out) == (0, "north.rejects.csv\n")
        assert (tmp_path / "north.rejects.csv").read_bytes() == b"content"
        assert "inventory upload north.rejects.csv --prefix stores/ --wait" in ran.err
        assert "is there already" in run("rejects", "get", "stores/north.csv").err
        assert run("rejects", "get", f"stores/north.csv#{version_id}", "-o", "-").out == "content"

    def test_a_file_that_breaks_off_is_not_there(
        self, cloud: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Half of the rows would be corrected and uploaded as if they were all."""
        monkeypatch.chdir(tmp_path)

        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell():
                    raise ResponseStreamingError(error="Connection reset by peer")
                return super().read(min(5, size or 5))

        version_id = cloud.s3.put("north.csv", b"x")
        cloud.s3.reports[f"rejects/north.csv/{version_id}.csv"] = b"content"
        with monkeypatch.context() as patched:
            body = {"Body": Broken(b"content")}
            patched.setattr(cloud.s3, "get_object", lambda **_: body)
            ran = run("rejects", "get", "north.csv")
        assert (ran.exit_code, list(tmp_path.iterdir())) == (4, [])
        assert "Connection reset by peer" in ran.err
        assert run("rejects", "get", "north.csv").exit_code == 0

    def test_a_name_that_says_nothing_of_rejects_is_not_taken(
        self, cloud: Any, run: Any, tmp_path: Path
    ) -> None:
        """By its name a file is known that lost its last columns, and would count as of now."""
        version_id = cloud.s3.put("north.csv", b"x")
        cloud.s3.reports[f"rejects/north.csv/{version_id}.csv"] = b"content"
        ran = run("rejects", "get", "north.csv", "-o", str(tmp_path / "mine.csv"))
        assert ran.exit_code == 64
        assert "mine.rejects.csv" in ran.err
        assert list(tmp_path.iterdir()) == []
        assert run("rejects", "get", "north.csv", "-o", str(tmp_path / "m.rejects.csv")).out

    def test_says_when_there_is_none(self, cloud: Any, run: Any) -> None:
        """No such object, or no reject of it; or a command line that makes no sense."""
        cloud.s3.put("good.csv", b"x")
        assert "has no reject file" in run("rejects", "get", "good.csv").err
        replayed = cloud.s3.put("replayed.csv", b"x")
        cloud.dynamodb.record(f"uploads/replayed.csv#{replayed}", status="COMPLETED", rejected=0)
        cloud.s3.reports[f"rejects/replayed.csv/{replayed}.csv"] = b"header alone"
        assert "has no reject file" in run("rejects", "get", "replayed.csv").err
        assert run("rejects", "get", "TYPO").exit_code == 4
        assert run("rejects", "get").exit_code == 64
        assert run("rejects", "a", "b").exit_code == 64

    @pytest.mark.usefixtures("cloud")
    @pytest.mark.parametrize(
        "arguments", [("rejects", "TYPO"), ("replay", "TYPO/", "--since", "1h")]
    )
    def test_a_name_of_nothing_is_told(self, run: Any, arguments: tuple[str, ...]) -> None:
        """It is not the same as nothing being wrong."""
        ran = run(*arguments)
        assert ran.exit_code == 4
        assert "there is neither an object nor a folder" in ran.err


class TestReplay:
    """`inventory replay`."""

    def test_sends_versions_since_then_oldest_first(self, cloud: Any, run: Any) -> None:
        """Of all keys under the prefix, in messages the work queue knows."""
        cloud.s3.put("a/old.csv", b"1", NOW - timedelta(days=3))
        cloud.s3.put("a/x.csv", b"2", NOW)
        cloud.s3.put("a/x.csv", b"3", NOW - timedelta(hours=1))
        cloud.s3.put("b/x.csv", b"4", NOW)
        ran = run("replay", "a/", "--since", "2026-11-22T00:00:00Z")
        bodies = cloud.work.bodies()
        assert [(each["kind"], each["version_id"]) for each in bodies] == [
            ("replay", "v3"),
            ("replay", "v2"),
        ]
        assert "2 object versions sent" in ran.out

    def test_dry_run_and_limit_send_less(self, cloud: Any, run: Any) -> None:
        """Nothing, and no more than asked for."""
        for index in range(25):
            cloud.s3.put(f"{index}.csv", b"1")
        assert len(run("replay", "", "--since", "2026-11-22", "--dry-run").out.split("\n")) > 25
        assert cloud.work.messages == {}
        run("replay", "", "--since", "2026-11-22", "--limit", "12")
        assert len(cloud.work.messages) == 12


class TestSummary:
    """`inventory summary`."""

    DOCUMENT: ClassVar[dict[str, Any]] = {
        "date": "2026-11-22",
        "timezone": "UTC",
        "as_of": "2026-11-22T06:00:00.000000Z",
        "totals": {
            "items": 2,
            "quantity": "7.5",
            "low": 1,
            "out_of_stock": 0,
            "value": {"EUR": "12.50", "": "1"},
        },
        "locations": {"named": [], "other": None},
        "low": {
            "total": 1,
            "items": [
                {"sku": "A", "location": "x", "name": "\x1b[1m", "quantity": "1", "limit": "10"}
            ],
        },
        "out_of_stock": {"total": 0, "items": []},
        "feeds": {
            "since": "2026-11-21T05:00:00.000000Z",
            "received": 1003,
            "by_status": {"COMPLETED": 1003},
            "rows": {"rejected": 4000},
            "rejected_by_error": {"type-error": 4000},
            "late_total": 1200,
            "late": [
                {"feed": f"shop-{n}/", "due": "2026-11-22T05:00:00.000000Z", "paused": n == 1}
                for n in range(100)
            ],
            "missing_profiles": ["shopify"],
            "last_received": {"shopify": "2026-11-20"},
        },
        "notes": ["A note."],
    }

    def store(self, cloud: Any, day: str) -> None:
        """Store the summary of a day."""
        key = f"summaries/{day.replace('-', '/')}/summary"
        cloud.s3.reports[f"{key}.json"] = json.dumps({**self.DOCUMENT, "date": day}).encode()
        cloud.s3.reports[f"{key}.html"] = b"<!doctype html>"
        cloud.s3.reports[f"{key}.csv"] = b"section,name"

    def test_shows_the_latest(self, cloud: Any, run: Any) -> None:
        """By day, not by when it was written."""
        for day in ("2026-09-30", "2026-11-22", "2025-12-31"):
            self.store(cloud, day)
        ran = run("summary")
        assert "Inventory on 2026-11-22" in ran.out
        assert "12.50 EUR" in ran.out
        assert "Files since 2026-11-21 05:00 UTC: 1,003 (1,003 COMPLETED)" in ran.out
        assert "Rows rejected: 4,000 (4,000 type-error)" in ran.out
        assert "No file of profile shopify since 2026-11-20" in ran.out
        assert "Late feeds: 1,200; see `inventory feeds --late`" in ran.out
        assert "  shop-1/, due 2026-11-22 05:00 UTC, paused" in ran.out
        assert "shop-10/" not in ran.out
        assert "\x1b" not in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80

    def test_says_what_it_leaves_out(
        self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A terminal holds neither every location nor every currency."""
        value = {f"C{number:02}": "1" for number in range(30)}
        totals = {**self.DOCUMENT["totals"], "value": value}
        named = [{**totals, "name": f"Store {number}"} for number in range(40)]
        document = {"totals": totals, "locations": {"named": named, "other": None}}
        monkeypatch.setattr(self, "DOCUMENT", {**self.DOCUMENT, **document}, raising=False)
        self.store(cloud, "2026-11-22")
        ran = run("summary")
        assert "25 more currencies" in " ".join(ran.out.split())
        assert "The 15 locations with most items" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 80

    def test_shows_the_day_asked_for(self, cloud: Any, run: Any) -> None:
        """As JSON, it is the stored document."""
        self.store(cloud, "2026-11-21")
        assert run("summary", "--date", "2026-11-21", "--json").json["date"] == "2026-11-21"

    def test_makes_one_now(self, cloud: Any, run: Any) -> None:
        """The function says which day it made."""
        self.store(cloud, "2026-11-22")
        assert run("summary", "--run").exit_code == 0
        assert cloud.functions.invocations[0]["FunctionName"] == "inventory-summary-dev"
        run("summary", "--run", "--mail")
        payloads = [json.loads(each["Payload"]) for each in cloud.functions.invocations]
        assert [each["mail"] for each in payloads] == [False, True]

    def test_fails_with_the_functions_own_words(self, cloud: Any, run: Any) -> None:
        """A failed invocation answers with 200 all the same."""
        cloud.functions.error = "Unhandled"
        cloud.functions.answer = {"errorType": "ConfigError", "errorMessage": "X is not set"}
        ran = run("summary", "--run")
        assert ran.exit_code == 4
        assert "ConfigError: X is not set" in ran.err

    @pytest.mark.usefixtures("cloud")
    @pytest.mark.parametrize("arguments", [(), ("--date", "2026-11-22")])
    def test_fails_when_there_is_none(self, run: Any, arguments: tuple[str, ...]) -> None:
        """And says how to make one, or which day is missing."""
        ran = run("summary", *arguments)
        assert ran.exit_code == 4
        assert "there is no summary" in ran.err

    @pytest.mark.usefixtures("cloud")
    @pytest.mark.parametrize(
        "arguments",
        [
            ("--date", "today"),
            ("--date", "2026-11-31"),
            ("--date", "20261122"),
            ("--date", "2026-11-22", "--run"),
            ("--mail",),
        ],
    )
    def test_fails_on_days_that_make_no_sense(self, run: Any, arguments: tuple[str, ...]) -> None:
        """Before AWS is asked."""
        assert run("summary", *arguments).exit_code == 64

    def test_opens_the_page(self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """From a file of its own."""
        opened: list[str] = []
        monkeypatch.setattr("webbrowser.open", opened.append)
        self.store(cloud, "2026-11-22")
        run("summary", "--open")
        assert opened[0].startswith("file://")
        assert opened[0].endswith("summary-2026-11-22.html")
        folder = Path(urlsplit(opened[0]).path).parent
        assert "summary.csv" in {each.name for each in folder.iterdir()}


class TestDoctor:
    """`inventory doctor`."""

    @staticmethod
    def levels(ran: Any) -> dict[str, str]:
        """Level of every finding."""
        return {each["check"]: each["level"] for each in ran.json}

    @pytest.fixture
    def fed(self, cloud: Any) -> Any:
        """A cloud that was fed just now."""
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        cloud.dynamodb.record("uploads/a.csv#v", status="COMPLETED", finished_at=moment)
        return cloud

    def test_fails_where_something_else_than_aws_answers(
        self, fed: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A proxy's page says nothing about the stack; the other checks go on."""
        said = "the answer to DescribeAlarms is not AWS's but a page (HTTP 200)"

        def foreign(*_: Any) -> Any:
            raise ForeignAnswerError(said)

        monkeypatch.setattr(fed.cloudwatch, "get_paginator", foreign)
        ran = run("doctor", "--json")
        found = {each["check"]: (each["level"], each["found"]) for each in ran.json}
        assert found["alarms"] == ("fail", said)
        assert (ran.exit_code, len(found) >= 17) == (4, True)
        monkeypatch.setattr(fed.sts, "get_caller_identity", foreign)
        ran = run("doctor", "--json")
        assert (ran.exit_code, self.levels(ran)) == (4, {"outputs": "ok", "credentials": "fail"})

    @pytest.mark.usefixtures("fed")
    def test_finds_a_healthy_stack_well(self, run: Any) -> None:
        """All ok, in one line each."""
        ran = run("doctor", "--json")
        assert set(self.levels(ran).values()) == {"ok"}
        assert ran.exit_code == 0
        assert "all is well" in run("doctor").out

    @pytest.mark.parametrize(
        ("attribute", "value", "check"),
        [
            ("functions.state", "Failed", "function inventory-processor-dev"),
            (
                "functions.reserved",
                {"inventory-processor-dev": 0},
                "function inventory-processor-dev",
            ),
            (
                "functions.reserved",
                {"inventory-chunk-processor-dev": 0},
                "function inventory-chunk-processor-dev",
            ),
            ("functions.mappings", [{"State": "Disabled"}], "event source of the work queue"),
            ("functions.mappings", [], "event source of the work queue"),
            ("events.state", "DISABLED", "rule inventory-upload-rule-dev"),
            ("events.target", "something-else", "rule inventory-upload-rule-dev"),
            ("s3.sends_events", False, "events of uploads"),
            (
                "scheduler.disabled",
                "inventory-summary-daily-dev",
                "schedule inventory-summary-daily-dev",
            ),
            (
                "scheduler.disabled",
                "inventory-reconcile-hourly-dev",
                "schedule inventory-reconcile-hourly-dev",
            ),
            ("sts.account", "999999999999", "credentials"),
            ("iam.denied", {"sqs:DeleteMessage"}, "may redrive"),
            ("iam.denied", {"dynamodb:PutItem"}, "may pause"),
            ("iam.denied", {"dynamodb:DeleteItem"}, "may resume"),
            ("cloudwatch.alarms", [], "alarms"),
        ],
    )
    def test_fails_on_what_is_broken(
        self, fed: Any, run: Any, attribute: str, value: Any, check: str
    ) -> None:
        """And goes on with the other checks."""
        service, _, name = attribute.partition(".")
        setattr(getattr(fed, service), name, value)
        ran = run("doctor", "--json")
        assert self.levels(ran)[check] == "fail"
        assert ran.exit_code == 1
        assert len(ran.json) >= 17

    def test_warns_of_waiting_rejects_alarms_and_late_feeds(self, cloud: Any, run: Any) -> None:
        """None of them makes it fail."""
        cloud.reject("a.csv", "v1", 2)
        cloud.cloudwatch.alarms.append(cloud.cloudwatch.alarm("inventory-x-dev", "ALARM"))
        cloud.dynamodb.record(
            "uploads/a.csv#v", status="COMPLETED", finished_at="2026-01-01T00:00:00Z"
        )
        ran = run("doctor", "--json")
        assert {check for check, level in self.levels(ran).items() if level == "warn"} == {
            "dead-letter queue",
            "alarm inventory-x-dev",
            "feeds",
        }
        assert ran.exit_code == 0

    def test_measures_feeds_by_the_alarm_that_watches_them(self, cloud: Any, run: Any) -> None:
        """What is deployed counts; the command line wins."""
        moment = (datetime.now(UTC) - timedelta(hours=30)).isoformat()
        cloud.dynamodb.record("uploads/a.csv#v", status="COMPLETED", finished_at=moment)
        assert self.levels(run("doctor", "--json"))["feeds"] == "warn"
        alarm = cloud.cloudwatch.alarm(
            "inventory-no-feed-arrived-dev", Period=3600, EvaluationPeriods=48
        )
        cloud.cloudwatch.alarms.append(alarm)
        assert self.levels(run("doctor", "--json"))["feeds"] == "ok"
        assert self.levels(run("doctor", "--json", "--feed-hours", "6"))["feeds"] == "warn"

    @pytest.mark.usefixtures("fed")
    def test_fails_on_hours_that_no_clock_counts(self, run: Any) -> None:
        """A number that long is a slip."""
        assert run("doctor", "--feed-hours", "99999999999").exit_code == 64

    def test_warns_when_permissions_cannot_be_told(self, fed: Any, run: Any) -> None:
        """Asking IAM is a permission of its own."""
        fed.iam.closed = True
        assert self.levels(run("doctor", "--json"))["permissions"] == "warn"

    def test_stops_without_credentials(
        self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing else could be asked."""

        def none() -> None:
            raise NoCredentialsError

        monkeypatch.setattr(cloud.sts, "get_caller_identity", none)
        ran = run("doctor", "--json")
        assert list(self.levels(ran)) == ["outputs", "credentials"]
        assert ran.exit_code == 4

    @pytest.mark.parametrize(("unreserved", "level"), [(8, "ok"), (7, "warn")])
    def test_compares_the_account_with_what_may_run_at_once(
        self, fed: Any, run: Any, unreserved: int, level: str
    ) -> None:
        """Five workers, a file, the summary and the reconcile."""
        fed.functions.unreserved = unreserved
        assert self.levels(run("doctor", "--json"))["concurrency"] == level

    def test_files_for_which_executions_are_set_aside_run_beside_the_others(
        self, fed: Any, run: Any
    ) -> None:
        """They do not count against what is free."""
        fed.functions.unreserved = 7
        fed.functions.reserved = {"inventory-processor-dev": 4}
        assert self.levels(run("doctor", "--json"))["concurrency"] == "ok"


class TestDoctorFirst:
    """`inventory doctor --first`."""

    @pytest.fixture
    def deployed(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A cloud that loads what is uploaded, and nobody who waits."""

        def put_object(**request: Any) -> dict[str, str]:
            assert request == {"Bucket": "uploads", "Key": "inventory-doctor/", "Body": b""}
            moment = datetime.now(UTC).isoformat()
            cloud.dynamodb.record(
                "uploads/inventory-doctor/#v1", status=cloud.becomes, finished_at=moment
            )
            return {"VersionId": "v1"}

        cloud.becomes = "COMPLETED"
        monkeypatch.setattr(cloud.s3, "put_object", put_object, raising=False)
        monkeypatch.setattr("inventory_cli.first._ALARM_SECONDS", 0.0)
        monkeypatch.setattr("inventory_cli.first._PROBE_SECONDS", 0.0)
        return cloud

    def test_proves_what_only_a_real_account_can(self, deployed: Any, run: Any) -> None:
        """An upload comes through, and an alarm's action is told by its history."""
        levels = TestDoctor.levels(run("doctor", "--first", "--json"))
        assert {check for check, level in levels.items() if level != "ok"} == {"feeds"}
        assert levels.keys() > FIRST_CHECKS.keys()
        assert deployed.cloudwatch.set_off == ["inventory-summary-dev-duration"]

    @pytest.mark.parametrize(
        ("attribute", "value", "check", "level"),
        [
            ("s3.versioning", "", "versioning of uploads", "fail"),
            ("s3.logged", True, "access logs", "warn"),
            ("functions.recursive_loop", "Terminate", "recursive loop", "fail"),
            ("sqs.policy", {"Statement": []}, "dead letters of the rule", "fail"),
            ("sns.arns", [], "mail of alarms", "warn"),
            ("sns.arns", ["PendingConfirmation"], "mail of alarms", "fail"),
            (
                "cloudwatch.action",
                "Failed to execute action: no authorization to access the SNS topic encryption key",
                "alarm to topic",
                "fail",
            ),
        ],
    )
    def test_finds_what_would_fail_in_silence(
        self, deployed: Any, run: Any, attribute: str, value: Any, check: str, level: str
    ) -> None:
        """Each with the line that says where to look."""
        service, _, name = attribute.partition(".")
        setattr(getattr(deployed, service), name, value)
        assert TestDoctor.levels(run("doctor", "--first", "--json"))[check] == level

    def test_fails_when_the_upload_has_no_record(self, deployed: Any, run: Any) -> None:
        """The way from the bucket to the table is broken somewhere."""
        deployed.becomes = "IN_PROGRESS"
        ran = run("doctor", "--first", "--json")
        assert TestDoctor.levels(ran)["an upload"] == "fail"
        assert ran.exit_code == 1


class TestFailures:
    """What goes wrong around a command."""

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (NoCredentialsError(), "no AWS credentials"),
            (
                EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"),
                "is the local cloud still up",
            ),
            (
                EndpointConnectionError(endpoint_url="https://sqs.us-east-1.amazonaws.com/"),
                "is there a way to it from here? See HTTPS_PROXY and NO_PROXY",
            ),
            (ResponseParserError("Unable to parse response"), "is a proxy in between?"),
        ],
    )
    def test_fails_out_of_reach_in_one_line(
        self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch, error: Any, words: str
    ) -> None:
        """Without a traceback."""

        def refuse(**_: object) -> None:
            raise error

        monkeypatch.setattr(cloud.sqs, "receive_message", refuse)
        ran = run("rejects")
        assert ran.exit_code == 4
        assert words in ran.err
        assert "Traceback" not in ran.err

    def test_fails_with_the_services_code(
        self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of the operation that was refused."""

        def refuse(**request: Any) -> None:
            cloud.iam.closed = True
            cloud.iam.simulate_principal_policy(**request)

        monkeypatch.setattr(cloud.sqs, "receive_message", refuse)
        ran = run("rejects")
        assert (ran.exit_code, "AWS refused Operation: AccessDenied" in ran.err) == (4, True)

    def test_a_defect_of_ours_is_not_hidden(
        self, cloud: Any, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It keeps its traceback."""
        monkeypatch.setattr(cloud.sqs, "receive_message", None)
        with pytest.raises(TypeError):
            run("rejects")


class TestRendering:
    """Small pieces."""

    @pytest.mark.parametrize("columns", ["20", "40", "80", None])
    def test_no_figure_and_no_heading_is_cut(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: Any
    ) -> None:
        """However narrow the terminal is; what is no terminal has no width."""
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns:
            monkeypatch.setenv("COLUMNS", columns)
        headings = ["sku", "loaded", "stale", "duplicates", "rejected", "skipped", "rows"]
        key = "shop/" * 20
        figures = [figure(61_234_567_890 + each) for each in range(6)]
        emit_table(headings, [[key, *figures]], right=headings[1:], folded=headings[:1])
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if line.endswith(" ")] == []
        assert lines[0].split() == headings
        assert lines[2].split()[1:] == figures
        assert "".join(line.split()[0] for line in lines[2:]) == key
        assert (len(lines) == 3) is (columns is None)

    @pytest.mark.parametrize(
        ("value", "cell"),
        [
            *((each, each) for each in ("-3", "-0.5", "1200", "12.50", "A-1")),
            *((each, f"'{each}") for each in ("-3+2", "-1 ", "+3", "=1", "-", "-.5", "-\u0663")),
        ],
    )
    def test_a_figure_is_no_formula(
        self, capsys: pytest.CaptureFixture[str], value: str, cell: str
    ) -> None:
        """Text that a spreadsheet would run is one, figures are added up."""
        emit_csv(["a"], [[value]])
        assert capsys.readouterr().out == f"\ufeffa\n{cell}\n"

    def test_a_byte_order_mark_is_for_utf_8(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In another encoding it would be text."""
        sink = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
        monkeypatch.setattr("sys.stdout", sink)
        emit_csv(["a"], [])
        sink.seek(0)
        assert sink.read() == "a\n"

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86400, "1 d")],
    )
    def test_an_age_has_one_unit(self, seconds: int, text: str) -> None:
        """The largest that fits."""
        assert age(NOW - timedelta(seconds=seconds), NOW) == text

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("90m", NOW - timedelta(minutes=90)),
            ("36h", NOW - timedelta(hours=36)),
            ("7d", NOW - timedelta(days=7)),
            ("2026-11-22", NOW.replace(hour=0)),
            ("today", NOW.replace(hour=0)),
            ("yesterday", NOW.replace(day=21, hour=0)),
            ("2026-11-22T21:00:00+01:00", NOW),
        ],
    )
    def test_since_is_a_time_or_an_age(self, text: str, expected: datetime) -> None:
        """A time without a zone is UTC."""
        assert parse_since(text, NOW) == expected

    @pytest.mark.parametrize("text", ["", "d", "-1d", "1w", "999999999999d", "soon"])
    def test_fails_on_a_since_that_is_neither(self, text: str) -> None:
        """The message shows what would be one."""
        with pytest.raises(ValueError, match=r"36h|too long ago"):
            parse_since(text, NOW)

    def test_control_characters_are_shown(self) -> None:
        """Letters of any script stay."""
        assert printable("Größe 数\x1b\n") == "Größe 数\\x1b\\n"
