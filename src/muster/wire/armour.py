"""Text armour for files that people mail, paste and carry (spec/armour.md).

``-----BEGIN MUSTER <TITLE>-----``, base64 in lines, ``-----END MUSTER <TITLE>-----``. Reading forgives what mail does:
line ends, indentation, quote marks, blank lines and text around the block. Never decides what the bytes mean.
"""

from __future__ import annotations

import base64
import binascii
import re

from muster.base.errors import Code, Malformed

PRODUCT_FILE = "PRODUCT FILE"
INSTALLATION_ID = "INSTALLATION ID"
CONFIRMATION = "CONFIRMATION"
ACTIVATION_REQUEST = "ACTIVATION REQUEST"
ACTIVATION_REPLY = "ACTIVATION REPLY"
REQUEST_BUNDLE = "REQUEST BUNDLE"
CONFIRMATION_BUNDLE = "CONFIRMATION BUNDLE"
HOST_BACKUP = "HOST BACKUP"
AUDIT_SEAL = "AUDIT SEAL"
TITLES = (
    PRODUCT_FILE,
    INSTALLATION_ID,
    CONFIRMATION,
    ACTIVATION_REQUEST,
    ACTIVATION_REPLY,
    REQUEST_BUNDLE,
    CONFIRMATION_BUNDLE,
    HOST_BACKUP,
    AUDIT_SEAL,
)

LINE_CHARACTERS = 64
MAX_TEXT_BYTES = 2 * 1024 * 1024
_BEGIN = re.compile(r"-----BEGIN MUSTER ([A-Z][A-Z ]{1,39})-----")


def armour(title: str, data: bytes) -> str:
    """The bytes as an armoured block that ends with a newline."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + LINE_CHARACTERS] for at in range(0, len(text), LINE_CHARACTERS)]
    return "\n".join([f"-----BEGIN MUSTER {title}-----", *lines, f"-----END MUSTER {title}-----", ""])


def dearmour(text: bytes | str, title: str) -> bytes:
    """The bytes of the first block, which must be a `title`; `Malformed` tells what it is instead."""
    if len(text) > MAX_TEXT_BYTES:
        raise _damaged(title, "it is too long")
    if isinstance(text, bytes):
        text = text.decode("ascii", errors="replace")
    begin = _BEGIN.search(text)
    if begin is None:
        raise _damaged(title, "it has no BEGIN MUSTER line")
    if begin[1] != title:
        raise _damaged(title, f"it is a {begin[1]}" if begin[1] in TITLES else "it is something else")
    body, end, _ = text[begin.end() :].partition(f"-----END MUSTER {title}-----")
    if not end:
        raise _damaged(title, "its END line is missing")
    try:
        return base64.b64decode("".join(re.sub(r"[>\s]", "", line) for line in body.splitlines()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _damaged(title, "its base64 is damaged") from error


def _damaged(title: str, problem: str) -> Malformed:
    code = Code.PRODUCT_MALFORMED if title == PRODUCT_FILE else Code.MESSAGE_MALFORMED
    return Malformed(code, f"this is not a {title.lower()}: {problem}", "Get the file again from its source.")
