"""Asking a machine: its licensing service where one runs, else the work is done here, within the rights of files."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from muster.base.errors import Code, MusterError
from muster.client.adapters.control_caller import call
from muster.client.adapters.inspection import LookingOn
from muster.client.adapters.state_folder import PRODUCTS, locked
from muster.client.app import offered, open_machine
from muster.client.core.control import Request, decode_answer, encode_request, make_request, read_error
from muster.client.service.operations import Desk, perform

__all__ = ["ask", "read_error"]

BUSY_TURNS = 20
TURN_SECONDS = 0.1
DIAGNOSE = "diagnose"


def ask(home: Path, name: str, **parameters: Any) -> dict[str, Any]:
    """The answer to the operation `name` of spec/control.md; raises `MusterError` with code, cause and hint.

    A home that another process holds is tried again for two seconds: a service that starts listens a moment later, and
    another command is soon done.
    """
    request = make_request(name, parameters)
    body, pause = encode_request(request), threading.Event()
    for turn in range(BUSY_TURNS):
        answer = call(home, body)
        if answer is not None:
            return decode_answer(answer)
        try:
            return _do(home, request)
        except MusterError as error:
            if error.code is not Code.HOME_IN_USE or turn == BUSY_TURNS - 1:
                raise
        pause.wait(TURN_SECONDS)
    raise AssertionError("the last turn returns or raises")


def _do(home: Path, request: Request) -> dict[str, Any]:
    if not request.operation.changes:
        if request.name != DIAGNOSE:  # which touches nothing
            _take_offered(home)
        return asyncio.run(perform(Desk(open_machine(home), LookingOn(home)), request))
    with locked(home):
        machine = open_machine(home)
        offered(machine)
        return asyncio.run(perform(Desk(machine, LookingOn(home)), request))


def _take_offered(home: Path) -> None:
    """Install new files of ``products.d`` where this user may do that."""
    if not (home / PRODUCTS).is_dir():
        return
    try:
        with locked(home):
            offered(open_machine(home))
    except MusterError:
        pass
