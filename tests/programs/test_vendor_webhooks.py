"""`muster vendor serve` tells a webhook by itself, over TLS, soon after it happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from muster.vendor.ports import Search
from muster.vendor.service import webhooks
from tests.worlds.vendor_world import PASSPHRASE, Acme, hardware, machine
from tests.worlds.webhook_receiver import receiving

_MAIN = "import sys; from muster.cli import main; sys.exit(main())"
SERVE = (sys.executable, "-c", _MAIN, "vendor", "serve", "--listen", "127.0.0.1:0")
PATIENCE_SECONDS = 60


def test_a_key_that_ran_out_is_told_by_the_service_itself(tmp_path: Path) -> None:
    with receiving(tmp_path / "receiver") as receiver, closing(Acme(tmp_path / "acme")) as acme:
        made = webhooks.add_webhook(acme.vendor, receiver.address, ["key.exhausted"])
        receiver.secret = made.secret
        acme.confirm(machine(acme.mak(activations=1), hardware(1)))
        around = {
            **os.environ,
            "MUSTER_HOME": str(acme.home),
            "MUSTER_PASSPHRASE": PASSPHRASE,
            "MUSTER_VENDOR_WEBHOOKS_INSIDE": "true",
            "SSL_CERT_FILE": str(receiver.authority),
        }
        with subprocess.Popen(SERVE, env=around, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert receiver.told_one.wait(PATIENCE_SECONDS)
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) in (0, -signal.SIGTERM)
        assert [told["type"] for told in receiver.told] == ["key.exhausted"]
        (row,) = acme.vendor.store.run(lambda books: books.list_deliveries(Search())).rows
        assert (row.state, row.tries, row.answer) == ("delivered", 1, "HTTP 200")
