"""What the console needs of the world, in its own words. No behaviour lives here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from muster.console.core.answer import EditionSeen
from muster.console.core.conditions import Condition
from muster.console.core.installations import Installation
from muster.console.core.keys import StoredKey
from muster.console.core.paging import Place
from muster.console.core.targets import Target
from muster.console.core.verdict import Verdict
from muster.console.core.views import View
from muster.console.ports.records import (
    AuditRow,
    Double,
    Ending,
    HostSeen,
    KeyUse,
    Left,
    Machine,
    Part,
    Row,
    Share,
    Silent,
    StoredProduct,
    Task,
)
from muster.trust.productkey import ProductKey

__all__ = [
    "AuditRow",
    "Books",
    "Carrier",
    "Double",
    "Ending",
    "HostSeen",
    "InstallationBooks",
    "KeyBooks",
    "KeyUse",
    "Left",
    "Machine",
    "PageBooks",
    "Part",
    "Row",
    "Share",
    "Silent",
    "Store",
    "StoredProduct",
    "Task",
    "Vault",
    "VendorService",
]

Result = TypeVar("Result")


class KeyBooks(Protocol):
    """Product files and product keys within one transaction."""

    def products(self) -> list[StoredProduct]:
        """The product files, by vendor id."""

    def keep_product(self, product: StoredProduct) -> None:
        """Add a product file, or put it in place of the vendor's older one."""

    def remove_product(self, vendor_id: bytes) -> None:
        """Take a vendor's product file out."""

    def add_key(self, key: ProductKey, sealed: bytes, note: str, now: datetime) -> int | None:
        """Keep a key; its number, None when it is there already."""

    def keys(self) -> list[StoredKey]:
        """Every key, by number."""

    def note_left(self, key: int, left: Left, now: datetime) -> None:
        """What is left of a key."""

    def remove_key(self, key: int) -> None:
        """Take a key out."""


class InstallationBooks(Protocol):
    """Installation ids, confirmations, and which machine they are for, within one transaction."""

    def database(self, fresh: bytes) -> bytes:
        """The 16 bytes that this database is known by: kept once, `fresh` the first time."""

    def keep_installation(self, installation: Installation) -> None:
        """Add an installation id, unless it is known."""

    def link(self, machine: int, installation: Installation) -> None:
        """What the machine shows for its edition from now on; nothing is deposited yet."""

    def installations(self, packed: Sequence[bytes]) -> list[Installation]:
        """Those of these ids that are known."""

    def confirmed(self, vendor_id: bytes, reference: bytes) -> list[Installation]:
        """Confirmed ids of a key, the newest first."""

    def linked(self, machines: Sequence[int]) -> list[tuple[int, Installation, bool]]:
        """What machines show, by machine and edition: the machine, the id, whether its confirmation was deposited."""

    def note_sent(self, packed: Sequence[bytes], now: datetime) -> None:
        """These were asked for."""

    def note_answer(self, packed: bytes, verdict: Verdict, confirmation: bytes, now: datetime) -> None:
        """What the vendor said to an id; a confirmation is never taken back by a refusal."""

    def note_deposit(self, machine: int, edition: str, now: datetime) -> None:
        """The machine took its confirmation."""


class PageBooks(Protocol):
    """What pages and reports show, within one transaction."""

    def page(self, conditions: Sequence[Condition], now: datetime, place: Place) -> list[Row]:
        """Lines of a page, and one more where the list goes on, in the order of the list."""

    def machines(self, numbers: Sequence[int]) -> list[Machine]:
        """Machines by their numbers, those that are there, by name."""

    def lines_of(self, machine: int) -> list[Row]:
        """The lines of one machine."""

    def history(self, machine: int, limit: int) -> list[Part]:
        """A machine's actions, the newest first."""

    def tasks(self, limit: int) -> list[Task]:
        """Actions, the newest first."""

    def parts(self, task: int, after: str, limit: int, *, only_bad: bool) -> list[Part]:
        """Machines of an action by name, from behind `after` (in lower case); `only_bad`: those that said no."""

    def outcomes(self, task: int) -> dict[str, int]:
        """How many machines of an action have each code; an empty one: none yet."""

    def expiries(self, since: datetime, until: datetime) -> dict[date, int]:
        """How many lines expire on each UTC day."""

    def hosts(self) -> list[HostSeen]:
        """Hosts by name and edition."""

    def states(self) -> dict[str, int]:
        """How many lines are in each state; an empty text: machines of which nothing is known."""

    def shares(self) -> list[Share]:
        """All lines, counted by product, edition, state and method; machines of which none is known have empty texts."""

    def key_use(self) -> list[KeyUse]:
        """Keys that machines show, by last characters."""

    def ending(self, until: datetime, limit: int | None) -> tuple[list[Ending], int]:
        """What ends before `until`, the soonest first, and how many there are beyond the `limit` too."""

    def silent(self, since: datetime, limit: int | None) -> tuple[list[Silent], int]:
        """Machines not spoken with since, the longest first and those never spoken with last; and how many there are."""

    def doubles(self, limit: int | None) -> tuple[list[Double], int]:
        """Lines whose client id several machines have, by client id and name; and how many there are."""

    def views(self) -> list[View]:
        """Saved views by name."""

    def keep_view(self, view: View) -> None:
        """Keep a view, in place of the one of its name."""

    def remove_view(self, name: str) -> None:
        """Forget a view; none is no error."""


class Books(KeyBooks, InstallationBooks, PageBooks, Protocol):
    """The inventory within one transaction."""

    def add_machines(self, targets: Iterable[Target], source: str, now: datetime) -> int:
        """Add those that are not there by name; how many were new. Known ones keep what is known of them."""

    def numbers(self, names: Iterable[str]) -> dict[str, int]:
        """Numbers of machines by their names in lower case, of those that are there."""

    def rows(
        self,
        conditions: Sequence[Condition],
        now: datetime,
        *,
        sort: str = "name",
        offset: int = 0,
        limit: int | None = None,
    ) -> list[Row]:
        """Lines that fit all conditions, by `sort` (a field; ``-`` before it turns it round), then by name."""

    def count_rows(self, conditions: Sequence[Condition], now: datetime) -> int:
        """How many lines fit."""

    def tally(self, field: str, conditions: Sequence[Condition], now: datetime) -> dict[str, int]:
        """How many lines have each value of a text field."""

    def selected(self, conditions: Sequence[Condition], now: datetime) -> list[Machine]:
        """Machines with at least one line that fits, each once, by name."""

    def record(self, machine: int, verdict: Verdict, action: str, now: datetime, *, answered: bool) -> None:
        """What came of an action; `answered` when the machine itself spoke."""

    def replace_editions(self, machine: int, editions: Sequence[EditionSeen]) -> None:
        """What is on a machine now."""

    def remove(self, machines: Sequence[int]) -> int:
        """Take machines out of the inventory; how many were there."""

    def ssh_key(self, machine: int) -> str:
        """The pinned SSH host key in OpenSSH's form, or an empty text."""

    def pin_ssh_key(self, machine: int, key: str) -> None:
        """Pin, or forget when `key` is empty."""

    def begin(
        self, kind: str, parameters: Mapping[str, Any], actor: str, machines: Sequence[int], now: datetime
    ) -> int:
        """Write an action down with the machines it is for; its id."""

    def task(self, task: int) -> Task | None:
        """An action that was written down."""

    def unfinished(self) -> list[Task]:
        """Actions with machines that have no verdict yet, the oldest first."""

    def waiting(self, task: int) -> list[Machine]:
        """Machines of an action that have no verdict yet, by name."""

    def settle(self, task: int, machine: int, verdict: Verdict, now: datetime) -> None:
        """The verdict of one machine in an action."""

    def verdicts(self, task: int) -> list[tuple[str, Verdict]]:
        """Names and verdicts of an action, by name."""

    def audit(self, now: datetime, actor: str, action: str, subject: str, details: Mapping[str, Any]) -> None:
        """One row of the record of who did what."""

    def audited(self, limit: int, offset: int = 0) -> list[AuditRow]:
        """The record, the newest first."""


class Store(Protocol):
    """The console's database."""

    def run(self, work: Callable[[Books], Result]) -> Result:
        """Do `work` in one transaction, committed when this returns; `StoreFailed` when it cannot be kept."""


class Carrier(Protocol):
    """Carries requests to machines, whatever the wire."""

    async def ask(self, machine: Machine, pinned: str, request: bytes) -> tuple[bytes, str]:
        """The answer of `muster client remote` (at most `MAX_ANSWER_BYTES`), and the SSH host key that was shown.

        Raises `Unreachable` (MACHINE_UNREACHABLE), `Untrusted` (MACHINE_UNTRUSTED) when the key is not the pinned one,
        `Refused` (MACHINE_REFUSED), `Malformed` (ANSWER_MALFORMED) when the answer is too large.
        """


class Vault(Protocol):
    """Seals product keys at rest."""

    def seal(self, key: ProductKey) -> bytes:
        """The box that only this vault opens."""

    def unseal(self, key: StoredKey) -> ProductKey:
        """The key; `StoreFailed` with STATE_CORRUPT when the box is of another vault."""

    def change_passphrase(self, passphrase: str) -> None:
        """Only this one opens the vault from now on; the old one does until that is kept, whatever happens."""


class VendorService(Protocol):
    """The activation service of one vendor. Every method raises `Unreachable`, `Untrusted`, or the service's own no."""

    async def confirm_bundle(self, text: str) -> bytes:
        """The confirmation bundle that answers a request bundle; both armoured."""

    async def left(self, key: ProductKey) -> Left:
        """What is left of a multiple activation key."""

    async def product_file(self, vendor_id: bytes) -> bytes:
        """The newest product file."""
