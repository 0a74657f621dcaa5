"""What a browser sent, read within limits before anything looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from muster.base.errors import Code, Malformed, Refused

MAX_FORM_BYTES = 20 * 1024 * 1024
MAX_FILES = 4
MANY_FILES = 2_000
"""Of a form that takes many: one for each machine."""
MAX_FIELDS = 64
MAX_FIELD_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is not empty: the field it came in, what the browser calls it, and its bytes."""

    field: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Form:
    """The fields of a form, and its files that are not empty."""

    fields: tuple[tuple[str, str], ...] = ()
    uploads: tuple[Upload, ...] = ()

    @property
    def files(self) -> dict[str, bytes]:
        """The file of each field, where a field has one."""
        return {upload.field: upload.data for upload in self.uploads}

    def text(self, name: str, most: int = 400) -> str:
        """A field without blanks around it, "" where it is missing; `Malformed` when it is longer than `most`."""
        found = next((value for key, value in self.fields if key == name), "").strip()
        if len(found) > most:
            raise Malformed(Code.USAGE, f"{name} is longer than {most} characters", "Shorten it.")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Every field of a name, in order."""
        return tuple(value.strip() for key, value in self.fields if key == name)

    def number(self, name: str) -> int | None:
        """A whole number not below zero, None where nothing was entered; `Malformed` for anything else."""
        found = self.text(name, 20)
        if not found:
            return None
        if not (found.isascii() and found.isdigit()):
            raise Malformed(Code.USAGE, f"{name} is not a number", "Enter digits only.")
        return int(found)


async def read_form(request: Request) -> Form:
    """The form of a request; a dependency of handlers. `Malformed` for one that is too large or broken.

    `Refused` with FORM_OUTDATED where the browser says that another site sent it.
    """
    return await _read(request, MAX_FILES)


async def read_many(request: Request) -> Form:
    """`read_form` for a form with up to `MANY_FILES` files."""
    return await _read(request, MANY_FILES)


async def _read(request: Request, max_files: int) -> Form:
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise Refused(Code.FORM_OUTDATED, "another site sent this form, so nothing was done")
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > MAX_FORM_BYTES:
            raise too_large()
        return message

    if int(request.headers.get("content-length") or 0) > MAX_FORM_BYTES:
        raise too_large()
    limited = Request(request.scope, receive)
    try:
        sent = await limited.form(max_files=max_files, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError) as error:
        raise Malformed(
            Code.MESSAGE_MALFORMED, "the form is broken", "Open the page again and send it once more."
        ) from error
    fields, uploads = [], []
    for name, value in sent.multi_items():
        if isinstance(value, str):
            fields.append((name, value.replace("\0", "")))
        elif data := await value.read():
            uploads.append(Upload(name, (value.filename or "").replace("\0", ""), data))
    await sent.close()
    return Form(tuple(fields), tuple(uploads))


def too_large(most: int = MAX_FORM_BYTES) -> Malformed:
    """The refusal of a body beyond `most` bytes."""
    told = f"{most // 1024 // 1024} MB" if most >= 1024 * 1024 else f"{most // 1024} kB"
    return Malformed(Code.MESSAGE_MALFORMED, f"more than {told} were sent", "Send a smaller one.")
