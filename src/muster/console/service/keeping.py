"""The console's product keys: added, told of, refreshed at their vendors, and put on machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.console.core.conditions import Condition
from muster.console.core.keys import KeyLine, StoredKey, check_passphrase, editions_of
from muster.console.core.lines import instant
from muster.console.core.verdict import DONE, Verdict, verdict_of
from muster.console.ports import Books, Vault, VendorService
from muster.console.service.acting import Console, Resolve, written_down
from muster.console.service.products import products
from muster.trust.product import Product
from muster.trust.productkey import KeyKind

INSTALL = "install-key"
KNOWN = Verdict(str(Code.NAME_TAKEN), "this key is in the console already")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a line: the number of its key and its last characters, or the verdict that refused it."""

    line: int
    key: int | None
    partial: str
    verdict: Verdict


def add_keys(console: Console, vault: Vault, lines: Sequence[KeyLine]) -> list[Added]:
    """Keep keys, sealed; a line that is none, or is there already, is told and refuses no other one."""
    now = console.clock.now()
    sealed = [(line, vault.seal(line.key)) for line in lines if line.key is not None]

    def work(books: Books) -> list[Added]:
        partials = ", ".join(line.key.partial for line, _ in sealed[:50] if line.key is not None)
        books.audit(now, console.actor, "keys.added", counted(len(sealed), "key"), {"partial_keys": partials})
        found = []
        for line, box in sealed:
            assert line.key is not None  # noqa: S101 - chosen above
            number = books.add_key(line.key, box, line.note, now)
            found.append(Added(line.line, number, line.key.partial, Verdict(DONE) if number is not None else KNOWN))
        return found

    wrong = [
        Added(line.line, None, "", Verdict(str(Code.KEY_MALFORMED), line.problem)) for line in lines if line.key is None
    ]
    return sorted([*(console.store.run(work) if sealed else ()), *wrong], key=lambda added: added.line)


def keys(console: Console) -> list[StoredKey]:
    """Every key, sealed, by number."""
    return console.store.run(lambda books: books.keys())


def maks(console: Console) -> list[StoredKey]:
    """The multiple activation keys."""
    return [key for key in keys(console) if key.kind is KeyKind.MAK]


def key_rows(console: Console) -> list[Mapping[str, Any]]:
    """Keys as people and scripts read them. `editions`: those that product files here name, else what the vendor told."""
    known = products(console)
    return [
        {
            "key": key.id,
            "kind": str(key.kind),
            "partial_key": key.partial,
            "editions": sorted(editions_of(key.kind, key.scope, known)) or [key.edition] * bool(key.edition),
            "remaining": key.remaining,
            "total": key.total,
            "refreshed_at": instant(key.refreshed_at),
            "added_at": instant(key.added_at),
            "note": key.note or None,
        }
        for key in keys(console)
    ]


def find_keys(console: Console, which: Iterable[str]) -> list[StoredKey]:
    """Keys by number or by their last characters; `Misconfigured` (NOT_FOUND) for none, and for several that end alike."""
    known, found = keys(console), list[StoredKey]()
    for word in which:
        text = word.strip().lstrip("…").upper()
        fitting = [key for key in known if str(key.id) == text] or [
            key for key in known if text and key.partial == text
        ]
        if len(fitting) != 1:
            problem = f"several keys end in {text[:10]}" if fitting else f"there is no key {word[:10]!r} here"
            raise Misconfigured(Code.NOT_FOUND, problem, "name it by its number: muster console keys list")
        found += [key for key in fitting if key not in found]
    return found


def remove_keys(console: Console, chosen: Sequence[StoredKey]) -> None:
    """Take keys out of the console; nothing changes on machines."""
    now = console.clock.now()

    def work(books: Books) -> None:
        partials = ", ".join(key.partial for key in chosen)
        books.audit(now, console.actor, "keys.removed", counted(len(chosen), "key"), {"partial_keys": partials})
        for key in chosen:
            books.remove_key(key.id)

    console.store.run(work)


def change_passphrase(console: Console, vault: Vault, passphrase: str) -> None:
    """Put another passphrase in front of the keys; `Misconfigured` with PASSPHRASE_WRONG for one that is too short."""
    check_passphrase(passphrase)
    now = console.clock.now()
    console.store.run(lambda books: books.audit(now, console.actor, "keys.passphrase-changed", "keys.box", {}))
    vault.change_passphrase(passphrase)


async def refresh_keys(
    console: Console,
    vault: Vault,
    chosen: Sequence[StoredKey],
    service: Callable[[Product], VendorService],
    watch: Callable[[StoredKey], object] = lambda _: None,
) -> list[tuple[StoredKey, Verdict]]:
    """Ask vendors what is left of multiple activation keys, one after the other; a verdict for each, kept as it comes."""
    known, found = products(console), list[tuple[StoredKey, Verdict]]()
    now, partials = console.clock.now(), ", ".join(key.partial for key in chosen[:50])
    if chosen:
        told = counted(len(chosen), "key"), {"partial_keys": partials}
        console.store.run(lambda books: books.audit(now, console.actor, "keys.asked", *told))
    for key in chosen:
        try:
            left = await service(_vendor_of(key, known)).left(vault.unseal(key))
            console.store.run(_noting(key, left, console))
            verdict = Verdict(DONE)
        except MusterError as error:
            verdict = verdict_of(error)
        found.append((key, verdict))
        watch(key)
    return found


def _noting(key: StoredKey, left: Any, console: Console) -> Callable[[Books], None]:
    now = console.clock.now()
    return lambda books: books.note_left(key.id, left, now)


def _vendor_of(key: StoredKey, known: Sequence[Product]) -> Product:
    if key.kind is not KeyKind.MAK:
        raise Refused(Code.KEY_WRONG_KIND, f"key …{key.partial} has no activations to count: it is no MAK")
    fitting = [product for product in known if editions_of(key.kind, key.scope, [product])]
    if len(fitting) != 1:
        names = ", ".join(product.claims.vendor for product in fitting)
        raise Refused(
            Code.VENDOR_MISMATCH,
            f"key …{key.partial} may be of {names}" if names else f"no product file here fits key …{key.partial}",
            "Add the vendor's product file: muster console products add FILE",
        )
    return fitting[0]


def install_keys(console: Console, chosen: Sequence[StoredKey], conditions: Sequence[Condition]) -> list[int]:
    """Write down that these keys go on the machines that fit: a task for each key that has any, by key.

    With several keys each goes to the machines that have one of its editions, as far as product files and the inventory know
    them; a machine that none of them fits is asked with the first one, and says no itself. `Refused` (KEY_WRONG_KIND) for a
    host key, `Misconfigured` when no machine fits the conditions.
    """
    wrong = next((key for key in chosen if key.kind is KeyKind.HOST), None)
    if wrong is not None:
        raise Refused(Code.KEY_WRONG_KIND, f"…{wrong.partial} is a host key: it belongs on an activation host")
    names = {key.id: editions_of(key.kind, key.scope, products(console)) for key in chosen}
    now = console.clock.now()

    def work(books: Books) -> list[int]:
        machines = [machine.id for machine in books.selected(conditions, now)]
        editions = _editions_by_machine(books, conditions, console)
        shares: dict[int, list[int]] = {key.id: [] for key in chosen}
        for machine in machines:
            there = editions.get(machine, frozenset())
            takers = [key.id for key in chosen if not there or not names[key.id] or names[key.id] & there]
            for key in takers or [chosen[0].id]:
                shares[key].append(machine)
        tasks: list[int] = []
        for wanted in chosen:
            # The first one tells when there is no machine at all.
            if shares[wanted.id] or not (machines or tasks):
                parameters = {"key": wanted.id, "partial_key": wanted.partial}
                tasks.append(written_down(console, books, INSTALL, parameters, shares[wanted.id]))
        return tasks

    return console.store.run(work)


def _editions_by_machine(
    books: Books, conditions: Sequence[Condition], console: Console
) -> Mapping[int, frozenset[str]]:
    """Of the machines that fit: all editions on them, not only those of the lines that fit."""
    chosen = {machine.id for machine in books.selected(conditions, console.clock.now())}
    found: dict[int, frozenset[str]] = {}
    for row in books.rows((), console.clock.now()):
        if row.seen is not None and row.machine.id in chosen:
            found[row.machine.id] = found.get(row.machine.id, frozenset()) | {row.seen.edition}
    return found


def unsealing(console: Console, vault: Callable[[], Vault]) -> Resolve:
    """Parameters with the number of a key become those with the key itself; all others stay. `vault` is asked only then."""

    def resolve(operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation != INSTALL:
            return parameters
        (key,) = find_keys(console, [str(parameters["key"])])
        rest = {name: value for name, value in parameters.items() if name not in {"key", "partial_key"}}
        return {**rest, "key": vault().unseal(key).formatted}

    return resolve
