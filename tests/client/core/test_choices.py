"""What was set, by file, command and environment, and which of them holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Malformed, Misconfigured
from muster.client.core.choices import (
    ActivationType,
    Choices,
    ClientSettings,
    choices_from_plain,
    choices_to_plain,
    guide,
    parse_dns,
    with_hosts,
    with_type,
)
from muster.client.core.discovery import Address, Source
from tests.worlds.vendor_keys import CAD_PRO, CAD_SERVER, OFFICE_PRO


def test_with_nothing_set_a_machine_asks_its_own_zones_in_any_way() -> None:
    guidance = guide(ClientSettings(), Choices(), CAD_PRO)
    assert guidance.configured == ()
    assert guidance.zones is None
    assert (guidance.caching, guidance.type, guidance.organisation) == (True, ActivationType.ANY, None)


def test_hosts_of_the_edition_come_before_those_of_the_product_and_the_machine() -> None:
    choices = with_hosts(Choices(), "m.example")
    choices = with_hosts(choices, "p.example", product="Acme CAD")
    choices = with_hosts(choices, "e.example,e2.example:1700", edition="acme-cad-pro")

    def hosts(edition: Any) -> list[tuple[str, Source]]:
        return [(str(c.address), c.source) for c in guide(ClientSettings(), choices, edition).configured]

    assert hosts(CAD_PRO) == [
        ("e.example:1688", Source.EDITION),
        ("e2.example:1700", Source.EDITION),
        ("p.example:1688", Source.PRODUCT),
        ("m.example:1688", Source.MACHINE),
    ]
    assert [source for _, source in hosts(CAD_SERVER)] == [Source.PRODUCT, Source.MACHINE]
    assert [source for _, source in hosts(OFFICE_PRO)] == [Source.MACHINE]
    assert with_hosts(choices, "", product="Acme CAD").product_hosts == {}


def test_commands_win_over_the_file_and_the_environment_over_both() -> None:
    settings = ClientSettings(hosts=("file.example",), zones=("file.example",), caching=False, type="host")
    by_file = guide(settings, Choices(), CAD_PRO)
    assert [str(c.address) for c in by_file.configured] == ["file.example:1688"]
    assert (by_file.zones, by_file.caching, by_file.type) == (("file.example",), False, ActivationType.HOST)
    choices = with_type(Choices(hosts=("set.example",), zone="set.example", caching=True), "any")
    by_command = guide(settings, choices, CAD_PRO)
    assert [str(c.address) for c in by_command.configured] == ["set.example:1688"]
    assert (by_command.zones, by_command.caching, by_command.type) == (("set.example",), True, ActivationType.ANY)
    assert guide(settings, choices, CAD_PRO, ("env.example",)).zones == ("env.example",)


def test_the_way_of_an_edition_is_its_own() -> None:
    choices = with_type(with_type(Choices(), "host"), "mak", "acme-cad-pro")
    assert guide(ClientSettings(), choices, CAD_PRO).type is ActivationType.MAK
    assert guide(ClientSettings(), choices, CAD_SERVER).type is ActivationType.HOST


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", Address("127.0.0.1", 53)),
        ("127.0.0.1:5300", Address("127.0.0.1", 5300)),
        ("::1", Address("::1", 53)),
        ("[::1]:5300", Address("::1", 5300)),
        ("192.0.2.53:1688", Address("192.0.2.53", 1688)),
    ],
)
def test_a_name_servers_port_is_53_unless_it_is_named(text: str, address: Address) -> None:
    assert parse_dns(text) == address


def test_a_name_servers_name_is_refused_but_one_that_was_kept_before_damages_nothing() -> None:
    with pytest.raises(Misconfigured) as told:
        parse_dns("ns.corp.example:53")
    assert "192.0.2.53:53" in told.value.hint
    kept = choices_to_plain(Choices(hosts=("kms1.corp.example",), dns="ns.corp.example:53"))
    assert choices_from_plain(kept).dns == "ns.corp.example:53"


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "carrier-pigeon"},
        {"hosts": ("a b",)},
        {"zones": ("corp..example",)},
        {"zones": tuple(f"z{n}.example" for n in range(17))},
        {"dns": "127.0.0.1:99999"},
        {"organisation": -1},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_setting_that_cannot_be_is_refused_when_it_is_read(settings: dict[str, Any]) -> None:
    with pytest.raises((Misconfigured, ValueError)):
        ClientSettings(**settings)


def test_a_list_of_hosts_for_single_editions_has_an_end() -> None:
    full = Choices(edition_hosts={f"edition-{number}": ("a.example",) for number in range(64)})
    assert len(with_hosts(full, "b.example", edition="edition-7").edition_hosts) == 64
    with pytest.raises(Misconfigured):
        with_hosts(full, "a.example", edition="one-more")


@given(
    st.builds(
        Choices,
        hosts=st.lists(st.sampled_from(["a.example:1688", "[::1]:1700"])).map(tuple),
        product_hosts=st.dictionaries(st.text(max_size=9), st.just(("b.example:1688",)), max_size=3),
        edition_hosts=st.dictionaries(st.text(max_size=9), st.just(("c.example:1688",)), max_size=3),
        zone=st.sampled_from(["", "corp.example"]),
        dns=st.sampled_from(["", "127.0.0.1:53"]),
        caching=st.sampled_from([None, True, False]),
        types=st.dictionaries(st.text(max_size=9), st.sampled_from(list(map(str, ActivationType))), max_size=3),
    )
)
def test_choices_are_read_back_as_they_were_written(choices: Choices) -> None:
    assert choices_from_plain(json.loads(json.dumps(choices_to_plain(choices)))) == choices


PLAIN = choices_to_plain(Choices())


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        {},
        {**PLAIN, "hosts": "kms1"},
        {**PLAIN, "hosts": [7]},
        {**PLAIN, "edition_hosts": []},
        {**PLAIN, "product_hosts": {"Acme CAD": "kms1"}},
        {**PLAIN, "zone": 7},
        {**PLAIN, "caching": "yes"},
        {**PLAIN, "types": {"": "other"}},
    ],
    ids=repr,
)
def test_damaged_choices_are_state_corrupt(plain: object) -> None:
    with pytest.raises(Malformed) as refused:
        choices_from_plain(plain)
    assert refused.value.code is Code.STATE_CORRUPT
