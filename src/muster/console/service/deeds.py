"""What an operation needs of the books for each machine, and what its answer leaves there, beside state and verdict.

Done within the transactions of an action, so that an action which is taken up again does the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from muster.base.errors import Code, Malformed, MusterError, Refused
from muster.console.core.answer import EditionSeen
from muster.console.core.installations import KnownHardware, collected
from muster.console.core.verdict import DONE, Verdict, verdict_of
from muster.console.ports import Books, Machine
from muster.trust.product import Product, open_product
from muster.wire.confirmation import encode_confirmation_file

COLLECT = "installation-id"
DEPOSIT = "confirm"


class Deed:
    """An operation in general: every machine is asked the same, and nothing more is kept."""

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        self.operation = operation
        self.parameters = parameters

    def prepare(self, books: Books, machines: Sequence[Machine]) -> None:
        """Look up what is needed for these machines."""

    def asked(self, machine: Machine) -> Mapping[str, Any]:  # noqa: ARG002 - of a machine in general
        """The parameters that a machine is sent; raises why it is not even asked."""
        return self.parameters

    def keep(
        self,
        books: Books,
        machine: Machine,
        answer: Mapping[str, Any],
        editions: Sequence[EditionSeen],
        now: datetime,
    ) -> Verdict:
        """Keep what else a machine answered, after it said yes; the verdict on that."""
        del books, machine, answer, editions, now
        return Verdict(DONE)


class Collect(Deed):
    """Installation ids: kept, and joined to a confirmation of the same key and hardware where there is one."""

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(operation, parameters)
        self._products: Sequence[Product] = ()
        self._known: dict[tuple[bytes, bytes], KnownHardware] = {}

    def prepare(self, books: Books, machines: Sequence[Machine]) -> None:  # noqa: ARG002 - the same for all
        """See `Deed`."""
        self._products = [open_product(each.text) for each in books.products()]

    def keep(
        self,
        books: Books,
        machine: Machine,
        answer: Mapping[str, Any],
        editions: Sequence[EditionSeen],
        now: datetime,
    ) -> Verdict:
        """See `Deed`."""
        digits = answer.get("installation_id")
        try:
            if not isinstance(digits, str):
                raise Malformed(Code.ANSWER_MALFORMED, "the machine's answer is not understood: no installation id")
            new = collected(digits, editions, self._products, machine.target.name, now)
        except MusterError as error:
            return verdict_of(error)
        of_key = new.vendor_id, new.reference
        if of_key not in self._known:
            # Once for all machines: collecting confirms nothing.
            self._known[of_key] = KnownHardware(books.confirmed(*of_key), now)
        known = self._known[of_key].find(new.packed)
        if known is None:
            books.keep_installation(new)
        books.link(machine.id, known or new)
        return Verdict(DONE)


class Deposit(Deed):
    """Confirmations: each machine is sent its own, of the edition in the parameters."""

    def __init__(self, operation: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(operation, parameters)
        self._files: dict[int, str] = {}

    def prepare(self, books: Books, machines: Sequence[Machine]) -> None:
        """See `Deed`."""
        for machine, known, _ in books.linked([machine.id for machine in machines]):
            if known.edition == self.parameters["edition"] and known.confirmation:
                self._files[machine] = encode_confirmation_file(known.packed, known.confirmation)

    def asked(self, machine: Machine) -> Mapping[str, Any]:
        """See `Deed`."""
        if machine.id not in self._files:
            raise Refused(
                Code.NOT_FOUND,
                f"there is no confirmation of {self.parameters['edition']} for this machine",
                "collect and confirm its installation id: muster console proxy",
            )
        return {**self.parameters, "file": self._files[machine.id]}

    def keep(
        self,
        books: Books,
        machine: Machine,
        answer: Mapping[str, Any],
        editions: Sequence[EditionSeen],
        now: datetime,
    ) -> Verdict:
        """See `Deed`."""
        del answer, editions
        books.note_deposit(machine.id, str(self.parameters["edition"]), now)
        return Verdict(DONE)


def deed_of(operation: str, parameters: Mapping[str, Any]) -> Deed:
    """The deed behind an operation."""
    return {COLLECT: Collect, DEPOSIT: Deposit}.get(operation, Deed)(operation, parameters)
