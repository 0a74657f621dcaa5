"""What pages offer to do with machines, and what each needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from muster.console.service.access import ACT, KEYS, REMOVE
from muster.console.service.deeds import COLLECT, DEPOSIT
from muster.console.service.keeping import INSTALL

REMOVAL = "remove"
REARM = "rearm"
BUNDLE, ONLINE, FLEET = "request-bundle", "confirm-online", "fleet"


@dataclass(frozen=True, slots=True)
class Operation:
    """`title` is what a button says. `asks` are the fields of its form; `warning` makes it ask twice."""

    title: str
    told: str
    scope: str = ACT
    asks: tuple[str, ...] = ()
    warning: str = ""


OPERATIONS = {
    "status": Operation("Refresh", "Asks what is on them. Nothing changes."),
    "activate": Operation("Activate", "By directory, host or vendor, as each is set up.", asks=("edition",)),
    "renew": Operation("Renew", "Before their time.", asks=("edition",)),
    INSTALL: Operation("Install a key", "A key of this console, in place of the one there.", asks=("key",)),
    COLLECT: Operation("Collect installation ids", "For proxy activation with a MAK.", asks=("edition",)),
    ONLINE: Operation("Confirm at the vendor", "The installation ids that were collected, by the vendor's service."),
    BUNDLE: Operation(
        "Write a request bundle",
        "The installation ids that were collected, as a file that is carried to the vendor.",
        asks=("names",),
    ),
    DEPOSIT: Operation(
        "Deposit confirmations", "Each machine gets its own. That costs no activation.", asks=("again",)
    ),
    FLEET: Operation(
        "Write fleet files",
        "FLEET.toml and what belongs to it, for muster client apply; a folder for each machine that has a confirmation.",
        scope=KEYS,
        asks=("fleet",),
    ),
    "set-host": Operation("Set hosts", "Which activation hosts they ask.", asks=("hosts", "edition")),
    "set-type": Operation("Set the way", "How they may be activated.", asks=("way", "edition")),
    REARM: Operation("Rearm", "New client ids, timers from their beginning.", warning="Their activations are dropped."),
    REMOVAL: Operation(
        "Remove from the inventory",
        "Nothing changes on them.",
        scope=REMOVE,
        warning="What is known of them here is forgotten.",
    ),
}
