from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from muster.trust.hardware import installation_parts, same_hardware
from muster.trust.installation import directory_id, directory_subject, host_id, is_tag_good, machine_id
from muster.wire.installation import DirectoryId, HostId, InstallationId, MachineId
from tests.worlds import legal_values as legal
from tests.worlds.machines import DESK, LAPTOP

SECRET = bytes(range(32))
MACHINE = machine_id(b"referenc", SECRET, 1001, DESK)
HOST = host_id(b"referenc", SECRET, bytes(range(32)))
DIRECTORY = directory_id(b"referenc", SECRET, directory_subject(b"a directory"))


@pytest.mark.parametrize("installation", [MACHINE, HOST, DIRECTORY], ids=["machine", "host", "directory"])
def test_whoever_holds_the_key_makes_a_good_tag(installation: InstallationId) -> None:
    assert is_tag_good(installation, SECRET)
    assert not is_tag_good(installation, bytes(32))


@pytest.mark.parametrize(
    ("installation", "changes"),
    [
        (MACHINE, {"edition": 1002}),
        (MACHINE, {"reference": b"REFERENC"}),
        (MACHINE, {"parts": bytes(8)}),
        (MACHINE, {"tag": bytes(4)}),
        (HOST, {"subject": bytes(32)}),
        (HOST, {"reference": b"REFERENC"}),
        (DIRECTORY, {"subject": bytes(32)}),
    ],
)
def test_the_tag_holds_every_field(installation: Any, changes: dict[str, Any]) -> None:
    assert not is_tag_good(installation._replace(**changes), SECRET)


def test_the_id_of_a_host_is_not_that_of_a_directory() -> None:
    assert not is_tag_good(DirectoryId(HOST.reference, HOST.subject, HOST.tag), SECRET)
    assert not is_tag_good(HostId(DIRECTORY.reference, DIRECTORY.subject, DIRECTORY.tag), SECRET)


def test_the_parts_of_a_machine_survive_a_new_system_on_it() -> None:
    again = machine_id(b"referenc", SECRET, 1001, DESK)
    elsewhere = machine_id(b"referenc", SECRET, 1001, LAPTOP)

    assert again == MACHINE
    assert MACHINE.parts == installation_parts(DESK, SECRET)
    assert not same_hardware(MACHINE.parts, elsewhere.parts)


@given(machine=legal.machine_ids)
def test_an_invented_tag_is_wrong(machine: MachineId) -> None:
    """One in four thousand million might be right; a hundred examples do not meet it."""
    assert not is_tag_good(machine, SECRET)


def test_directories_are_told_apart_by_their_ids() -> None:
    assert directory_subject(b"one") != directory_subject(b"other")
    assert len(directory_subject(b"")) == 32
