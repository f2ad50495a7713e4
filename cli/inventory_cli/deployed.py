"""The rules that the deployed functions go by, from their own configuration."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from inventory.adapters.dynamodb_notes import DynamoDbReadings
from inventory.adapters.s3_feeds import read_feeds
from inventory.adapters.s3_objects import S3Objects
from inventory.domain.jobs import how_read_from
from inventory.domain.order import Tokens, base_of, latest_time, object_time
from inventory.domain.reading import ProfileSet, continue_feed, open_feed
from inventory_cli.errors import OutOfReachError
from inventory_cli.lanes import lanes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from inventory.domain.model import Absent, ObjectVersion
    from inventory.domain.reading import Feed
    from inventory_cli.records import Record
    from inventory_cli.session import Session

_T = TypeVar("_T")


class Deployed:
    """Settings of the deployed functions, each asked for once.

    Args:
        session: Connection.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._variables: dict[str, dict[str, str]] = {}
        self.objects = S3Objects(session.s3)

    @cached_property
    def feeds(self) -> dict[str, Any]:
        """The feeds and profiles as the functions read them."""
        return read_feeds(
            self._session.s3,
            self._session.outputs.reports_bucket_name,
            self._of_processor("FEEDS_KEY", str),
            self._of_processor("FEEDS_VERSION_ID", str),
        )

    @cached_property
    def profiles(self) -> ProfileSet:
        """The profiles that files are read by."""
        return ProfileSet(**self.feeds)

    @cached_property
    def tolerance(self) -> timedelta:
        """How far a stated time may lie ahead."""
        return timedelta(minutes=self._of_processor("TIME_TOLERANCE_MINUTES", int))

    @cached_property
    def low_stock_threshold(self) -> int:
        """Quantity at or below which an item without a reorder point runs low."""
        name = self._session.outputs.summary_function_name
        return self._setting(name, "LOW_STOCK_THRESHOLD", int)

    def opened(self, version: ObjectVersion, record: Record | None) -> tuple[Feed, Tokens]:
        """A stored file as the functions would read it again: a loaded one as it has loaded.

        Args:
            version: The object version.
            record: Its record; None when it has none yet.

        Returns:
            The file, and the tokens of its rows.

        Raises:
            ObjectGoneError: It is not there any more.
            BadFileError: It is no feed, or its metadata states a time that is none or lies ahead.
        """
        info = self.objects.describe(version)
        object_id, source = info.version.object_id, self.objects.source(info.version)
        base = str(record.attributes.get("base", "")) if record else ""
        how = self._how_read(object_id, record)
        if how is not None:
            place = {name: how[name] for name in ("start_byte", "start_line", "latest")}
            return continue_feed(how["state"], source, **place), Tokens(base, object_id)
        time = object_time(info.last_modified, info.metadata, tolerance=self.tolerance)
        latest = latest_time(info.last_modified, self.tolerance)
        feed = open_feed(source, key=info.version.key, profiles=self.profiles, latest=latest)
        return feed, Tokens(base or base_of(time, ""), object_id)

    def implies(self, version: ObjectVersion, record: Record | None) -> tuple[str, Absent]:
        """The complete feed of a stored file, and what becomes of what it lacks, as it was read.

        Args:
            version: The object version.
            record: Its record; None when it has none yet.

        Returns:
            The prefix, "" where the feed is not complete, and the fate.
        """
        how = self._how_read(version.object_id, record)
        if how is not None:
            return str(how["complete"]), how["absent"]
        feed = self.profiles.feed_of(version.key)
        return feed.prefix if feed.complete else "", feed.absent

    def _how_read(self, object_id: str, record: Record | None) -> dict[str, Any] | None:
        reads_by = str(record.attributes.get("reads_by", "")) if record else ""
        if not reads_by:
            return None
        text = DynamoDbReadings(lanes_of(self._session)).get(object_id, reads_by)
        return None if text is None else how_read_from(text)

    def _of_processor(self, variable: str, parse: Callable[[str], _T]) -> _T:
        return self._setting(self._session.outputs.processor_function_name, variable, parse)

    def _setting(self, function_name: str, variable: str, parse: Callable[[str], _T]) -> _T:
        try:
            return parse(self._variables_of(function_name)[variable])
        except (KeyError, ValueError) as error:
            raise OutOfReachError(
                f"{function_name} has no readable {variable}: {error!r}"
            ) from error

    def _variables_of(self, function_name: str) -> dict[str, str]:
        if function_name not in self._variables:
            found = self._session.functions.get_function_configuration(FunctionName=function_name)
            self._variables[function_name] = dict(found.get("Environment", {}).get("Variables", {}))
        return self._variables[function_name]
