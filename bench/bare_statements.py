"""The limit that the vendor's service is measured against: an asyncio loop of psycopg that runs the same statements.

python -c "from bench.bare_statements import main; …" URL CONNECTIONS WORK_FILE

WORK_FILE is a pickle of `Work`. Prints one JSON object: done, again (serialization failures), seconds, processor (seconds).
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg


@dataclass(frozen=True)
class Statement:
    """`same` parameters do not differ between machines; `places` are (parameter, name of a machine's value)."""

    sql: str
    same: dict[str, Any]
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Work:
    """What is done for each machine: transactions with their isolation, and the machines' values."""

    transactions: tuple[tuple[psycopg.IsolationLevel, tuple[Statement, ...]], ...]
    machines: tuple[dict[str, Any], ...]


def main() -> None:
    """Run all machines of the command line once."""
    # Written by bench/vendor.py a moment ago.
    asyncio.run(_all(pickle.loads(Path(sys.argv[3]).read_bytes())))  # noqa: S301


async def _all(work: Work) -> None:
    machines = iter(work.machines)
    again = done = 0

    async def loop(connection: psycopg.AsyncConnection[Any]) -> None:
        nonlocal again, done
        for machine in machines:
            for level, statements in work.transactions:
                if connection.isolation_level is not level:
                    await connection.set_isolation_level(level)
                while True:
                    try:
                        for statement in statements:
                            own = {parameter: machine[name] for parameter, name in statement.places}
                            cursor = await connection.execute(statement.sql, statement.same | own)
                            if cursor.description:
                                await cursor.fetchall()
                        await connection.commit()
                        break
                    except psycopg.errors.SerializationFailure:
                        again += 1
                        await connection.rollback()
            done += 1

    connections = [await psycopg.AsyncConnection.connect(sys.argv[1]) for _ in range(int(sys.argv[2]))]
    begun, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(loop(connection) for connection in connections))
    taken = time.perf_counter() - begun
    print(json.dumps({"done": done, "again": again, "seconds": taken, "processor": time.process_time() - processor}))
    for connection in connections:
        await connection.close()
