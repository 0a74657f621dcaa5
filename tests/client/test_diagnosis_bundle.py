"""What a bundle for support hides, and what it keeps."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from muster.client import app as client
from muster.client.core.choices import Choices
from muster.client.service.bundling import StandIns
from tests.worlds.looking import Looking
from tests.worlds.network_world import KMS1, KMS2, ZONE, Office, activate


@pytest.mark.parametrize(
    "text",
    [
        "kms1.corp.example",
        "192.0.2.10",
        "2001:db8::17",
        "fe80::1",
        "/home/alice/.local/share/muster",
        "0123456789abcdef0123456789abcdef",
        "…4TKQ7",
    ],
)
def test_what_names_somebody_is_hidden(text: str) -> None:
    assert text not in StandIns().hide(f"about {text}: connection refused")
    assert "connection refused" in StandIns().hide(f"about {text}: connection refused")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 09:00:00 UTC, within 4 hours of the activation host's",
        "until 2027-05-23 09:00 UTC",
        "4 of 25 machines have asked the activation host",
        "INITIAL_GRACE: never activated",
        "covers acme-cad-pro",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert StandIns().hide(text) == text


def test_a_name_without_a_dot_is_hidden_when_it_is_known() -> None:
    hidden = StandIns(("kms", "alices-laptop")).hide("kms:1688 refused alices-laptop")
    assert "kms" not in hidden
    assert "alice" not in hidden


def test_the_same_name_has_the_same_stand_in() -> None:
    hidden = StandIns().hide("kms1.corp.example and KMS1.corp.example, not kms2.corp.example")
    first, second, third = (word for word in hidden.replace(",", "").split(">") if word.strip())
    assert first.strip().removeprefix("and ") == second.strip().removeprefix("and ")
    assert third.strip().removeprefix("not ") != first.strip()


def test_a_bundle_holds_states_codes_and_events_but_no_names(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.host(KMS1, machines=3)
    office.host(KMS2, machines=3)
    machine = office.machine()
    activate(machine)
    machine.state.save_choices(Choices(hosts=(str(KMS1), "printer:1688")))
    found = asyncio.run(client.diagnose(machine, Looking(office.network)))
    bundle = client.bundle(machine, found)
    text = json.dumps(bundle)
    status = client.report(machine.scene(None))
    for name in (KMS1.host, KMS2.host, ZONE, "printer", "192.0.2", status["client_id"], status["partial_key"]):
        assert name not in text
    assert bundle["diagnosis"]["verdict"]["code"] == "COUNT_BELOW_THRESHOLD"
    assert bundle["editions"][0]["last_error"] == "COUNT_BELOW_THRESHOLD"
    assert any(event["event"] == "activation.failed" for event in bundle["events"])
    assert [step["step"] for step in bundle["diagnosis"]["steps"]][:3] == ["state folder", "product file", "vendor"]
