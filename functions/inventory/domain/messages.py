"""Messages as SQS takes them: their text, and how many make a request."""

from __future__ import annotations

import json

#: Most messages of one request.
#: Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGES_PER_REQUEST = 10
#: Most bytes of one request, bodies and attributes. SQS takes 1 MiB now and took 256 KiB for long,
#: which older emulators and consumers still assume.
BYTES_PER_REQUEST = 256 * 1024


def message_text(body: object) -> str:
    r"""Text of a message's body: compact JSON of characters that SQS takes.

    Characters that it refuses (lone surrogates, U+FFFE, U+FFFF, control characters) are written
    as escapes of JSON, so that a reader of the JSON gets them back.

    Example:
        >>> message_text({"sku": "é\uffff"})
        '{"sku":"é\\uffff"}'

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    text = text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    # The error handler writes a lone surrogate as JSON escapes it; control characters are escaped.
    return text.encode("utf-8", "backslashreplace").decode()


def message_bytes(body: object) -> int:
    """Bytes of a message's body as it is sent."""
    return len(message_text(body).encode())
