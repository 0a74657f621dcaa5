"""The rows of `muster.license`: what a check costs a vendor's program, warm, after a change, and in a new process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402

from muster.client.core.machine import keep  # noqa: E402
from muster.license import License  # noqa: E402
from muster.license.folder import read_record, vendor_folder  # noqa: E402
from muster.wire.record import encode_record  # noqa: E402
from tests.worlds.network_world import Office, activate, parts  # noqa: E402

CHECKS = 20_000
CHANGES = 200
PROCESSES = 15


def rows() -> list[str]:
    """Rows of the table."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        office = Office(Path(name))
        office.host(machines=24)
        machine = office.machine()
        licence = License.open(
            "acme-cad-pro",
            vendor=office.vendor.fingerprint.hex(),
            home=Path(name) / "machine-1",
            clock=office.clock,
            hardware=parts(1),
        )
        records = []
        for _ in range(CHANGES):
            activate(machine)
            records.append(read_record(vendor_folder(Path(name) / "machine-1", office.vendor.fingerprint[:8])))
        assert str(licence.state) == "LICENSED"
        warm = timeit.timeit(lambda: licence.state, number=CHECKS) / CHECKS * 1e6
        path = vendor_folder(Path(name) / "machine-1", office.vendor.fingerprint[:8]).record
        changed = []
        for record in records:
            assert record is not None
            beside = path.with_name("beside")
            beside.write_bytes(encode_record(keep(record, record.editions[0])))
            beside.replace(path)
            begun = timeit.default_timer()
            assert str(licence.state) == "LICENSED"
            changed.append((timeit.default_timer() - begun) * 1e6)
        limit = 2 * _verify() + 200
        cold = _cold(
            f"from muster.license import License; License.open('acme-cad-pro', home={name + '/machine-1'!r}).state"
        )
    return [
        f"| `muster.license`, nothing changed, µs | {warm:.0f} | < 50 | – |",
        f"| after a change on disk, µs | {statistics.median(changed):.0f} | <= {limit:.0f} | two verifications and 200 µs |",
        f"| a new process, everything verified, ms | {cold:.0f} | <= 60 | more than `python -c pass` |",
    ]


def _verify() -> float:
    private, message = Ed25519PrivateKey.generate(), bytes(200)
    signature, public = private.sign(message), private.public_key()
    return timeit.timeit(lambda: public.verify(signature, message), number=2000) / 2000 * 1e6


def _cold(code: str) -> float:
    """Milliseconds of a new process beyond those of an empty one; taken in turns, so that both meet the same load."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {code: [], "pass": []}
    for _ in range(PROCESSES):
        for run, taken in times.items():
            begun = timeit.default_timer()
            subprocess.run([sys.executable, "-c", run], check=True, env=environment)
            taken.append((timeit.default_timer() - begun) * 1000)
    return statistics.median(times[code]) - statistics.median(times["pass"])


if __name__ == "__main__":
    print("\n".join(rows()))
