"""``muster client request`` and ``confirm --file`` as processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from muster.base.clock import SystemClock
from muster.wire.activation import decode_request
from muster.wire.armour import ACTIVATION_REPLY, ACTIVATION_REQUEST, armour, dearmour
from tests.programs.test_client_diagnose import told
from tests.worlds.vendor_keys import CAD_PRO, CertifiedHost, VendorKeys

TODAY = SystemClock().now()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A machine with a generic key and no activation."""
    place, file = tmp_path / "machine", tmp_path / "acme.muster"
    file.write_text(VendorKeys(opened=TODAY).product_file())
    done = told(place, "install", str(file), "--edition", CAD_PRO.name)
    assert done.returncode == 0, done.stderr
    return place


def test_a_request_goes_out_and_a_reply_comes_in(home: Path, tmp_path: Path) -> None:
    asked, reply = tmp_path / "asked", tmp_path / "reply"
    done = told(home, "request", "--out", str(asked))
    assert done.returncode == 0, done.stderr
    body = dearmour(asked.read_text(), ACTIVATION_REQUEST)
    assert decode_request(body).edition == CAD_PRO.id
    reply.write_text(armour(ACTIVATION_REPLY, CertifiedHost(VendorKeys(opened=TODAY)).reply(body, count=4, at=TODAY)))
    below = told(home, "confirm", "--file", str(reply), "--json")
    assert below.returncode == 1
    row = json.loads(below.stdout)
    assert (row["count"], row["last_error"]["code"]) == (4, "COUNT_BELOW_THRESHOLD")
    again = told(home, "confirm", "--file", str(reply))
    assert again.returncode == 1
    assert "NOT_FOUND" in again.stderr


def test_a_qr_code_and_a_file_exclude_each_other(home: Path, tmp_path: Path) -> None:
    shown = told(home, "request", "--qr")
    assert shown.returncode == 0, shown.stderr
    assert "█" in shown.stdout
    assert told(home, "request").returncode == 2
    assert told(home, "request", "--qr", "--out", str(tmp_path / "asked")).returncode == 2
