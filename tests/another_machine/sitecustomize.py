"""Moves Python's clock and writes down what the process finds around itself.

`TEST_DAYS_AHEAD` says how far, `TEST_WITNESSES` names the folder to write to. A module of this name
on `PYTHONPATH` is imported before anything else.

Source: https://docs.python.org/3/library/site.html#module-sitecustomize
"""

from __future__ import annotations

import calendar
import datetime as dt
import getpass
import json
import locale
import os
import sys
import time
from pathlib import Path

AHEAD = int(os.environ["TEST_DAYS_AHEAD"]) * 86_400

_time, _time_ns, _clock_gettime = time.time, time.time_ns, time.clock_gettime


class LaterTime(dt.datetime):
    """A time whose present is ahead: of all of `datetime`, only `now` does not ask `time.time`."""

    @classmethod
    def now(cls, tz=None):
        """Give the present."""
        return super().now(tz) + dt.timedelta(seconds=AHEAD)

    @classmethod
    def utcnow(cls):
        """Give the present in UTC without a time zone."""
        return cls.now(dt.UTC).replace(tzinfo=None)


def move_the_clock() -> None:
    """Replace everything that answers with the present."""
    time.time = lambda: _time() + AHEAD
    time.time_ns = lambda: _time_ns() + AHEAD * 10**9
    time.clock_gettime = lambda clock: (
        _clock_gettime(clock) + (AHEAD if clock == time.CLOCK_REALTIME else 0)
    )
    for name in ("gmtime", "localtime", "ctime"):
        original = getattr(time, name)
        setattr(time, name, lambda *seconds, of=original: of(*(seconds or [time.time()])))
    asctime, strftime = time.asctime, time.strftime
    time.asctime = lambda *moment: asctime(*(moment or [time.localtime()]))
    time.strftime = lambda form, *moment: strftime(form, *(moment or [time.localtime()]))
    dt.datetime = LaterTime  # type: ignore[misc]  # so that whoever imports it sees it


def clocks() -> list[float]:
    """Give the present as each clock has it, in seconds; days count from their beginning."""
    day = dt.date.today()  # noqa: DTZ011 - all that a program may ask, with care or without
    return [
        time.time(),
        time.time_ns() / 1e9,
        time.clock_gettime(time.CLOCK_REALTIME),
        calendar.timegm(time.gmtime()),
        time.mktime(time.localtime()),
        time.mktime(time.strptime(time.ctime())),
        time.mktime(time.strptime(time.asctime())),
        time.mktime(time.strptime(time.strftime("%Y %j"), "%Y %j")),
        dt.datetime.now().timestamp(),  # noqa: DTZ005 - as above
        dt.datetime.now(dt.UTC).timestamp(),
        dt.datetime.today().timestamp(),  # noqa: DTZ002 - as above
        time.mktime(day.timetuple()),
    ]


def facts() -> dict[str, object]:
    """Give what might tell one machine or user from another."""
    umask = os.umask(0)
    os.umask(umask)
    return {
        "uid": os.getuid(),
        "user": getpass.getuser(),
        "home": str(Path.home()),
        "folder": str(Path.cwd()),
        "umask": umask,
        "time zone": time.tzname,
        "encoding": locale.getencoding(),
        "hash of a text": hash("a text"),
    }


if AHEAD:
    move_the_clock()
witness = {"version": list(sys.version_info[:2]), "clocks": clocks(), "facts": facts()}
Path(os.environ["TEST_WITNESSES"], "python.json").write_text(json.dumps(witness), encoding="utf-8")
