"""Where a directory is, and what lies in it: addresses of servers, distinguished names, accounts of Kerberos. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_CHARACTERS = 1_000
_SCHEMES = ("ldap://", "ldaps://", "ldapi://")
_WRITE_SERVER = "write ldap://NAME, ldaps://NAME or ldapi://PATH"
_WRITE_NAME = "write a distinguished name, like dc=corp,dc=example"
# RFC 4514 §2: a descriptor or numbers, then a value; commas in a value stand behind a backslash or in quotes (RFC 2253 §4).
_STEP = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=(?:[^,\\\"]|\\.|\"(?:[^\"\\]|\\.)*\")+")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*")
_PRINCIPAL = re.compile(r"[^@\s]+(?:@[^@\s]+)?")


def check_server(text: str) -> str:
    """The URL of a directory server; `ValueError` with the remedy for what is none."""
    problem = f"{text[:80]!r} is no directory server; {_WRITE_SERVER}"
    if not text.lower().startswith(_SCHEMES) or not _is_one_word(text):
        raise ValueError(problem)
    if text.lower().startswith("ldapi://"):
        return text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{text[:80]!r} has no port between 1 and 65535; write ldaps://NAME:636") from None
    if not host or port == 0 or parts.username is not None:
        raise ValueError(problem)
    return text


def check_entry(text: str) -> str:
    """A distinguished name; `ValueError` with the remedy for what is none."""
    at = 0
    while step := _STEP.match(text, at):
        at = step.end()
        if at == len(text) <= MAX_CHARACTERS:
            return text
        if text[at : at + 1] != ",":
            break
        at += 1
    raise ValueError(f"{text[:80]!r} is no distinguished name; {_WRITE_NAME}")


def check_domain(text: str) -> str:
    """A domain whose servers stand in DNS; `ValueError` with the remedy for what is none."""
    name = text.rstrip(".")
    if not _DOMAIN.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise ValueError(f"{text[:80]!r} is no domain; write it like corp.example")
    return text


def check_principal(text: str) -> str:
    """An account of Kerberos, with its realm or without; `ValueError` with the remedy for what is none."""
    if not _PRINCIPAL.fullmatch(text) or not text.isprintable():
        raise ValueError(f"{text[:80]!r} is no account of Kerberos; write it like PC1$@CORP.EXAMPLE")
    return text


def _is_one_word(text: str) -> bool:
    return len(text) <= MAX_CHARACTERS and text.isprintable() and " " not in text
