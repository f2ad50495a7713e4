"""Names of objects and folders: nothing else than what they stand for is taken."""

from __future__ import annotations

from typing import Any

import pytest

CONTENT = b"sku,location,quantity\nA1,x,5\n"


def taken(cloud: Any) -> list[tuple[str, str]]:
    """Key and version of each file that was sent to be worked on."""
    return [(body["key"], body["version_id"]) for body in cloud.work.bodies()]


@pytest.mark.parametrize("name", ["/north.csv", "uploads//north.csv", "s3://uploads//north.csv"])
@pytest.mark.parametrize("version", ["", "#v1"])
def test_a_key_may_begin_with_a_slash(cloud: Any, run: Any, name: str, version: str) -> None:
    """The file of that name without the slash is another one."""
    odd = cloud.s3.put("/north.csv", CONTENT)
    cloud.s3.put("north.csv", CONTENT)
    assert run("undo", f"{name}{version}").exit_code == 0
    assert taken(cloud) == [("/north.csv", odd)]


@pytest.mark.parametrize("name", ["/north.csv", "/north.csv#v1"])
def test_people_write_a_slash_where_there_is_none(cloud: Any, run: Any, name: str) -> None:
    """It counts as none where no key begins so."""
    version = cloud.s3.put("north.csv", CONTENT)
    assert run("undo", name).exit_code == 0
    assert taken(cloud) == [("north.csv", version)]


@pytest.mark.parametrize("name", ["uploads//north.csv", "s3://uploads//north.csv", "//north.csv"])
def test_fails_for_an_exact_name_of_nothing(cloud: Any, run: Any, name: str) -> None:
    """A whole address says exactly what is meant; of a key one slash is left out at most."""
    cloud.s3.put("north.csv", CONTENT)
    assert run("undo", name).exit_code == 4
    assert taken(cloud) == []


def test_a_record_of_a_key_with_a_slash_is_found(cloud: Any, run: Any) -> None:
    """Also where the bucket keeps the version no more."""
    for key in ("/north.csv", "north.csv"):
        cloud.dynamodb.record(f"uploads/{key}#gone", status="COMPLETED", version_id="gone")
    for name in ("uploads//north.csv#gone", "/north.csv#gone", "north.csv#gone"):
        assert run("undo", name).exit_code == 0
    keys = [key for key, _ in taken(cloud)]
    assert keys == ["/north.csv", "/north.csv", "north.csv"]


def test_a_folder_may_begin_with_a_slash(cloud: Any, run: Any) -> None:
    """The folder of that name without the slash is another one, but where it is the only one."""
    cloud.s3.put("/stores/north.csv", CONTENT)
    for key in ("stores/north.csv", "shops/north.csv"):
        cloud.s3.put(key, CONTENT)

    def listed(prefix: str) -> list[str]:
        return [each["key"] for each in run("files", prefix, "--json").json]

    assert listed("/stores") == listed("/") == ["/stores/north.csv"]
    assert listed("stores") == ["stores/north.csv"]
    assert listed("/shops/") == ["shops/north.csv"]


def test_messages_of_a_key_with_a_slash_are_told_apart(cloud: Any, run: Any) -> None:
    """Rejects of the other file stay out of it."""
    for key in ("/north.csv", "north.csv"):
        cloud.reject(key, cloud.s3.put(key, CONTENT), 2)
    [found] = run("rejects", "/north.csv", "--json").json
    assert "uploads//north.csv#" in str(found)


@pytest.mark.parametrize(
    "command", [("files",), ("replay", "--since", "1d"), ("pause",), ("resume",)]
)
def test_fails_for_a_slash_alone(cloud: Any, run: Any, command: tuple[str, ...]) -> None:
    """It would take every file; who means that is told how to say so."""
    cloud.s3.put("north.csv", CONTENT)
    ran = run(*command, "/")
    assert ran.exit_code == 64
    assert "''" in ran.err
    assert "nothing is paused" in run("pause").out
    assert taken(cloud) == []


def test_a_pause_is_of_the_keys_that_are_there(cloud: Any, run: Any) -> None:
    """With the slash where keys begin so, and resumed by the same word."""
    cloud.s3.put("/stores/north.csv", CONTENT)
    for name in ("/stores/", "/shops/"):
        assert run("pause", name).exit_code == 0
    assert run("pause", "--json").json["paused"] == ["/stores/", "shops/"]
    for name in ("/stores/", "/shops/"):
        assert run("resume", name).exit_code == 0
    assert "nothing is paused" in run("pause").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("undo", "stock.csv", "--version", ""),
        ("undo", "stock.csv#"),
        ("undo", ""),
        ("status", "s3://uploads/"),
        ("restore", "stock.csv#"),
        ("release", ""),
        ("redrive", ""),
    ],
)
def test_fails_for_empty_names(cloud: Any, run: Any, arguments: tuple[str, ...]) -> None:
    """A script whose variable is empty means neither the newest version nor everything."""
    version = cloud.s3.put("stock.csv", CONTENT)
    cloud.reject("stock.csv", version, 2)
    assert run(*arguments).exit_code == 64
    assert taken(cloud) == []
    assert len(cloud.dead_letters.messages) == 1


def test_a_version_is_one_of_the_key_that_is_named(cloud: Any, run: Any) -> None:
    """Be there a key that reads like both together."""
    version = cloud.s3.put("stock.csv", CONTENT)
    cloud.s3.put(f"stock.csv#{version}", CONTENT)
    assert run("undo", "stock.csv", "--version", version).exit_code == 0
    assert taken(cloud) == [("stock.csv", version)]
