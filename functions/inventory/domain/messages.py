"""Messages as SQS takes them: their text, and how many make a request."""

from __future__ import annotations

import json
import re

#: Most messages of one request.
#: Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGES_PER_REQUEST = 10
#: Most bytes of one request, bodies and attributes. SQS takes 1 MiB now and took 256 KiB for long,
#: which older emulators and consumers still assume.
BYTES_PER_REQUEST = 256 * 1024

# Outside of what SQS takes, in JSON text: control characters are escaped there already.
# Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REFUSED = re.compile("[\ud800-\udfff\ufffe\uffff]")


def message_text(body: object) -> str:
    r"""Text of a message's body: compact JSON of characters that SQS takes.

    Characters that it refuses (lone surrogates, U+FFFE, U+FFFF, control characters) are written
    as escapes of JSON, so that a reader of the JSON gets them back.

    Example:
        >>> message_text({"sku": "é\uffff"})
        '{"sku":"é\\uffff"}'
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return _REFUSED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def message_bytes(body: object) -> int:
    """Bytes of a message's body as it is sent."""
    return len(message_text(body).encode())
