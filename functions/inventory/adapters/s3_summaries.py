"""Summaries in the reports bucket, under summaries/YYYY/MM/DD/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3.client import S3Client

_CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}

# Without s3:ListBucket, S3 answers a missing key with 403 instead of 404. A function that may not
# list the bucket cannot tell "none yet" from "not allowed"; that it may read summaries is asserted
# where its role is tested.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Permissions)
_MISSING = frozenset({"NoSuchKey", "AccessDenied", "404", "403"})


def summary_key(date: str, extension: str) -> str:
    """Key of a document of a day's summary.

    Args:
        date: `YYYY-MM-DD`.
        extension: json, csv or html.
    """
    return f"summaries/{date.replace('-', '/')}/summary.{extension}"


class S3Summaries:
    """Keeps summaries in a bucket; a day written again is replaced.

    Args:
        client: S3 client.
        bucket_name: The reports bucket.
    """

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def read_json(self, date: str) -> str | None:
        """The JSON document of a day's summary, None when there is none.

        Args:
            date: `YYYY-MM-DD`.
        """
        try:
            answer = self._client.get_object(
                Bucket=self._bucket_name, Key=summary_key(date, "json")
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return answer["Body"].read().decode("utf-8", "replace")

    def write(self, date: str, documents: Mapping[str, str]) -> dict[str, str]:
        """Keep a day's summary.

        The JSON is written last: tomorrow's summary finds either the whole of today's or none.

        Args:
            date: `YYYY-MM-DD`.
            documents: Text by extension.

        Returns:
            `s3://` location of each document, by extension.
        """
        locations = {}
        for extension in sorted(documents, key=lambda name: (name == "json", name)):
            key = summary_key(date, extension)
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=documents[extension].encode("utf-8", "replace"),
                ContentType=_CONTENT_TYPES[extension],
            )
            locations[extension] = f"s3://{self._bucket_name}/{key}"
        return locations
