"""DNS as a machine asks it: of the embedded name server and of BIND 9, and of one that is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.errors import Code, Unreachable
from muster.client.adapters.dns_srv import DnsSrv
from muster.client.core.choices import parse_dns
from muster.client.core.discovery import ServiceRecord
from tests.worlds.name_servers import START, World, silent

RECORDS = """\
_muster._tcp IN SRV 0 5 1688 kms1.corp.example.
_muster._tcp IN SRV 10 0 1700 kms2
_none._tcp IN SRV 0 0 0 .
kms1 IN A 192.0.2.7
kms1 IN AAAA 2001:db8::7
text IN TXT "nothing else"
"""


@pytest.fixture(params=[pytest.param("embedded"), pytest.param("bind", marks=pytest.mark.parts)], scope="module")
def names(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DnsSrv]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    with START[request.param](folder, World(zones=("corp.example",), records=RECORDS)) as server:
        yield DnsSrv(parse_dns(server.address))


def services(names: DnsSrv, name: str) -> tuple[ServiceRecord, ...]:
    return asyncio.run(names.services(name))


def test_service_records_come_with_their_numbers(names: DnsSrv) -> None:
    assert set(services(names, "_muster._tcp.corp.example")) == {
        ServiceRecord(0, 5, 1688, "kms1.corp.example"),
        ServiceRecord(10, 0, 1700, "kms2.corp.example"),
    }


def test_a_service_that_is_decidedly_not_there_has_an_empty_target(names: DnsSrv) -> None:
    assert services(names, "_none._tcp.corp.example") == (ServiceRecord(0, 0, 0, ""),)


@pytest.mark.parametrize("name", ["_muster._tcp.nowhere.corp.example", "text.corp.example"])
def test_a_name_that_is_not_there_and_one_of_other_types_have_none(names: DnsSrv, name: str) -> None:
    assert services(names, name) == ()


def test_a_host_has_its_addresses_of_both_kinds(names: DnsSrv) -> None:
    assert asyncio.run(names.addresses("kms1.corp.example")) == ("192.0.2.7", "2001:db8::7")
    assert asyncio.run(names.addresses("nobody.corp.example")) == ()


def test_numbers_and_localhost_are_asked_of_nobody() -> None:
    with silent() as address:
        names = DnsSrv(parse_dns(address))
        assert asyncio.run(names.addresses("192.0.2.9")) == ("192.0.2.9",)
        assert asyncio.run(names.addresses("::1")) == ("::1",)
        assert asyncio.run(names.addresses("localhost")) == ("127.0.0.1", "::1")


def test_a_silent_name_server_is_named_in_the_error() -> None:
    with silent() as address, pytest.raises(Unreachable) as refused:
        services(DnsSrv(parse_dns(address)), "_muster._tcp.corp.example")
    assert refused.value.code is Code.DNS_UNREACHABLE
    assert address in refused.value.message


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "." * 3])
def test_a_name_that_is_none_is_an_error_of_its_own_kind(name: str) -> None:
    with silent() as address, pytest.raises(Unreachable):
        services(DnsSrv(parse_dns(address)), name)


def test_the_suffixes_of_this_machine_can_always_be_told() -> None:
    domain, search = asyncio.run(DnsSrv().suffixes())
    assert isinstance(domain, str)
    assert all(isinstance(name, str) for name in search)
