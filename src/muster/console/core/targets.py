"""Which machines a text means: address ranges and lists, CSV, Ansible inventories. Pure; a mistake is told with its line.

A target says where a machine is reached; what is on it is asked later. Nothing here is looked up in DNS.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from muster.base.errors import Code, Misconfigured

MAX_TARGETS = 200_000
"""Of one discovery."""
MAX_TEXT_BYTES = 64 * 1024 * 1024
MAX_NAME = 253
MAX_PORT = 65_535
SSH_PORT = 22
COLUMNS = ("name", "address", "port", "user", "jump", "group")
"""Of a CSV file; only `name` must be there."""
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?")
_RANGE = re.compile(r"\[([A-Za-z0-9]+):([A-Za-z0-9]+)(?::([0-9]+))?\]")
_WORD = re.compile(r"(?:[^\s\"']|\"[^\"]*\"|'[^']*')+")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a machine is reached. `address` is a name or a numeric address; empty `user` and `jump` are the defaults."""

    name: str
    address: str
    port: int = SSH_PORT
    user: str = ""
    jump: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        for label, text in (("name", self.name), ("address", self.address)):
            if not is_host(text):
                raise ValueError(f"{label} {text[:80]!r} is neither a host name nor an address")
        if not 1 <= self.port <= MAX_PORT:
            raise ValueError(f"port {self.port} is outside 1 ... {MAX_PORT}")
        for label, text in (("user", self.user), ("jump", self.jump), ("group", self.group)):
            if len(text) > MAX_NAME or not text.isprintable() or text.startswith("-"):
                raise ValueError(f"{label} {text[:80]!r} cannot be used")


def is_host(text: str) -> bool:
    """Whether it can be the name or the address of a machine."""
    if _NAME.fullmatch(text):
        return len(text) <= MAX_NAME
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def from_list(text: str) -> tuple[Target, ...]:
    """``10.0.0.1-10.0.0.50, 10.1.0.0/24 pc-7.corp.example [2001:db8::7]:2222 lab[01:20]``: by commas, blanks or lines.

    What follows a ``#`` is a comment.
    """
    words = [word for line in text.splitlines() for word in re.split(r"[\s,;]+", line.split("#")[0]) if word]
    return collected(target for word in words for target in _of_word(word))


def _of_word(word: str) -> Iterator[Target]:
    first, dash, last = word.partition("-")
    try:
        if dash and (begin := ip_address(first)) and (end := ip_address(last)):
            yield from (Target(str(a), str(a)) for a in _between(begin, end, word))
            return
    except ValueError as error:
        if "range" in str(error):
            raise _wrong(word, error) from error
    if "/" in word:
        try:
            network = ip_network(word, strict=False)
        except ValueError as error:
            raise _wrong(word, error) from error
        if network.num_addresses > MAX_TARGETS:
            raise _wrong(word, f"it has more than {MAX_TARGETS} addresses")
        yield from (Target(str(a), str(a)) for a in network.hosts())
        return
    for expanded in expand(word):
        host, port = _host_and_port(expanded)
        try:
            yield Target(host, host, port)
        except ValueError as error:
            raise _wrong(word, error) from error


def _between(begin: IPv4Address | IPv6Address, end: IPv4Address | IPv6Address, word: str) -> Iterator[object]:
    if begin.version != end.version or int(end) < int(begin):
        raise ValueError(f"the range {word} goes backwards")
    if int(end) - int(begin) >= MAX_TARGETS:
        raise ValueError(f"the range {word} has more than {MAX_TARGETS} addresses")
    return (type(begin)(number) for number in range(int(begin), int(end) + 1))


def _host_and_port(word: str) -> tuple[str, int]:
    if word.startswith("["):
        host, _, rest = word[1:].partition("]")
        port = rest.removeprefix(":") or str(SSH_PORT)
    elif word.count(":") == 1:
        host, _, port = word.partition(":")
    else:
        host, port = word, str(SSH_PORT)
    if not port.isascii() or not port.isdigit():
        raise _wrong(word, "its port is no number")
    return host, int(port)


def from_csv(text: str) -> tuple[Target, ...]:
    """A header with some of `COLUMNS`, then a line a machine; commas, semicolons or tabs. Unknown columns are passed over."""
    head = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    if "name" not in (reader.fieldnames or ()) and "address" not in (reader.fieldnames or ()):
        raise Misconfigured(
            Code.SETTINGS_INVALID,
            "line 1: the CSV file has no column 'name'",
            f"begin it with a header: {','.join(COLUMNS)}",
        )
    return collected(_of_row(row, reader.line_num) for row in reader)


def _of_row(row: Mapping[str, str | None], line: int) -> Target:
    cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
    try:
        return Target(
            cells["name"] or cells["address"],
            cells["address"] or cells["name"],
            int(cells["port"] or SSH_PORT),
            cells["user"],
            cells["jump"],
            cells["group"],
        )
    except ValueError as error:
        raise Misconfigured(Code.SETTINGS_INVALID, f"line {line}: {error}", "correct the line") from error


def from_ansible(text: str) -> tuple[Target, ...]:
    """An inventory in Ansible's INI form, or what ``ansible-inventory --list`` prints (JSON; use it for YAML and plug-ins).

    Known variables: ``ansible_host``, ``ansible_port``, ``ansible_user``. A machine in several groups keeps the first.
    """
    return collected(_of_json(text) if text.lstrip().startswith("{") else _of_ini(text))


def _of_json(text: str) -> Iterator[Target]:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misconfigured(Code.SETTINGS_INVALID, f"the inventory is no JSON: {error}", _ANSIBLE) from error
    variables: dict[str, Any] = _mapping(_mapping(document.get("_meta")).get("hostvars"))
    for group, content in document.items():
        if group != "_meta":
            for name in _strings(_mapping(content).get("hosts")):
                yield _of_variables(name, _mapping(variables.get(name)), group, name)


def _of_ini(text: str) -> Iterator[Target]:
    group, kind = "", ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(?:^|\s)[#;].*", "", raw).strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            group, _, kind = line[1:-1].partition(":")
        elif kind in {"", "hosts"}:
            name, *pairs = _WORD.findall(line)
            variables = {key: value.strip("'\"") for key, _, value in (pair.partition("=") for pair in pairs)}
            for expanded in expand(name):
                yield _of_variables(expanded, variables, group, f"line {number}")


def _of_variables(name: str, variables: Mapping[str, Any], group: str, where: str) -> Target:
    try:
        host, port = _host_and_port(name)
        return Target(
            host,
            str(variables.get("ansible_host") or host),
            int(variables.get("ansible_port") or port),
            str(variables.get("ansible_user") or ""),
            group="" if group in {"all", "ungrouped"} else group,
        )
    except ValueError as error:
        raise Misconfigured(Code.SETTINGS_INVALID, f"{where}: {error}", _ANSIBLE) from error


def expand(word: str) -> Iterator[str]:
    """``pc-[01:20].lab`` as Ansible means it: numbers keep their zeros, letters go from one to the other."""
    found = _RANGE.search(word)
    if found is None or word.startswith("["):
        yield word
        return
    first, last, step = found[1], found[2], int(found[3] or 1)
    if first.isdigit() and last.isdigit() and step and int(last) - int(first) < MAX_TARGETS:
        steps = [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1, step)]
    elif len(first) == len(last) == 1 and first.isalpha() and last.isalpha() and step:
        steps = [chr(n) for n in range(ord(first), ord(last) + 1, step)]
    else:
        raise _wrong(word, f"the range {found[0]} cannot be counted")
    for middle in steps:
        yield from expand(word[: found.start()] + middle + word[found.end() :])


def collected(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Each name once, the first wins."""
    found: dict[str, Target] = {}
    for target in targets:
        found.setdefault(target.name.lower(), target)
        if len(found) > MAX_TARGETS:
            raise Misconfigured(Code.SETTINGS_INVALID, f"more than {MAX_TARGETS} machines at once", "split the list")
    return tuple(found.values())


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _wrong(word: str, problem: object) -> Misconfigured:
    hint = "write names, addresses, 10.0.0.1-10.0.0.50, 10.1.0.0/24 or pc-[01:20]"
    return Misconfigured(Code.USAGE, f"{word[:80]!r} names no machines: {problem}", hint)


_ANSIBLE = "give an INI inventory, or the output of: ansible-inventory --list"
