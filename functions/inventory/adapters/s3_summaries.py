"""Summaries in the reports bucket, under summaries/YYYY/MM/DD/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from inventory.domain.summary.notification import LINK_HOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3.client import S3Client

_CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}

# Without s3:ListBucket, S3 answers a missing key with 403 in place of 404. A function that may not
# list the bucket cannot tell "none yet" from "not allowed"; that it may read summaries is asserted
# where its role is tested.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Permissions)
_MISSING = frozenset({"NoSuchKey", "AccessDenied", "404", "403"})


def summary_key(day: str, extension: str) -> str:
    """Return the key of a document (json, csv or html) of a day (`YYYY-MM-DD`)."""
    return f"summaries/{day.replace('-', '/')}/summary.{extension}"


class S3Summaries:
    """A store of summaries in a bucket.

    Args:
        client: S3 client.
        bucket_name: The reports bucket.
    """

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def read_json(self, day: str) -> str | None:
        """Return the JSON document of a day (`YYYY-MM-DD`), None when there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket_name, Key=summary_key(day, "json"))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return answer["Body"].read().decode("utf-8", "replace")

    def write(self, day: str, documents: Mapping[str, str]) -> dict[str, str]:
        """Store the documents of a day in place of earlier ones.

        The JSON is written last: tomorrow's summary finds either the whole of today's or none.

        Args:
            day: `YYYY-MM-DD`.
            documents: Text by file name extension: json, csv, html.

        Returns:
            `s3://` address of each document by extension.
        """
        addresses = {}
        for extension in sorted(documents, key=lambda name: (name == "json", name)):
            key = summary_key(day, extension)
            self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=documents[extension].encode("utf-8", "replace"),
                ContentType=_CONTENT_TYPES[extension],
            )
            addresses[extension] = f"s3://{self._bucket_name}/{key}"
        return addresses

    def link(self, day: str, extension: str) -> str:
        """Return a signed address of a document, which lives as long as its credentials do.

        Args:
            day: `YYYY-MM-DD`.
            extension: json, csv or html.
        """
        return self._client.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket_name, "Key": summary_key(day, extension)},
            ExpiresIn=LINK_HOURS * 3600,
        )
