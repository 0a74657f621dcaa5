"""One decoder under libFuzzer (atheris): `python reliability/fuzz.py DECODER FOLDER... [-runs=N -max_total_time=SECONDS]`.

A find stops it, and the input is kept as libFuzzer says. Run by `reliability.fuzzed`.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Installed by `make reliability` only, and without types.
import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["muster"]):
    from reliability.decoders import attempt


def main() -> None:
    """Until libFuzzer ends the process."""
    name = sys.argv.pop(1)
    # What libFuzzer has the shell run when it merges: it starts itself again for each part.
    sys.argv[0] = f"{sys.executable} {Path(__file__).resolve()} {name}"

    def one(data: bytes) -> None:
        attempt(name, data)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
