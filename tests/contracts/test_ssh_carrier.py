"""Requests reach machines over real SSH servers; keys are pinned, answers are bounded."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Unreachable, Untrusted
from muster.console.adapters.ssh import SshCarrier
from muster.console.core.answer import MAX_ANSWER_BYTES
from muster.console.core.carriage import SshSettings
from muster.console.core.targets import Target
from muster.console.ports import Machine
from tests.worlds.clocks import MORNING
from tests.worlds.ssh_machines import LOOPBACK, SshMachine, SshMachines, make_key


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshMachines]:
    world = SshMachines(tmp_path_factory.mktemp("ssh"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def echo(world: SshMachines) -> SshMachine:
    """It answers with what it was asked."""
    return world.add("echo", "cat")


def machine(target: Target) -> Machine:
    return Machine(1, target, "list", MORNING)


def carrier(world: SshMachines, **settings: Any) -> SshCarrier:
    given: dict[str, Any] = {
        "keys": (str(world.key),),
        "agent": False,
        "user": "root",
        "answer_time": timedelta(seconds=20),
    } | settings
    return SshCarrier(SshSettings(**given))


def ask(carrier: SshCarrier, target: Target, pinned: str = "", request: bytes = b"{}") -> tuple[bytes, str]:
    async def run(do: Callable[[], Awaitable[tuple[bytes, str]]]) -> tuple[bytes, str]:
        try:
            return await do()
        finally:
            await carrier.close()

    return asyncio.run(run(lambda: carrier.ask(machine(target), pinned, request)))


def refused(carrier: SshCarrier, target: Target, pinned: str = "") -> MusterError:
    with pytest.raises(MusterError) as told:
        ask(carrier, target, pinned)
    return told.value


def test_a_request_goes_in_and_the_answer_comes_back_with_the_key_that_was_shown(
    world: SshMachines, echo: SshMachine
) -> None:
    request = b'{"text": "\xc3\xbc\x00\xff"}' * 1_000
    assert ask(carrier(world), echo.target, request=request) == (request, echo.host_key)
    assert ask(carrier(world), echo.target, echo.host_key) == (b"{}", echo.host_key)


def test_a_key_that_was_never_met_is_refused_when_learning_is_off(world: SshMachines, echo: SshMachine) -> None:
    error = refused(carrier(world, learn=False), echo.target)
    assert (type(error), error.code) == (Untrusted, Code.MACHINE_UNTRUSTED)
    assert "SHA256:" in error.message


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_changed_key_is_refused_and_shown(world: SshMachines, kind: str) -> None:
    changing = world.add(f"changing-{kind}", "cat")
    _, before = ask(carrier(world), changing.target)
    changing.change_key(kind)
    error = refused(carrier(world), changing.target, before)
    assert (type(error), error.code) == (Untrusted, Code.MACHINE_UNTRUSTED)
    assert "SHA256:" in error.message


def test_a_pinned_rsa_key_is_known_again(world: SshMachines) -> None:
    old = world.add("old", "cat", kind="rsa")
    _, shown = ask(carrier(world), old.target)
    assert shown.startswith("ssh-rsa ")
    assert ask(carrier(world), old.target, shown)[1] == shown


def test_another_login_key_is_refused(world: SshMachines, echo: SshMachine, tmp_path: Path) -> None:
    error = refused(carrier(world, keys=(str(make_key(tmp_path / "stranger")),)), echo.target)
    assert (type(error), error.code) == (Refused, Code.MACHINE_REFUSED)


def test_nobody_listens(world: SshMachines) -> None:
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        error = refused(carrier(world), Target("dead", LOOPBACK, bound.getsockname()[1]))
    assert (type(error), error.code) == (Unreachable, Code.MACHINE_UNREACHABLE)


def test_what_listens_speaks_no_ssh(world: SshMachines) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        target = Target("silent", LOOPBACK, silent.getsockname()[1])
        error = refused(carrier(world, connect_time=timedelta(seconds=1)), target)
    assert (type(error), error.code) == (Unreachable, Code.MACHINE_UNREACHABLE)


def test_a_machine_that_never_ends_is_left(world: SshMachines) -> None:
    slow = world.add("slow", "sleep 15")
    error = refused(carrier(world, answer_time=timedelta(seconds=1)), slow.target)
    assert (type(error), error.code) == (Unreachable, Code.MACHINE_UNREACHABLE)
    assert "within 1 second" in error.message


def test_an_endless_answer_is_cut(world: SshMachines) -> None:
    error = refused(carrier(world), world.add("endless", "cat /dev/zero").target)
    assert (type(error), error.code) == (Malformed, Code.ANSWER_MALFORMED)
    assert str(MAX_ANSWER_BYTES) in error.message


def test_a_command_without_an_answer_is_told_in_its_own_words(world: SshMachines) -> None:
    bare = world.add("bare", r"printf '\033]0;owned\007no muster here\nmore' >&2; exit 127")
    error = refused(carrier(world), bare.target)
    assert (type(error), error.code) == (Refused, Code.MACHINE_REFUSED)
    assert "no muster here" in error.message
    assert error.message.isprintable()


def test_a_jump_host_is_gone_through_once_its_key_is_known(
    world: SshMachines, echo: SshMachine, tmp_path: Path
) -> None:
    jump = world.add("jump", forwarding=True)
    known = tmp_path / "known_hosts"
    known.write_text("")
    through = {"jump": f"root@{LOOPBACK}:{jump.target.port}", "known_hosts": str(known)}
    assert refused(carrier(world, **through), echo.target).code is Code.MACHINE_UNTRUSTED
    known.write_text(f"[{LOOPBACK}]:{jump.target.port} {jump.host_key}\n")
    assert ask(carrier(world, **through), echo.target) == (b"{}", echo.host_key)
    # Who is named there logs in there, and not the user of the machines.
    through["jump"] = f"nobody@{LOOPBACK}:{jump.target.port}"
    assert refused(carrier(world, **through), echo.target).code is Code.MACHINE_REFUSED


@pytest.mark.parametrize("text", ["", "no key"])
def test_a_key_file_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    if text:
        path.write_text(text)
    with pytest.raises(Misconfigured) as told:
        SshCarrier(SshSettings(keys=(str(path),)))
    assert str(path) in told.value.message


def test_settings_never_show_a_passphrase() -> None:
    assert "secret" not in repr(SshSettings(passphrase="secret"))
