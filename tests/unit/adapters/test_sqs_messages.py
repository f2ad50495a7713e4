"""Every message is taken by SQS, or its sender hears of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.session import Session
from botocore.stub import Stubber

from inventory.adapters.sqs_messages import SqsEndedChains, SqsRejectQueue, SqsSender, SqsWorkQueue
from inventory.domain.errors import (
    OutOfTimeError,
    RejectedRequestError,
    RetryableError,
    ThrottledError,
)
from inventory.domain.messages import BYTES_PER_REQUEST, MESSAGES_PER_REQUEST
from inventory.domain.model import ObjectVersion
from inventory.domain.ports import Deadline
from inventory.domain.work import Kind, WorkMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/queue"


class Queue:
    """Takes messages, except the first so many times for those whose body is in `failing`.

    Attributes:
        failing: Per body, the failures that it meets before it is taken.
        taken: Bodies in the order they were taken.
        requests: Bodies of each request.
    """

    def __init__(self, failing: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self.failing = failing or {}
        self.taken: list[str] = []
        self.entries: list[dict[str, Any]] = []
        self.requests: list[list[str]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803  boto3's names
        """Take a request."""
        assert QueueUrl == URL
        assert len(Entries) <= MESSAGES_PER_REQUEST
        assert sum(map(size_of, Entries)) <= BYTES_PER_REQUEST
        self.requests.append([entry["MessageBody"] for entry in Entries])
        successful, failed = [], []
        for entry in Entries:
            failures = self.failing.get(entry["MessageBody"])
            if failures:
                failed.append({"Id": entry["Id"], "SenderFault": False, **failures.pop(0)})
            else:
                self.taken.append(entry["MessageBody"])
                self.entries.append(entry)
                successful.append({"Id": entry["Id"]})
        return {"Successful": successful, "Failed": failed}


def size_of(entry: dict[str, Any]) -> int:
    """Bytes that SQS counts for a message."""
    attributes = entry.get("MessageAttributes", {})
    named = "".join(
        f"{name}{value['DataType']}{value['StringValue']}" for name, value in attributes.items()
    )
    return len(f"{entry['MessageBody']}{named}".encode())


def sender(client: Any, left: float = 900) -> SqsSender:
    """A sender that does not wait."""
    deadline = Deadline()
    deadline.start(lambda: left)
    return SqsSender(client, URL, deadline, sleep=lambda _: None, uniform=lambda: 1.0)


def test_messages_that_were_not_taken_are_sent_again_alone() -> None:
    """Each arrives once, in requests of at most ten."""
    bodies = [str(number) for number in range(25)]
    queue = Queue({"3": [{"Code": "InternalError"}], "24": [{"Code": "RequestThrottled"}] * 2})
    sender(queue).send(bodies, {})
    assert sorted(queue.taken, key=int) == bodies
    assert [len(request) for request in queue.requests] == [10, 1, 10, 5, 1, 1]


def test_messages_of_which_nothing_is_said_are_sent_again() -> None:
    """Only what SQS says it took is taken."""
    answers: list[dict[str, Any]] = [{"Successful": [{"Id": "1"}]}, {"Successful": [{"Id": "0"}]}]
    asked = []

    class Silent:
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            asked.append([entry["MessageBody"] for entry in request["Entries"]])
            return answers.pop(0)

    sender(Silent()).send(["a", "b"], {})
    assert asked == [["a", "b"], ["a"]]


@pytest.mark.parametrize("kind", [{}, {"kind": "row"}, {"kind": "é" * 100, "x": "y"}])
@pytest.mark.parametrize("size", [1, BYTES_PER_REQUEST // 2, 100_000, 240 * 1024])
def test_large_messages_share_a_request_only_as_far_as_they_fit(
    kind: dict[str, str], size: int
) -> None:
    """Bodies and attributes count, in bytes; the queue above refuses a request with more."""
    queue = Queue()
    bodies = ["ø" * (size // 2) + "x" * (size % 2) + str(number) for number in range(5)]
    sender(queue).send(bodies, kind)
    assert queue.taken == bodies


def test_a_request_is_as_full_as_its_limit_allows() -> None:
    """One byte more begins another one."""
    for over, requests in ((0, 1), (1, 2)):
        queue = Queue()
        half = "x" * (BYTES_PER_REQUEST // 2)
        sender(queue).send([half, half + "x" * over], {})
        assert len(queue.requests) == requests


def test_reject_messages_carry_their_kind() -> None:
    """Consumers filter by the attribute."""
    queue = Queue()
    SqsRejectQueue(sender(queue)).send("row", [{"id": "ø"}])
    assert queue.entries[0]["MessageAttributes"] == {
        "kind": {"DataType": "String", "StringValue": "row"}
    }
    assert queue.taken == ['{"id":"ø"}']


def test_ended_chains_say_why_as_lambdas_own_dead_letters_do() -> None:
    """What is sent again is the body, and it begins a new chain."""
    queue = Queue()
    version = ObjectVersion(bucket="b", key="k", version_id="v", etag="e", size_bytes=1)
    message = WorkMessage(kind=Kind.RECHECK, version=version)
    SqsEndedChains(sender(queue)).send([message], "Code", "the reason")
    (entry,) = queue.entries
    assert {name: each["StringValue"] for name, each in entry["MessageAttributes"].items()} == {
        "ErrorCode": "Code",
        "ErrorMessage": "the reason",
    }
    assert queue.taken == [message.to_text()]


@pytest.mark.parametrize("kind", ["row", "file"])
def test_bodies_hold_no_character_that_sqs_refuses(kind: str) -> None:
    """Neither those of rejects nor those of work, whatever a row or a key holds."""
    queue = Queue()
    odd = "".join(map(chr, (*range(32), 0x7F, 0xDFFF, 0xD800, 0xFFFE, 0xFFFF, 0x10FFFF)))
    SqsRejectQueue(sender(queue)).send(kind, [{"row": odd}])
    version = ObjectVersion(bucket="b", key=odd, version_id="v", etag="e", size_bytes=1)
    SqsWorkQueue(sender(queue)).send([WorkMessage(kind=Kind.REDRIVE, version=version)])
    for body in queue.taken:
        # Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
        assert all(
            character in "\t\n\r" or "\x20" <= character <= "\ud7ff" or character >= "\ue000"
            for character in body
        )
        assert "\ufffe" not in body
        assert "\uffff" not in body
        assert odd in json.loads(body).values()


def test_fails_when_the_queue_keeps_refusing() -> None:
    """A message is never dropped, and the attempts are bounded."""
    queue = Queue({"a": [{"Code": "InternalError"}] * 100})
    with pytest.raises(RetryableError, match="SQS did not take 1 messages: InternalError"):
        sender(queue).send(["a", "b"], {})
    assert len(queue.requests) == 8
    with pytest.raises(OutOfTimeError):
        sender(queue, left=1).send(["a"], {})


@pytest.mark.parametrize(
    ("failure", "sent"),
    [
        ({"Code": "InvalidMessageContents", "SenderFault": True, "Message": "m"}, 1),
        ({"Code": "AccessDenied", "SenderFault": True}, 1),
        ({"Code": "KmsThrottled", "SenderFault": True}, 2),
        ({"Code": "InternalError", "SenderFault": False}, 2),
    ],
)
def test_a_message_that_sqs_refuses_for_good_is_not_sent_again_and_keeps_no_other_back(
    failure: dict[str, Any], sent: int
) -> None:
    """The sender hears of it after all others were taken."""
    queue = Queue({"7": [failure]})
    bodies = [str(number) for number in range(15)]
    if sent == 1:
        with pytest.raises(RejectedRequestError, match=f"refuses 1 messages: {failure['Code']}"):
            sender(queue).send(bodies, {})
    else:
        sender(queue).send(bodies, {})
    others = [body for body in bodies if body != "7" or sent > 1]
    assert sorted(queue.taken, key=int) == others
    assert sum("7" in request for request in queue.requests) == sent


@pytest.fixture
def client() -> Any:
    """SQS as botocore knows it, without retries of its own."""
    session = Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    return session.create_client(
        "sqs", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1})
    )


@pytest.fixture
def stubber(client: Any) -> Iterator[Stubber]:
    """Answers in place of SQS, checked against its model."""
    with Stubber(client) as stubber:
        yield stubber


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", 400, RejectedRequestError),
        ("KmsAccessDenied", 400, RejectedRequestError),
        ("RequestThrottled", 403, ThrottledError),
        ("InternalFailure", 500, RetryableError),
    ],
)
def test_fails_with_the_class_that_says_whether_to_come_again(
    client: Any, stubber: Stubber, code: str, status: int, expected: type[Exception]
) -> None:
    """A request that fails as a whole has been tried by botocore already."""
    stubber.add_client_error("send_message_batch", code, http_status_code=status)
    with pytest.raises(expected, match="2 messages were not sent"):
        sender(client).send(["a", "b"], {})
    stubber.assert_no_pending_responses()


def test_requests_and_answers_are_those_of_the_service_model(client: Any, stubber: Stubber) -> None:
    """Whatever botocore would refuse shows here."""
    failed = {"Id": "1", "SenderFault": False, "Code": "InternalError"}
    taken = {"Id": "0", "MessageId": "m", "MD5OfMessageBody": "d"}
    stubber.add_response("send_message_batch", {"Successful": [taken], "Failed": [failed]})
    stubber.add_response("send_message_batch", {"Successful": [{**taken, "Id": "1"}], "Failed": []})
    sender(client).send(["a", "b"], {"kind": "row"})
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("shape", "query_error", "expected"),
    [
        ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", RejectedRequestError),
        ("KmsThrottled", "KMS.ThrottlingException", ThrottledError),
        ("RequestThrottled", "RequestThrottled", ThrottledError),
        ("KmsDisabled", "KMS.DisabledException", RejectedRequestError),
        ("com.amazon.coral.service#AccessDeniedException", "", RejectedRequestError),
    ],
)
def test_errors_are_recognised_as_they_come_over_the_wire(
    client: Any, shape: str, query_error: str, expected: type[Exception]
) -> None:
    """SQS's JSON protocol names the error of its older protocol in a header.

    Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#awsquerycompatible-trait
    """

    class Raw:
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield json.dumps({"__type": shape, "message": "m"}).encode()

    def answer(request: Any, **_: Any) -> AWSResponse:
        headers = {"x-amzn-query-error": f"{query_error};Sender"} if query_error else {}
        return AWSResponse(request.url, 400, cast("Any", headers), Raw())

    client.meta.events.register("before-send.sqs", answer)
    with pytest.raises(expected):
        sender(client).send(["a"], {})
