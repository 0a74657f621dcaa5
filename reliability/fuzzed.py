"""R5: every decoder under a fuzzer that is led by coverage. What is no acceptance and no refusal is a find.

Each starts with the strings of its vectors and with what earlier runs kept in `corpora/`; inputs that reached something new
are merged into it. A find becomes a vector or stays in the corpus.

The long form takes hours. Which decoders it has done stands in `corpora/long.json`: when it is broken off, it goes on with the
others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from reliability.decoders import CORPORA, DECODERS, MAX_INPUT, attempt, corpus, seeds
from reliability.figure import Figure, none_of

AT_ONCE = 2
LONG = CORPORA / "long.json"
LASTS = timedelta(days=30)
"""So long a decoder counts as done."""

PAGE = Path(__file__).resolve().parents[1] / "docs" / "develop" / "fuzzing.md"
_NOTING = Lock()
KEPT_BYTES = 1_024
"""Inputs that are longer are not kept in the repository."""

KEPT_INPUTS = 12
SCRIPT = Path(__file__).with_name("fuzz.py")
MANY = 10_000_000
HANG_SECONDS, PAUSED_SECONDS = 10, 3_600
"""How long one input may take. A run of hours may be stopped meanwhile by who needs the machine: the clock goes on."""


class Run(NamedTuple):
    """What one fuzzer did; `find` is the last line of what it said about a find."""

    name: str
    executions: int
    coverage: int
    find: str


def replayed(_folder: Path) -> list[Figure]:
    """Every seed and everything kept, once, without a fuzzer."""
    executions, finds = 0, list[str]()
    for name in DECODERS:
        for data in (*seeds(name), *corpus(name)):
            executions += 1
            try:
                attempt(name, data)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a find
                finds.append(f"{name}: {type(error).__name__} on {data[:40].hex()}")
    what = f"finds{': ' if finds else ''}{'; '.join(finds[:3])}"
    return [
        Figure("decoders, inputs", f"{len(DECODERS)}, {executions}", "all", executions > 1_000),
        none_of(what, len(finds)),
    ]


def fuzzed(folder: Path, seconds: int) -> list[Figure]:
    """Each decoder for so many seconds, or (0) only what is kept, or (-1) ten million times unless it was lately."""
    if not seconds:
        return replayed(folder)
    today = datetime.now(UTC).date()
    done = _done(today)
    names = [name for name in DECODERS if seconds > 0 or name not in done]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(pool.map(lambda name: _noted(_run(folder / name, name, seconds), today), names))
    if seconds < 0:
        done = _done(today)
        runs += [run for name, (run, _) in done.items() if name not in names]
    finds = [f"{run.name}: {run.find}" for run in runs if run.find]
    fewest = min(runs, key=lambda run: run.executions)
    PAGE.write_text(_page(runs, today))
    wanted = MANY if seconds < 0 else 1
    since = min((on for _, on in done.values()), default=today)
    return [
        *replayed(folder),
        Figure(f"decoders with {MANY:,} executions since {since}", f"{len(done)} of {len(DECODERS)}", "–", True),
        Figure(
            "fewest executions of a decoder",
            f"{fewest.executions} ({fewest.name})",
            f">= {wanted}",
            fewest.executions >= wanted,
        ),
        Figure("executions in all", str(sum(run.executions for run in runs)), "–", True),
        Figure(
            "edges covered in all, by decoder", f"{sum(run.coverage for run in runs)}, [fuzzing](fuzzing.md)", "–", True
        ),
        none_of(f"decoders with a find{': ' if finds else ''}{'; '.join(finds)}".replace("|", "/"), len(finds)),
    ]


def _page(runs: list[Run], today: date) -> str:
    """Decoder by decoder: this run, the last long one, and what is kept."""
    done = _done(today)
    lines = []
    for run in sorted(runs, key=lambda run: run.name):
        long, on = done.get(run.name, (None, None))
        whole = f"{long.executions:,} on {on}" if long else "not yet"
        kept = sum(1 for _ in corpus(run.name))
        lines.append(
            f"| `{run.name}` | {run.executions:,} | {run.coverage} | {whole} | {len({*seeds(run.name)})} | {kept} |"
        )
    head = "| decoder | executions | edges covered | long run | seeds | kept |\n|---|---|---|---|---|---|\n"
    return (
        "# Fuzzing\n\n"
        "Row R5 of [reliability](reliability.md), decoder by decoder, written by the run itself: everything that reads bytes "
        "or text from outside, under libFuzzer (atheris). What is neither accepted nor refused in our own words is a find; what "
        "is accepted must encode to the same bytes, and where it is CBOR, cbor2 must read and write it so, too. Seeds are the "
        "strings of the vectors; what else reached something new is kept in `reliability/corpora`. Edges covered are those of "
        "Python code that the fuzzer sees, so they compare a decoder with itself only.\n\n"
        f"{today}.\n\n{head}" + "\n".join(lines) + "\n"
    )


def _done(today: date) -> dict[str, tuple[Run, date]]:
    """What the long form did in the last weeks, without a find, and when."""
    found: dict[str, tuple[Run, date]] = {}
    kept = json.loads(LONG.read_text()) if LONG.exists() else {}
    for name, row in kept.items():
        on = date.fromisoformat(row["on"])
        if name in DECODERS and today - on <= LASTS:
            found[name] = Run(name, row["executions"], row["coverage"], ""), on
    return found


def _noted(run: Run, today: date) -> Run:
    """The run, written down when it was a long one that found nothing."""
    if run.executions >= MANY and not run.find:
        with _NOTING:
            kept = json.loads(LONG.read_text()) if LONG.exists() else {}
            kept[run.name] = {"executions": run.executions, "coverage": run.coverage, "on": str(today)}
            LONG.write_text(json.dumps(kept, indent=2) + "\n")
    return run


def _run(folder: Path, name: str, seconds: int) -> Run:
    begin, found, merged = folder / "seeds", folder / "found", folder / "merged"
    for new in (begin, found, merged):
        new.mkdir(parents=True)
    for data in (*seeds(name), *corpus(name)):
        if len(data) <= MAX_INPUT:
            (begin / sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    much = f"-runs={MANY}" if seconds < 0 else f"-max_total_time={seconds}"
    limits = f"-max_len={MAX_INPUT}", f"-timeout={PAUSED_SECONDS if seconds < 0 else HANG_SECONDS}"
    said = _fuzz(folder, name, found, begin, much, *limits, "-print_final_stats=1")
    executions = re.findall(r"stat::number_of_executed_units: (\d+)", said)
    coverage = re.findall(r"cov: (\d+)", said)
    crashes = [
        line.strip()
        for line in said.splitlines()
        if re.match(r"\S*(Error|Exception)\b|==\d+== ERROR|ALARM", line.strip())
    ]
    for crash in (*folder.glob("crash-*"), *folder.glob("timeout-*")):
        shutil.copy(crash, _kept(name) / crash.name)
    if not crashes and executions:
        _fuzz(folder, name, merged, found, "-merge=1", f"-max_len={KEPT_BYTES}")
        _keep(name, merged)
    # A process that ended without its figures did not do its work, whatever it said.
    find = crashes[-1] if crashes else "" if executions else said.strip()[-200:].replace("\n", " ")
    return Run(name, int(executions[0]) if executions else 0, int(coverage[-1]) if coverage else 0, find)


def _fuzz(folder: Path, name: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(SCRIPT), name, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ})
    return done.stdout + done.stderr


def _kept(name: str) -> Path:
    folder = CORPORA / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _keep(name: str, merged: Path) -> None:
    """The shortest inputs that are not among the seeds, as many as the repository should carry."""
    have = {*seeds(name), *corpus(name)}
    room = KEPT_INPUTS - sum(1 for _ in corpus(name))
    files = sorted(merged.iterdir(), key=lambda file: file.stat().st_size)
    fresh = [data for file in files if (data := file.read_bytes()) and len(data) <= KEPT_BYTES and data not in have]
    for data in fresh[: max(0, room)]:
        (_kept(name) / sha1(data, usedforsecurity=False).hexdigest()[:16]).write_bytes(data)
