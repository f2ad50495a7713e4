"""Signatures are those of AWS's published examples, and those that botocore makes."""

from __future__ import annotations

from hashlib import sha256

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from inventory.adapters.signature import Keys, Signer

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"
    "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDY"
    "wT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqK"
    "mlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
HEADERS = {"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"}
FORM = b"Param1=value1"


@pytest.mark.parametrize(
    ("headers", "body", "signature"),
    [
        (
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Content-Length": "13",
                "X-Amz-Content-Sha256": sha256(FORM).hexdigest(),
            },
            FORM,
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ),
        (
            {"X-Amz-Security-Token": TOKEN},
            b"",
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
    ],
    ids=["post-x-www-form-urlencoded", "post-sts-header-before"],
)
def test_signatures_are_those_of_the_published_examples(
    headers: dict[str, str], body: bytes, signature: str
) -> None:
    """Source: awslabs/aws-c-auth, tests/aws-signing-test-suite/v4."""
    keys = Keys("AKIDEXAMPLE", SECRET, headers.get("X-Amz-Security-Token"))
    made = Signer("service", "us-east-1").authorization({**HEADERS, **headers}, body, keys)
    assert made.rpartition("Signature=")[2] == signature


@given(
    body=st.binary(max_size=100),
    token=st.none() | st.text("aZ/+=", min_size=1),
    secrets=st.lists(st.text("aZ09/+", min_size=1), min_size=1, max_size=3),
)
def test_signatures_are_those_that_botocore_makes(
    body: bytes, token: str | None, secrets: list[str]
) -> None:
    """Whatever the body and the credentials are, also when these are renewed."""
    signer = Signer("dynamodb", "eu-north-1")
    for secret in secrets:
        request = AWSRequest(
            "POST",
            "https://dynamodb.eu-north-1.amazonaws.com/",
            {"X-Amz-Target": "DynamoDB_20120810.GetItem"},
            body,
        )
        credentials = ReadOnlyCredentials("AKIDEXAMPLE", secret, token)
        SigV4Auth(credentials, "dynamodb", "eu-north-1").add_auth(request)
        theirs = dict(request.headers.items())
        expected = theirs.pop("Authorization")
        ours = {**theirs, "Host": "dynamodb.eu-north-1.amazonaws.com"}
        assert signer.authorization(ours, body, Keys("AKIDEXAMPLE", secret, token)) == expected


def test_a_key_is_derived_for_its_day() -> None:
    """A warm function goes on past midnight."""
    signer, keys = Signer("service", "us-east-1"), Keys("AKIDEXAMPLE", SECRET, None)
    days = ["20150829T235959Z", "20150830T123600Z"]
    old, new = (signer.authorization({**HEADERS, "X-Amz-Date": day}, b"", keys) for day in days)
    afresh = Signer("service", "us-east-1").authorization(HEADERS, b"", keys)
    assert old != new == afresh
