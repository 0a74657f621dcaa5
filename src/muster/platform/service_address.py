"""Where a vendor's service is: an address that may be asked (spec/vendor.md). Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from muster.base.errors import Code, Misconfigured

MAX_ADDRESS_CHARACTERS = 256


def check_service(text: str) -> str:
    """The address without a slash at its end; `Misconfigured` for what is none, or would be asked in the clear."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise _wrong(text, "is no address") from error
    if len(text) > MAX_ADDRESS_CHARACTERS or not text.isascii() or not text.isprintable() or " " in text:
        raise _wrong(text, "is no address")
    if parts.scheme not in {"https", "http"} or not host:
        raise _wrong(text, "is no address")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _wrong(text, "is not asked without TLS")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _wrong(f"{parts.scheme}://{host}…", "has more than host, port and path")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(text: str, problem: str) -> Misconfigured:
    return Misconfigured(
        Code.SETTINGS_INVALID,
        f"{text[:80]!r} {problem}",
        "Write it like https://activation.acme.example (with http: this machine alone).",
    )
