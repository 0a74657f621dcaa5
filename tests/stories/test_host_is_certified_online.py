"""A host asks its vendor's service for its certificate: six of them, replacements, and what it says when nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError
from muster.host import app as host
from muster.trust.productkey import ProductKey
from muster.vendor import app as vendor
from tests.worlds.entropy import SeededEntropy
from tests.worlds.vendor_service import AcmeService, Answer, serving_acme


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeService]:
    with serving_acme(tmp_path_factory.mktemp("vendor")) as service:
        yield service


def prepared(acme: AcmeService, home: Path, key: ProductKey, number: int = 1) -> Path:
    """A home with product file and host key."""
    file = vendor.export_product(acme.acme.vendor).encode()
    host.set_up(home, file, key.formatted, clock=acme.acme.clock, entropy=SeededEntropy(number))
    return home


def certify(acme: AcmeService, home: Path, *, service: str | None = None, replaces: int | None = None) -> int:
    """The serial of the certificate that the host has afterwards."""
    address = acme.url if service is None else service
    identity = asyncio.run(host.activate(home, service=address, replaces=replaces, clock=acme.acme.clock, tls=acme.tls))
    assert identity.claims is not None
    return identity.claims.serial


def refused(acme: AcmeService, home: Path, *, service: str | None = None, replaces: int | None = None) -> MusterError:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(MusterError) as error:
        certify(acme, home, service=service, replaces=replaces)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    assert error.value.hint
    return error.value


def test_a_host_is_certified_and_the_same_again_for_nothing(acme: AcmeService, tmp_path: Path) -> None:
    home = prepared(acme, tmp_path / "home", acme.acme.host_key())
    serial = certify(acme, home)
    assert certify(acme, home) == serial
    acme.acme.clock.move(days=3 * 365 - 60)
    assert certify(acme, home) != serial, "a fresh one in the last ninety days"


def test_the_seventh_host_takes_the_place_of_one_that_is_gone(acme: AcmeService, tmp_path: Path) -> None:
    key = acme.acme.host_key()
    homes = [prepared(acme, tmp_path / str(number), key, number) for number in range(1, 8)]
    serials = [certify(acme, home) for home in homes[:6]]
    error = refused(acme, homes[6])
    assert error.code is Code.HOST_LIMIT_REACHED
    assert str(serials[2]) in error.hint
    assert certify(acme, homes[6], replaces=serials[2]) not in serials


def test_when_no_service_helps_the_other_way_is_told_and_nothing_changes(acme: AcmeService, tmp_path: Path) -> None:
    home = prepared(acme, tmp_path / "home", acme.acme.host_key())
    for service, code in (
        ("", Code.NO_SERVICE),
        ("https://localhost:1", Code.SERVICE_UNREACHABLE),
        ("http://acme.example", Code.SETTINGS_INVALID),
    ):
        error = refused(acme, home, service=service)
        assert error.code is code
        assert "muster host installation-id" in error.hint


def test_a_certificate_for_another_host_is_not_taken(acme: AcmeService, tmp_path: Path) -> None:
    key = acme.acme.host_key()
    one, other = (prepared(acme, tmp_path / str(number), key, number) for number in (1, 2))
    foreign = acme.answer("/v1/certificates", b'{"installation_id": "%s"}' % host.installation_id(one).encode(), "")
    acme.instead = lambda _: Answer(body=foreign.body)
    try:
        assert refused(acme, other).code is Code.CONFIRMATION_UNTRUSTED
    finally:
        acme.instead = None
