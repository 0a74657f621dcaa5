"""What a fleet file may say, and what then has to be done about a machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from muster.base.config import load_text
from muster.base.errors import Misconfigured, SettingMistake
from muster.client.core.choices import Choices, with_hosts, with_type
from muster.client.core.fleet import Fleet, MachineTable, Offer, ProductTable, make_offer
from muster.client.core.plan import Seen, plan
from muster.trust.product import open_product
from muster.trust.productkey import KeyKind, make_key
from tests.worlds.vendor_keys import CAD_PRO, OFFICE_PRO, VendorKeys

ACME = VendorKeys()
TEXT = ACME.product_file()
PRODUCT = open_product(TEXT)
MAK = make_key(KeyKind.MAK, CAD_PRO.id, bytes(range(11)))
HOST_KEY = make_key(KeyKind.HOST, CAD_PRO.id, bytes(range(11)))


def offer(**given: Any) -> Offer:
    return make_offer(ProductTable("acme.muster", **given), TEXT, PRODUCT)


def seen(partial: str | None = None, state: str = "INITIAL_GRACE", method: str | None = None) -> Seen:
    """A machine with this very product file."""
    row = {"partial_key": partial, "state": state, "method": method}
    rows = {CAD_PRO.name: row} if partial else {}
    return Seen(rows, {PRODUCT.fingerprint: PRODUCT.claims.serial})


def asked(machine: MachineTable, offers: list[Offer], found: Seen) -> list[str]:
    return [step.operation for step in plan(machine, offers, found)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[machine]\nhosts = ["a b"]', "FLEET.toml:2: machine.hosts: "),
        ('[machine]\nzone = "-"', "FLEET.toml:2: machine.zone: "),
        ('[machine]\ndns = ":"', "FLEET.toml:2: machine.dns: "),
        ('[machine]\ncaching = true\ntype = "kms"', "FLEET.toml:3: machine.type: "),
        ('[machine]\nhost = "kms1"', "FLEET.toml:2: machine.host: "),
        ('[[product]]\nfile = "a"\n[[product]]\nedition = "x"', "FLEET.toml:3: product[1]: "),
        ('[[product]]\nfile = "a"\n[[product]]\nfile = "b"\nkey = "ABC"', "FLEET.toml:5: product[1].key: "),
        (f'[[product]]\nfile = "a"\nkey = "{HOST_KEY.formatted}"', "FLEET.toml:3: product[0].key: "),
        ('[[product]]\nfile = "a"\ntype = 7', "FLEET.toml:3: product[0].type: "),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_remedy(text: str, where: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load_text(Fleet, text, "FLEET.toml")
    assert caught.value.message.startswith(where)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"edition": "acme-cad-max"}, "edition"),
        ({"edition": OFFICE_PRO.name, "key": MAK.formatted}, "key"),
        ({"key": make_key(KeyKind.MAK, 4711, bytes(11)).formatted}, "key"),
        ({"key": make_key(KeyKind.GENERIC, CAD_PRO.id, bytes(11)).formatted}, "key"),
        ({"type": "mak"}, "type"),
        ({"hosts": ("kms1.example",)}, "hosts"),
        ({"confirmation": "1234567"}, "confirmation"),
    ],
)
def test_what_does_not_fit_the_product_file_is_a_mistake(given: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingMistake) as caught:
        offer(**given)
    assert caught.value.key == key


def test_the_fleet_file_of_the_manual_is_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operate" / "client.md").read_text()
    text = page[page.index("# FLEET.toml") :].partition("```")[0]
    fleet = load_text(Fleet, text, "FLEET.toml")
    assert (len(fleet.machine.hosts or ()), fleet.product[0].edition) == (2, "acme-cad-pro")


def test_a_confirmation_is_digits_or_the_name_of_a_file() -> None:
    assert ProductTable("a", confirmation="0123456-7890 123").digits == "0123456-7890 123"
    assert ProductTable("a", confirmation="pc-7.txt").digits is None


def test_a_new_machine_gets_file_key_and_confirmation_in_this_order() -> None:
    mak = offer(key=MAK.formatted, confirmation="1234567", type="mak")
    assert mak.edition == CAD_PRO.name
    assert asked(MachineTable(hosts=("kms1.example",)), [mak], Seen()) == [
        "set-host",
        "install",
        "install-key",
        "set-type",
        "confirm",
    ]
    (step,) = plan(MachineTable(), [offer(edition=CAD_PRO.name)], Seen())
    assert step.parameters == {"file": TEXT, "edition": CAD_PRO.name}


def test_a_machine_that_is_so_already_is_left_alone() -> None:
    assert asked(MachineTable(), [offer(edition=CAD_PRO.name)], seen("AAAAA")) == []
    confirmed = seen(MAK.partial, "LICENSED", "mak")
    assert asked(MachineTable(), [offer(key=MAK.formatted, confirmation="1234567")], confirmed) == []
    choices = with_type(
        with_hosts(Choices(zone="corp.example", dns="192.0.2.53:53", caching=False), "a.example"), "host"
    )
    machine = MachineTable(("a.example:1688",), "CORP.example", "192.0.2.53", "host", False)
    assert asked(machine, [], Seen(choices=choices)) == []
    assert asked(MachineTable(), [], Seen(choices=choices)) == [], "what the file is silent about stays"


def test_empty_settings_clear_what_was_set() -> None:
    choices = with_hosts(Choices(zone="corp.example", dns="192.0.2.53:53"), "a.example")
    assert asked(MachineTable((), "", ""), [], Seen(choices=choices)) == ["set-host", "set-domain", "set-dns"]
    assert asked(MachineTable((), "", ""), [], Seen()) == []


def test_an_older_product_file_is_replaced_and_a_newer_one_stays() -> None:
    serial, fingerprint = PRODUCT.claims.serial, PRODUCT.fingerprint
    older = replace(seen("AAAAA"), serials={fingerprint: serial - 1})
    newer = replace(seen("AAAAA"), serials={fingerprint: serial + 1})
    assert asked(MachineTable(), [offer()], older) == ["install"]
    assert asked(MachineTable(), [offer()], newer) == []
    without_key = replace(newer, rows={})
    (step,) = plan(MachineTable(), [offer(edition=CAD_PRO.name)], without_key)
    assert step.parameters["key"] == PRODUCT.generic_key(CAD_PRO).formatted


def test_another_key_asks_for_its_confirmation_anew_and_is_in_no_words() -> None:
    confirmed = seen("AAAAA", "LICENSED", "mak")
    table = offer(key=MAK.formatted, confirmation="1234567")
    steps = plan(MachineTable(), [table], confirmed)
    assert [step.operation for step in steps] == ["install-key", "confirm"]
    assert MAK.formatted not in repr((steps, table.table))
