"""Machines in memory that answer as `muster client remote` does, each in its own way; a `Carrier`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from muster.base.errors import Code, Unreachable, Untrusted
from muster.console.ports import Machine

KEY = "ssh-ed25519 AAAA"


def edition(state: str = "LICENSED", **more: Any) -> dict[str, Any]:
    """One edition of a status."""
    return {"product": "Acme CAD", "edition": "acme-cad-pro", "state": state, "method": "host", **more}


@dataclass
class CarriedMachines:
    """`answers` by name: bytes, or an error to raise. Everybody else answers LICENSED."""

    answers: dict[str, bytes | Exception] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answered: int = 0
    before: Callable[[int], object] = lambda _: None
    """Called with the number of answers so far, before each answer."""

    async def ask(self, machine: Machine, pinned: str, request: bytes) -> tuple[bytes, str]:
        name = machine.target.name
        self.asked.append((name, json.loads(request)))
        shown = self.keys.get(name, KEY)
        if pinned and pinned != shown:
            raise Untrusted(Code.MACHINE_UNTRUSTED, "another key")
        await asyncio.sleep(0)
        self.before(self.answered)
        self.answered += 1
        answer = self.answers.get(name, json.dumps({"editions": [edition()]}).encode())
        if isinstance(answer, Exception):
            raise answer
        return answer, shown


def silent() -> Unreachable:
    """As of a machine that is switched off."""
    return Unreachable(Code.MACHINE_UNREACHABLE, "no answer within 60 seconds")
