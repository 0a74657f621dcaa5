"""What support needs of a diagnosis, without personal data (docs/operate/diagnose.md §Bundle).

Kept: steps, codes, states, versions, the order and number of things. Left out or replaced by a stand-in: names and
addresses of machines and hosts, zones, paths, client ids, keys, organisations. The same name has the same stand-in.
"""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from muster.base.errors import MusterError
from muster.client.core.diagnosis import Diagnosis
from muster.client.core.report import instant, report
from muster.client.service.machine import Machine

LAST_EVENTS = 100
_EVENT_FIELDS = ("time", "event", "edition", "state", "code", "count", "seconds", "kind", "serial")
_EDITION_FIELDS = (
    "product",
    "edition",
    "state",
    "method",
    "permanent",
    "expires_at",
    "grace_ends_at",
    "next_attempt_at",
    "count",
    "threshold",
    "binding",
)
# What could name a person, a machine or a place: paths, addresses, names with dots, long runs of hexadecimal digits.
_NAMING = re.compile(
    r"(?P<path>(?<![\w.])/[^\s:,;()]+)"
    r"|(?P<address>\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:]))"
    r"|(?P<name>\b(?=[\w.-]*[A-Za-z])[\w-]+(?:\.[\w-]+)+\b)"
    r"|(?P<id>\b[0-9A-Fa-f]{16,}\b)"
    r"|(?P<key>…[0-9A-Za-z]{3,})"
    r"|(?P<user>(?<=belongs to user )\d+)"
    r"|(?P<organisation>(?<=organisation )\d+)"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?: UTC|Z)?")


class StandIns:
    """Replaces what could name somebody; the same text always by the same stand-in."""

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self._names = tuple(sorted({name for name in names if name}, key=len, reverse=True))
        self._known: dict[str, str] = {}

    def hide(self, text: str) -> str:
        """The text with stand-ins. Times stay as they are."""
        for name in self._names:
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", self._of("name", name), text)
        shown, end = [], 0
        for time in _TIME.finditer(text):
            shown += [_NAMING.sub(self._replace, text[end : time.start()]), time[0]]
            end = time.end()
        return "".join([*shown, _NAMING.sub(self._replace, text[end:])])

    def _replace(self, found: re.Match[str]) -> str:
        return self._of(found.lastgroup or "name", found[0])

    def _of(self, kind: str, text: str) -> str:
        return self._known.setdefault(text.lower(), f"<{kind} {len(self._known) + 1}>")


def bundle(machine: Machine, diagnosis: Diagnosis) -> dict[str, Any]:
    """One JSON object for the vendor's support."""
    hidden = StandIns(_names(diagnosis))
    plain = diagnosis.plain()
    for step in plain["steps"]:
        step["detail"] = hidden.hide(step["detail"])
        step["host"] = hidden.hide(step["host"]) if step["host"] else None
    plain["verdict"]["cause"] = hidden.hide(plain["verdict"]["cause"])
    return {
        "made_at": instant(machine.around.clock.now()),
        "version": _version(),
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "virtual": machine.around.is_virtual,
        "diagnosis": plain,
        "editions": _editions(machine),
        "events": [
            {name: event[name] for name in _EVENT_FIELDS if event.get(name) is not None}
            for event in machine.journal.last(LAST_EVENTS)
        ],
    }


def _names(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Names without a dot cannot be told from other words: those that were met are known, and this machine's own is."""
    return (*diagnosis.names, platform.node(), platform.node().partition(".")[0])


def _editions(machine: Machine) -> list[dict[str, Any]]:
    try:
        rows = [(scene, report(scene)) for scene in machine.scenes()]
    except MusterError as error:
        return [{"code": str(error.code)}]
    found = []
    for scene, row in rows:
        kept = {name: row[name] for name in _EDITION_FIELDS}
        last = row["last_error"]
        kept["last_error"] = last["code"] if last else None
        kept["product_serial"] = scene.product.claims.serial
        kept["keyset"] = scene.product.keysets.version
        kept["vendor_fingerprint"] = scene.product.fingerprint.hex()
        found.append(kept)
    return found


def _version() -> str:
    try:
        return version("muster-activation")
    except PackageNotFoundError:
        return "unknown"
