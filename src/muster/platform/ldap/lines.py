"""What parent and child say to each other: one JSON object a line, bytes in base64. No behaviour but reading and writing.

The parent asks ``{"do": …}``, the child answers ``{"entries": …}``, ``{}`` or ``{"error": …}``. Only these two speak it, in
one release: it is not part of any interface.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from muster.base.errors import (
    Code,
    Malformed,
    Misconfigured,
    MusterError,
    Refused,
    StoreFailed,
    Unreachable,
    Untrusted,
)
from muster.platform.ldap.port import Anonymous, Attributes, Entry, Kerberos, Local, Login, Password, Server

MAX_LINE_BYTES = 32 * 1024 * 1024
_KINDS: dict[str, type[MusterError]] = {
    kind.__name__: kind for kind in (Malformed, Misconfigured, Refused, StoreFailed, Unreachable, Untrusted)
}
_LOGINS: dict[str, type[Kerberos | Password | Anonymous | Local]] = {
    kind.__name__: kind for kind in (Kerberos, Password, Anonymous, Local)
}


def line(message: dict[str, Any]) -> bytes:
    """One message."""
    return json.dumps(message).encode() + b"\n"


def attributes_to_plain(attributes: Attributes) -> dict[str, list[str]]:
    """Attributes as JSON knows values."""
    return {name: [b64encode(value).decode() for value in values] for name, values in attributes.items()}


def attributes_from_plain(plain: dict[str, list[str]]) -> Attributes:
    """What `attributes_to_plain` gave."""
    return {name: tuple(b64decode(value) for value in values) for name, values in plain.items()}


def entry_to_plain(entry: Entry) -> list[Any]:
    """An entry as JSON knows values."""
    return [entry.dn, attributes_to_plain(entry.attributes)]


def entry_from_plain(plain: list[Any]) -> Entry:
    """What `entry_to_plain` gave."""
    return Entry(str(plain[0]), attributes_from_plain(plain[1]))


def connection_to_plain(server: Server, login: Login, patience: float) -> dict[str, Any]:
    """The first message."""
    fields = {name: getattr(login, name) for name in login.__dataclass_fields__}
    return {
        "do": "connect",
        "server": [server.url, server.start_tls, server.authority],
        "login": [type(login).__name__, fields],
        "patience": patience,
    }


def connection_from_plain(plain: dict[str, Any]) -> tuple[Server, Login, float]:
    """What `connection_to_plain` gave."""
    kind, fields = plain["login"]
    return Server(*plain["server"]), _LOGINS[kind](**fields), float(plain["patience"])


def error_to_plain(error: MusterError) -> dict[str, Any]:
    """An error as JSON knows values."""
    kind = type(error).__name__
    return {"error": [kind if kind in _KINDS else "Refused", str(error.code), error.message, error.hint]}


def error_from_plain(plain: list[str]) -> MusterError:
    """What `error_to_plain` gave."""
    kind, code, message, hint = plain
    return _KINDS[kind](Code(code), message, hint)
