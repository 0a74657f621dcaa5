"""An installation id as people give it: typed, pasted, corrected group by group, photographed or as a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from muster.base.errors import Code, Malformed
from muster.platform import qr
from muster.platform.pages import Form
from muster.trust.humanid import (
    GROUP_LENGTH,
    INSTALLATION_GROUPS,
    MAX_TYPED_CHARACTERS,
    format_installation,
    is_good_group,
    parse_installation,
    split_groups,
)
from muster.wire import armour
from muster.wire.confirmation import decode_installation_file
from muster.wire.installation import pack_installation, unpack_installation

MAX_FILE_BYTES = 64 * 1024
_COUNTS = tuple(sorted(set(INSTALLATION_GROUPS.values())))
_BETWEEN = re.compile(r"[^0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Group:
    """One group to be corrected. `is_first_wrong` is where the cursor should be."""

    number: int
    text: str
    is_good: bool
    is_first_wrong: bool = False


def given(form: Form) -> str:
    """What was given, as text: an armoured file or digits. `Malformed` when nothing was, or it cannot be read."""
    if data := form.files.get("file"):
        return _text_of(data)
    groups = form.texts("group")
    # A group that was left out keeps its place, so that the others keep their numbers.
    typed = "-".join(group or "?" for group in groups) if groups else form.text("typed", MAX_FILE_BYTES)
    if not typed:
        raise Malformed(Code.INSTALLATION_ID_MALFORMED, "nothing was entered", "Enter digits, or choose a file.")
    return typed


def packed(text: str) -> bytes:
    """The packed installation id in such a text; `Malformed` with INSTALLATION_ID_MALFORMED or MESSAGE_MALFORMED."""
    if is_file(text):
        data = decode_installation_file(text)
        unpack_installation(data)
        return data
    return pack_installation(parse_installation("".join(_groups(text))))


def is_file(text: str) -> bool:
    """Whether it is an armoured file rather than digits."""
    return "-----BEGIN " in text


def digits(installation: bytes) -> str:
    """A packed installation id in groups, as a machine shows it."""
    return format_installation(unpack_installation(installation))


def groups(text: str) -> tuple[Group, ...]:
    """The groups to show for correction, as many as an id has; none for a file, and for what is no id at all."""
    found = _groups(text)
    count = next((count for count in _COUNTS if len(found) <= count), 0)
    if is_file(text) or not count or not any(is_good_group(n, g) for n, g in enumerate(found, 1)):
        return ()
    found += [""] * (count - len(found))
    good = [is_good_group(number, group) for number, group in enumerate(found, 1)]
    first = next((number for number, is_good in enumerate(good, 1) if not is_good), 0)
    return tuple(
        Group(number, "" if group == "?" else group[: 2 * GROUP_LENGTH], is_good, number == first)
        for number, (group, is_good) in enumerate(zip(found, good, strict=True), 1)
    )


def _groups(text: str) -> list[str]:
    """Groups as they were typed where there are as many as an id has: a digit too few then spoils one group, not all."""
    if len(text) > MAX_TYPED_CHARACTERS:
        return []
    separate = [group for group in _BETWEEN.sub(" ", text.replace("?", "0")).split(" ") if group]
    if len(separate) in _COUNTS:
        return ["?" if group == "0" else group for group in separate]
    return split_groups(text)


def _text_of(data: bytes) -> str:
    if qr.is_picture(data):
        return _likeliest(qr.read(data))
    if len(data) > MAX_FILE_BYTES:
        raise Malformed(Code.MESSAGE_MALFORMED, "this file is too large for an installation id")
    text = data.decode("ascii", errors="replace")
    if not (is_file(text) or re.search(r"\d", text)):
        raise Malformed(Code.MESSAGE_MALFORMED, "this file holds no installation id")
    return text


def _likeliest(texts: tuple[str, ...]) -> str:
    """Of several QR codes in a picture, the one that is an installation id."""
    for text in texts:
        try:
            packed(text)
        except Malformed:
            continue
        return text
    if armour.ACTIVATION_REQUEST in texts[0]:
        raise Malformed(
            Code.MESSAGE_MALFORMED,
            "this is a request to an activation host",
            "Show it to the host: muster host answer.",
        )
    raise Malformed(Code.PICTURE_UNREADABLE, "the QR code in the picture is no installation id")
