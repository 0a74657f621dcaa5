"""The vendor's rows: activations per second over HTTP on PostgreSQL, against a bare loop of the same statements, and with more keys.

Both work on databases of one server with the durability of its defaults, in turns, with as many connections, for machines
that nobody has seen. The bare loop (bench/bare_statements.py) runs exactly the statements that the service was seen to run
for one activation, in the same transactions: no HTTP, no check of a tag, no decision, no signature.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from starlette.testclient import TestClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.bare_statements import Statement, Work  # noqa: E402
from bench.host import processor_seconds, spread  # noqa: E402
from muster.platform.accounts.memory import MemoryAccounts  # noqa: E402
from muster.trust.hardware import make_parts  # noqa: E402
from muster.trust.humanid import format_installation  # noqa: E402
from muster.trust.installation import machine_id  # noqa: E402
from muster.trust.productkey import KeyKind, ProductKey  # noqa: E402
from muster.vendor import app as vendor  # noqa: E402
from muster.vendor.service.access import vendor_accounts  # noqa: E402
from muster.vendor.web.serving import create_app  # noqa: E402
from muster.wire.installation import MachineId, pack_installation  # noqa: E402
from tests.worlds.postgresql import postgresql  # noqa: E402
from tests.worlds.vendor_world import BANK, CAD_PRO, DEFINITION, PASSPHRASE  # noqa: E402

CONNECTIONS = 64
BARE_CONNECTIONS = 16
KEYS, MANY_KEYS = 10_000, 10_000_000
ASKED_KEYS = 1_000
POOL = 1_000_000
PGBENCH_SECONDS = 10
TARGET, FLAT_TARGET = 0.5, 0.9
PATH = "/v1/permanent-activations"
MUSTER = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())"]


@dataclass
class Rig:
    """A vendor with so many keys in a database."""

    folder: Path
    url: str
    keys: int
    asked: list[tuple[int, ProductKey]] = field(default_factory=list)
    transactions: tuple[tuple[psycopg.IsolationLevel, tuple[Statement, ...]], ...] = ()
    machines: int = 0

    def prepare(self) -> None:
        """Make the vendor, issue the keys that are asked with, fill up with invented ones, look at one activation."""
        owner, _ = vendor.create(self.folder, "Acme Software", PASSPHRASE, environment=self.environment)
        vendor.import_product(owner, DEFINITION, "product.toml")
        vendor.add_organisation(owner, BANK)
        order = vendor.Order(KeyKind.MAK, "acme-cad-pro", BANK, activations=POOL)
        made = vendor.issue_keys(owner, order, ASKED_KEYS)
        with psycopg.connect(self.url) as connection:
            numbers = {bytes(r): i for i, r in connection.execute("SELECT id, reference FROM product_key")}
        self.asked = [(numbers[key.reference], key) for key in made]
        self._fill()
        self._watch(owner)
        owner.store.close()  # type: ignore[attr-defined]

    @property
    def environment(self) -> dict[str, str]:
        """Where the database is."""
        return {"MUSTER_VENDOR_DATABASE": self.url}

    def _fill(self) -> None:
        """Invented keys, made by the database itself; nobody can ask with them."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            every = connection.execute("SELECT * FROM product_key LIMIT 0").description or ()
            names = [column.name for column in every if column.name != "id"]
            invented = {
                "partial": "upper(substr(md5(n::text), 1, 5))",
                "lookup": "sha256(('lookup ' || n)::bytea)",
                "reference": "substr(sha256(('reference ' || n)::bytea), 1, 8)",
                "secret": "''::bytea",
            }
            chosen = ", ".join(invented.get(name, name) for name in names)
            connection.execute(
                f"INSERT INTO product_key ({', '.join(names)}) SELECT {chosen} "  # noqa: S608 - names of our own columns
                f"FROM (SELECT * FROM product_key LIMIT 1) one, generate_series(1, {self.keys - ASKED_KEYS}) n"
            )
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def _watch(self, owner: vendor.Vendor) -> None:
        """The transactions of one activation, asked for over HTTP, with places for what differs between machines."""
        database: Any = owner.store._database  # type: ignore[attr-defined]  # noqa: SLF001 - it looks behind the port
        web = TestClient(create_app(owner, vendor_accounts(owner, MemoryAccounts())))
        (number, key), seen = self.asked[0], []
        web.post(PATH, json={"installation_id": format_installation(self._machine(key))}).raise_for_status()

        def begun(connection: sa.Connection) -> None:
            driver: Any = connection.connection.driver_connection
            seen.append((driver.isolation_level, []))

        class Watched(psycopg.Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
                seen[-1][1].append((query, dict(params or {})))
                return super().execute(query, params, **more)

        def taken(driver: Any, *_: object) -> None:
            driver.cursor_factory = Watched

        for engine in (database._engine, database._holding):  # noqa: SLF001
            sa.event.listen(engine, "begin", begun)
            sa.event.listen(engine, "checkout", taken)
        installation = self._machine(key)
        web.post(PATH, json={"installation_id": format_installation(installation)}).raise_for_status()
        places = {value: name for name, value in values(number, key, installation).items()}
        self.transactions = tuple((level, tuple(_statement(*one, places) for one in ran)) for level, ran in seen)
        assert {"reference", "installation", "key"} <= {
            n for _, s in self.transactions for one in s for _, n in one.places
        }

    def _machine(self, key: ProductKey) -> MachineId:
        self.machines += 1
        n = self.machines
        network = ":".join(f"{n >> shift & 255:02x}" for shift in (16, 8, 0))
        parts = make_parts(board=f"board {n}", disk=f"disk {n}", network=f"00:16:3e:{network}", platform="Xeon")
        found = machine_id(key.reference, key.secret, CAD_PRO, parts)
        assert isinstance(found, MachineId)
        return found

    def fresh(self, count: int) -> list[tuple[int, ProductKey, MachineId]]:
        """Machines that nobody has seen, their keys in turn."""
        chosen = [self.asked[n % len(self.asked)] for n in range(count)]
        return [(number, key, self._machine(key)) for number, key in chosen]

    def bare(self, count: int) -> dict[str, Any]:
        """One round of the bare loop."""
        work = Work(self.transactions, tuple(values(*one) for one in self.fresh(count)))
        (self.folder / "work").write_bytes(pickle.dumps(work))
        command = [
            sys.executable,
            "-c",
            "from bench.bare_statements import main; main()",
            self.url,
            str(BARE_CONNECTIONS),
        ]
        found = _figures([*command, str(self.folder / "work")])
        return found | {"cost": found["processor"] / found["done"] * 1e6}

    def served(self, load: Path, count: int, pid: int, port: int) -> dict[str, Any]:
        """One round over HTTP; every machine has an address of its own."""
        with (self.folder / "requests").open("wb") as file:
            for place, (_, _, installation) in enumerate(self.fresh(count)):
                body = json.dumps({"installation_id": format_installation(installation)}).encode()
                address = f"10.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}"
                head = f"POST {PATH} HTTP/1.1\r\nHost: acme\r\nContent-Type: application/json\r\nX-Forwarded-For: {address}\r\n"
                request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
                file.write(len(request).to_bytes(4, "little") + request)
        before = processor_seconds(pid)
        found = _figures([str(load), "127.0.0.1", str(port), str(CONNECTIONS), str(self.folder / "requests")])
        processor = processor_seconds(pid) - before
        return found | {"processor": processor, "cost": processor / found["done"] * 1e6}


def _statement(sql: str, given: dict[str, Any], places: dict[Any, str]) -> Statement:
    given = {parameter: getattr(value, "obj", value) for parameter, value in given.items()}  # bytes come wrapped
    names = {parameter: places[value] for parameter, value in given.items() if value in places}
    same = {parameter: value for parameter, value in given.items() if parameter not in names}
    return Statement(sql, same, tuple(names.items()))


def values(number: int, key: ProductKey, installation: MachineId) -> dict[str, Any]:
    """What belongs to one activation."""
    parts = [int.from_bytes(installation.parts[i : i + 2], "big") for i in range(0, 8, 2)]
    own = {"key": number, "reference": key.reference, "installation": pack_installation(installation)}
    return own | {f"part_{place}": part for place, part in enumerate(parts)}


def _figures(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"rate": found["done"] / found["seconds"]}


@contextmanager
def node(rig: Rig) -> Iterator[tuple[int, int]]:
    """`muster vendor serve` as a process, and its port."""
    command = [*MUSTER, "vendor", "serve", "--listen", "127.0.0.1:0", "--proxy", "127.0.0.1", "--log-level", "warning"]
    own = {"MUSTER_HOME": str(rig.folder), "MUSTER_PASSPHRASE": PASSPHRASE}
    process = subprocess.Popen(command, env={**os.environ, **rig.environment, **own}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, int(re.findall(r"(\d+)\s*$", process.stdout.readline())[0])
    finally:
        process.terminate()
        process.wait(30)


def rows(chosen: argparse.Namespace) -> list[str]:
    """Rows of the table; `chosen` has rounds, activations and many_keys."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name, postgresql() as server:
        folder = Path(name)
        load = folder / "http_load"
        subprocess.run(["cc", "-O2", "-o", str(load), str(ROOT / "bench" / "http_load.c")], check=True)
        few = Rig(folder / "few", server.database("few"), KEYS)
        few.prepare()
        found = [*_speed(few, load, chosen), _pgbench(few, server.programs)]
        if chosen.many_keys:
            many = Rig(folder / "many", server.database("many"), chosen.many_keys)
            many.prepare()
            found.append(_flat(few, many, load, chosen))
    return found


def _speed(rig: Rig, load: Path, chosen: argparse.Namespace) -> list[str]:
    bare, ours = [], []
    with node(rig) as (pid, port):
        rig.served(load, chosen.activations // 4, pid, port)
        for number in range(chosen.rounds):
            bare.append(rig.bare(chosen.activations))
            ours.append(rig.served(load, chosen.activations, pid, port))
            print(f"round {number + 1}: bare {bare[-1]['rate']:.0f}/s, vendor {ours[-1]['rate']:.0f}/s", flush=True)
    ratios = [o["rate"] / b["rate"] for o, b in zip(ours, bare, strict=True)]
    by_cost = [b["cost"] / o["cost"] for o, b in zip(ours, bare, strict=True)]
    statements = sum(len(statements) for _, statements in rig.transactions)
    return [
        f"| vendor service, activations with a MAK over HTTP on PostgreSQL, {CONNECTIONS} connections | {spread(ratios)} | >= {TARGET} | bare psycopg loop, the same {statements} statements in {len(rig.transactions)} transaction, {BARE_CONNECTIONS} connections |",
        f"| the same, per second | {spread([o['rate'] for o in ours], 0)} | | {spread([b['rate'] for b in bare], 0)} |",
        f"| the same by processor time of the process | {spread(by_cost)} | | {spread([b['cost'] for b in bare], 0)} µs each, the service {spread([o['cost'] for o in ours], 0)} |",
        f"| the same, p99 of an activation, ms | {spread([o['p99'] / 1000 for o in ours], 0)} | | failed: {sum(o['failed'] for o in ours)} |",
    ]


def _flat(few: Rig, many: Rig, load: Path, chosen: argparse.Namespace) -> str:
    ratios = []
    with node(few) as first, node(many) as second:
        for rig, (pid, port) in ((few, first), (many, second)):
            rig.served(load, chosen.activations // 4, pid, port)
        for number in range(chosen.rounds):
            one, other = few.served(load, chosen.activations, *first), many.served(load, chosen.activations, *second)
            ratios.append(other["rate"] / one["rate"])
            print(
                f"round {number + 1}: {few.keys} keys {one['rate']:.0f}/s, {many.keys} {other['rate']:.0f}/s",
                flush=True,
            )
    return (
        f"| the same with {many.keys:,} keys issued | {spread(ratios)} | >= {FLAT_TARGET} | itself with {few.keys:,} |"
    )


def _pgbench(rig: Rig, programs: Path) -> str:
    """The server's own benchmark (TPC-B-like, scale 10), on the same server."""
    subprocess.run([str(programs / "pgbench"), "-i", "-q", "-s", "10", rig.url], check=True, capture_output=True)
    command = [str(programs / "pgbench"), "-c", str(BARE_CONNECTIONS), "-T", str(PGBENCH_SECONDS), rig.url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    (rate,) = re.findall(r"tps = ([0-9.]+)", done.stdout)
    return f"| pgbench on the same server, transactions per second | {float(rate):.0f} | | information: TPC-B-like, scale 10, {BARE_CONNECTIONS} connections |"


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--activations", type=int, default=5_000)
    options.add_argument("--many-keys", type=int, default=MANY_KEYS)
    print("\n".join(rows(options.parse_args())))
