"""S3: a range of an object version. MiniStack answers a GET with VersionId with the whole object.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Range)
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ministack.services import s3

_get_object = s3._get_object


def apply() -> None:
    """Replace GetObject."""
    s3._get_object = get_object


def get_object(
    bucket_name: str, key: str, headers: dict[str, str], query_params: Any = None
) -> Any:
    """Cut the range out of an answer that holds the whole version."""
    answer = _get_object(bucket_name, key, headers, query_params)
    status, answer_headers, body = answer
    wanted = headers.get("range", "")
    if status != HTTPStatus.OK or not wanted or not s3._qp(query_params or {}, "versionId", ""):
        return answer
    size = len(body)
    found = s3._parse_range(wanted, size)
    if found is None:
        refusal = {"Content-Type": "application/xml", "Content-Range": f"bytes */{size}"}
        text = s3._xml_body(s3._range_error_xml(bucket_name, key))
        return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE.value, refusal, text
    first, last = found
    part = body[first : last + 1]
    # The checksum is that of the whole object, so S3 leaves it out of a part.
    kept = {
        name: value
        for name, value in answer_headers.items()
        if not name.lower().startswith("x-amz-checksum")
    }
    ranged = {
        **kept,
        "Content-Length": str(len(part)),
        "Content-Range": f"bytes {first}-{last}/{size}",
    }
    return HTTPStatus.PARTIAL_CONTENT.value, ranged, part
