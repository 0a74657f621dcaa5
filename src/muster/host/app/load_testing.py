"""What this machine would carry as a host: a real host process, a vendor of its own, a store on the same disk.

The certificates and keys of the real host are neither used nor touched; everything is gone afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from muster.base.clock import SystemClock
from muster.base.entropy import SystemEntropy
from muster.base.errors import Code, Misconfigured, MusterError
from muster.host.adapters.home_folder import HomeFolder
from muster.host.app.setting_up import confirm, installation_id, set_up
from muster.host.core.forecast import Forecast, forecast
from muster.host.core.settings import parse_endpoint
from muster.host.service.load import Load, ask_for
from muster.host.service.throwaway import Throwaway
from muster.platform.durable_file import make_folder
from muster.trust.chain import verify_answer
from muster.wire.calendar import day_number

MAX_SECONDS = 3_600.0
MAX_CONNECTIONS = 1_024
STOP_SECONDS = 10.0
_CHANCE_BYTES = 48
_COMMAND = (sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "host", "serve")
_LISTENING = "listening on "


def load_test(home: Path, seconds: float, connections: int, tick: Callable[[float], None]) -> Forecast:
    """Ask a host on loopback for so many seconds. `home` may be empty: its disk and its settings' renewal interval count.

    `Misconfigured` for numbers that make no sense; `MusterError` when the host does not come up or answers wrongly.
    """
    if not 0 < seconds <= MAX_SECONDS or not 1 <= connections <= MAX_CONNECTIONS:
        raise Misconfigured(
            Code.USAGE,
            f"{seconds:g} seconds over {connections} connections cannot be measured",
            f"up to {MAX_SECONDS:g} seconds and {MAX_CONNECTIONS} connections",
        )
    make_folder(home)
    renewal = HomeFolder(home).settings().renewal
    entropy, clock = SystemEntropy(), SystemClock()
    vendor = Throwaway(entropy, day_number(clock.now()))
    with tempfile.TemporaryDirectory(prefix="load-test-", dir=home) as name:
        own = Path(name)
        set_up(own, vendor.product_file, vendor.key, clock=clock)
        confirm(own, vendor.confirm(installation_id(own)), clock=clock)
        (own / "host.toml").write_text("[dns]\npublish = false\n")
        with _serving(own) as address:
            load = uvloop.run(_ask(address, seconds, connections, vendor, tick))
    for asked, answer in load.samples:
        verify_answer(asked, answer, vendor.trusted)
    return forecast(load.seconds, load.waits, load.failed, len(load.samples), renewal)


async def _ask(
    address: tuple[str, int], seconds: float, connections: int, vendor: Throwaway, tick: Callable[[float], None]
) -> Load:
    entropy = SystemEntropy()
    return await ask_for(address, seconds, connections, lambda: vendor.request(entropy.token(_CHANCE_BYTES)), tick)


@contextmanager
def _serving(home: Path) -> Iterator[tuple[str, int]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    command = [*_COMMAND, "--home", str(home), "--listen", "127.0.0.1:0", "--log-level", "warning"]
    process = subprocess.Popen(  # noqa: S603 - this very program
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith(_LISTENING):
            said = process.stderr.read() if process.stderr else ""
            raise MusterError(Code.INTERNAL, f"the host did not come up: {said.strip()[-400:]}", "see its message")
        yield parse_endpoint(line.removeprefix(_LISTENING).strip(), 0)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
