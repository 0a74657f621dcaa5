"""docs/vendor/sunset.md: with the policy that stands there a machine works for fifty years without host, vendor or licence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError
from muster.client import app as client
from muster.vendor import app as vendor
from muster.wire.activation import State
from tests.worlds.clocks import HandClock
from tests.worlds.machines import DESK
from tests.worlds.vendor_world import DEFINITION, Acme

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "vendor" / "sunset.md").read_text(encoding="utf-8")
PRO = "acme-cad-pro"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[bytes, bytes]]:
    """The product file as it always was, and the last one."""
    (policy,) = re.findall(r"^```toml\n(\[policy\]\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    with closing(Acme(tmp_path_factory.mktemp("acme"))) as acme:
        usual = vendor.export_product(acme.vendor).encode()
        vendor.import_product(acme.vendor, DEFINITION + policy, "product.toml")
        yield usual, vendor.export_product(acme.vendor).encode()


class Machine:
    """A machine that nobody answers."""

    def __init__(self, home: Path) -> None:
        self.clock = HandClock()
        self.machine = client.open_machine(home, environment={}, clock=self.clock, hardware=DESK, virtual=False)

    def install(self, text: bytes, edition: str | None = None) -> None:
        client.install(self.machine, text, edition=edition)

    def state(self) -> State:
        return self.machine.scene(PRO).standing().state


def test_the_last_product_file_gives_a_machine_its_function_back_for_good(
    files: tuple[bytes, bytes], tmp_path: Path
) -> None:
    usual, last = files
    here = Machine(tmp_path)
    here.install(usual, PRO)
    here.clock.move(days=31)
    assert here.state() is State.NOTIFICATION
    here.install(last)
    assert here.state() is State.INITIAL_GRACE
    here.clock.move(days=50 * 365)
    assert here.state() is State.INITIAL_GRACE


def test_it_can_be_installed_for_ten_years_and_is_refused_afterwards(
    files: tuple[bytes, bytes], tmp_path: Path
) -> None:
    _, last = files
    late = Machine(tmp_path / "late")
    late.clock.move(days=10 * 365 - 1)
    late.install(last, PRO)
    assert late.state() is State.INITIAL_GRACE
    too_late = Machine(tmp_path / "too late")
    too_late.clock.move(days=10 * 365 + 2)
    with pytest.raises(MusterError) as refused:
        too_late.install(last, PRO)
    assert refused.value.code is Code.KEYSET_TOO_OLD
