"""Machines in memory that take multiple activation keys and confirmations as `muster client remote` does; a `Carrier`.

Tags, hardware tolerance and signatures are the real ones; what a real machine does beside that is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.console.ports import Machine
from muster.trust.hardware import Parts, installation_parts, same_hardware
from muster.trust.humanid import format_installation
from muster.trust.installation import machine_id
from muster.trust.permanent import verify_permanent
from muster.trust.product import Product
from muster.trust.productkey import KeyKind, ProductKey, parse_key
from muster.wire.confirmation import decode_confirmation_file, unpack_confirmation
from muster.wire.installation import pack_installation, unpack_installation
from tests.worlds.vendor_world import hardware

SSH_KEY = "ssh-ed25519 AAAA"
Plain = dict[str, Any]


@dataclass
class MakMachine:
    """One machine with one edition of a product."""

    product: Product
    parts: Parts
    edition: str = "acme-cad-pro"
    key: ProductKey | None = None
    is_activated: bool = False

    def again(self) -> None:
        """As after a new installation: nothing is left but the hardware."""
        self.key, self.is_activated = None, False

    def answer(self, asked: Plain) -> Plain:
        """See spec/remote.md."""
        try:
            own: Plain = getattr(self, f"_{asked['operation'].replace('-', '_')}", lambda _: {})(asked)
            return {**own, "editions": [self._row()]}
        except MusterError as error:
            return {"error": {"code": str(error.code), "message": error.message}}

    def _row(self) -> Plain:
        state = "LICENSED" if self.is_activated else "INITIAL_GRACE"
        row = {"product": "Acme CAD", "edition": self.edition, "state": state, "permanent": self.is_activated}
        if self.key is None:
            return row
        return row | {"key_kind": str(self.key.kind), "partial_key": self.key.partial}

    def _install_key(self, asked: Plain) -> Plain:
        key = parse_key(asked["key"])
        if key.kind is KeyKind.HOST or key.scope != self.product.edition(self.edition).id:
            raise Refused(Code.KEY_WRONG_EDITION, f"the key …{key.partial} is not for {self.edition}")
        self.key = key
        return {"edition": self.edition, "partial_key": key.partial, "is_secret": True}

    def _needed(self, asked: Plain) -> ProductKey:
        if asked.get("edition") not in {None, self.edition}:
            raise Refused(Code.EDITION_UNKNOWN)
        if self.key is None or self.key.kind is not KeyKind.MAK:
            raise Refused(Code.NO_KEY, "no multiple activation key is installed")
        return self.key

    def _installation_id(self, asked: Plain) -> Plain:
        key = self._needed(asked)
        made = machine_id(key.reference, key.secret, self.product.edition(self.edition).id, self.parts)
        return {"installation_id": format_installation(made), "file": "", "binding": self.parts.binding}

    def _confirm(self, asked: Plain) -> Plain:
        key = self._needed(asked)
        installation, confirmation = decode_confirmation_file(asked["file"])
        named = unpack_installation(installation)
        if named.reference != key.reference:
            raise Refused(Code.KEY_UNKNOWN)
        here = installation_parts(self.parts, key.secret)
        if not same_hardware(getattr(named, "parts", b""), here):
            raise Refused(Code.HARDWARE_CHANGED)
        verify_permanent(installation, unpack_confirmation(confirmation), self.product.keysets)
        self.is_activated = True
        return {}

    @property
    def packed(self) -> bytes:
        """Its installation id."""
        key = self._needed({})
        return pack_installation(
            machine_id(key.reference, key.secret, self.product.edition(self.edition).id, self.parts)
        )


@dataclass
class MakMachines:
    """Machines by name. `asked` are names and operations; `instead` answers in the place of a machine."""

    product: Product
    machines: dict[str, MakMachine] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    instead: dict[str, Callable[[Plain], bytes]] = field(default_factory=dict)

    def add(self, name: str, number: int, key: ProductKey | None = None, **more: Any) -> MakMachine:
        """A machine with the hardware of this number."""
        self.machines[name] = MakMachine(self.product, hardware(number), key=key, **more)
        return self.machines[name]

    def operations(self, name: str) -> list[str]:
        """What a machine was asked, in order."""
        return [operation for asked, operation in self.asked if asked == name]

    async def ask(self, machine: Machine, pinned: str, request: bytes) -> tuple[bytes, str]:
        """See `Carrier`."""
        del pinned
        name, plain = machine.target.name, json.loads(request)
        if plain.get("version") != 1:
            raise Malformed(Code.MESSAGE_MALFORMED)
        self.asked.append((name, plain["operation"]))
        if name in self.instead:
            return self.instead[name](plain), SSH_KEY
        return json.dumps(self.machines[name].answer(plain)).encode(), SSH_KEY
