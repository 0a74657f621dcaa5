"""The host put together from its real parts, for the command line and for whoever runs one in its own process.

set_up(home, product_file, key); print(installation_id(home)); confirm(home, digits)
host = await RunningHost.start(home, listen=["127.0.0.1:0"]); host.address; await host.stop()
"""

from __future__ import annotations

from muster.host.app.activating import activate
from muster.host.app.answering_files import FileAnswer, answer_file
from muster.host.app.inventory import Wanted, events, machines
from muster.host.app.keeping import backup, restore
from muster.host.app.load_testing import load_test
from muster.host.app.looking import look
from muster.host.app.publishing import lines, plan, publish, retire
from muster.host.app.reporting import report
from muster.host.app.running import RunningHost
from muster.host.app.setting_up import (
    confirm,
    confirm_file,
    initialise,
    install,
    install_key,
    installation_file,
    installation_id,
    set_up,
    vendors_service,
)
from muster.host.app.status import Status, status
from muster.host.core.identity import Identity
from muster.host.core.publication import ZoneRecords
from muster.host.ports import Publication

__all__ = [
    "FileAnswer",
    "Identity",
    "Publication",
    "RunningHost",
    "Status",
    "Wanted",
    "ZoneRecords",
    "activate",
    "answer_file",
    "backup",
    "confirm",
    "confirm_file",
    "events",
    "initialise",
    "install",
    "install_key",
    "installation_file",
    "installation_id",
    "lines",
    "load_test",
    "look",
    "machines",
    "plan",
    "publish",
    "report",
    "restore",
    "retire",
    "set_up",
    "status",
    "vendors_service",
]
