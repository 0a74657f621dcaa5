"""What the client of a vendor's service relies on; the same suite for whatever serves spec/vendor.md."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from muster.base.errors import Code, MusterError, Refused
from muster.platform.vendor_api import Activated, Certified, VendorApi
from muster.trust.bundle import open_bundle, refusal_of
from muster.trust.permanent import rebuild_certificate, verify_permanent
from muster.trust.product import open_product
from muster.wire.bundle import RequestBundle, RequestRow, encode_request_bundle
from muster.wire.calendar import seconds
from muster.wire.confirmation import PermanentConfirmation, unpack_confirmation
from muster.wire.installation import InstallationId
from tests.worlds.served_vendor import served_acme
from tests.worlds.vendor_service import AcmeService, serving_acme
from tests.worlds.vendor_world import Acme, directory, hardware, host, machine, packed, subject

DATABASE = bytes(range(16))


class Start(Protocol):
    def __call__(self, folder: Path, acme: Acme | None = None) -> AbstractContextManager[AcmeService]: ...


SERVICES = [pytest.param(serving_acme, id="world"), pytest.param(served_acme, id="served")]


@pytest.fixture(params=SERVICES, scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeService]:
    start: Start = request.param
    with start(tmp_path_factory.mktemp("vendor")) as service:
        yield service


def api(service: AcmeService) -> VendorApi:
    return VendorApi(service.url, tls=service.tls)


def activate(service: AcmeService, installation: InstallationId) -> Activated:
    return asyncio.run(api(service).activate(packed(installation)))


def certify(service: AcmeService, installation: InstallationId, replaces: int | None = None) -> Certified:
    return asyncio.run(api(service).certify(packed(installation), replaces))


def test_a_machine_is_confirmed_and_the_same_hardware_again_for_nothing(service: AcmeService) -> None:
    key = service.acme.mak(activations=3)
    first = activate(service, machine(key, hardware(1)))
    confirmation = unpack_confirmation(first.confirmation)
    verify_permanent(packed(machine(key, hardware(1))), confirmation, service.acme.vendor.keysets())
    assert (first.expires_at, first.remaining) == (None, 2)
    assert activate(service, machine(key, hardware(1))) == first
    assert activate(service, machine(key, hardware(1, disk="another"))).remaining == 2
    assert activate(service, machine(key, hardware(2))).remaining == 1


def test_a_trial_tells_its_last_day(service: AcmeService) -> None:
    found = activate(service, machine(service.acme.mak(days=30), hardware(1)))
    confirmation = unpack_confirmation(found.confirmation)
    assert isinstance(confirmation, PermanentConfirmation)
    assert found.expires_at == date(1970, 1, 1) + timedelta(days=confirmation.end_day)


def test_hosts_and_directories_get_certificates_and_may_replace_them(service: AcmeService) -> None:
    key = service.acme.host_key()
    found = certify(service, host(key, 1))
    _, claims = rebuild_certificate(
        unpack_confirmation(found.confirmation), subject(1), key.scope, service.acme.vendor.keysets()
    )
    assert claims.serial == found.serial
    assert certify(service, host(key, 1)) == found
    for number in range(2, 7):
        certify(service, host(key, number))
    with pytest.raises(Refused) as refused:
        certify(service, host(key, 7))
    assert refused.value.code is Code.HOST_LIMIT_REACHED
    assert certify(service, host(key, 7), found.serial).serial != found.serial
    assert certify(service, directory(key, 1)).serial


def test_an_honest_no_comes_back_with_its_code_and_hint(service: AcmeService) -> None:
    key = service.acme.mak(activations=1)
    activate(service, machine(key, hardware(1)))
    for installation, code in (
        (machine(key, hardware(2)), Code.KEY_EXHAUSTED),
        (machine(service.acme.host_key(), hardware(1)), Code.KEY_WRONG_KIND),
    ):
        with pytest.raises(Refused) as refused:
            activate(service, installation)
        assert refused.value.code is code
        assert refused.value.hint


def test_a_wrong_tag_is_an_unknown_key_and_costs_nothing(service: AcmeService) -> None:
    key = service.acme.mak(activations=1)
    forged = bytearray(packed(machine(key, hardware(1))))
    forged[-1] ^= 1
    with pytest.raises(Refused) as refused:
        asyncio.run(api(service).activate(bytes(forged)))
    assert refused.value.code is Code.KEY_UNKNOWN
    assert activate(service, machine(key, hardware(2))).remaining == 0


def test_a_bundle_is_answered_row_by_row_in_its_order(service: AcmeService) -> None:
    key, keysets = service.acme.mak(activations=2), service.acme.vendor.keysets()
    ids = [packed(machine(key, hardware(number))) for number in (1, 2, 3)]
    forged = ids[0][:-1] + bytes([ids[0][-1] ^ 1])
    asked = (*ids, forged, b"rubbish", ids[0])
    rows = tuple(RequestRow(installation, "a name") for installation in asked)
    request = RequestBundle(keysets.vendor_id, DATABASE, seconds(service.acme.clock.now()), rows)
    text = asyncio.run(api(service).confirm_bundle(encode_request_bundle(request)))
    found = open_bundle(text, keysets)
    assert found.doubt is None
    assert (found.claims.database, [row.installation for row in found.rows]) == (DATABASE, list(asked))
    errors = [refusal_of(row, set(asked), keysets) for row in found.rows]
    assert [error and error.code for error in errors] == [
        None,
        None,
        Code.KEY_EXHAUSTED,
        Code.KEY_UNKNOWN,
        Code.INSTALLATION_ID_MALFORMED,
        None,
    ]


def test_whoever_holds_a_key_may_ask_what_is_left_of_it(service: AcmeService) -> None:
    key = service.acme.mak(activations=5)
    activate(service, machine(key, hardware(1)))
    found = asyncio.run(api(service).remaining(key.formatted))
    assert (found.remaining, found.total, found.edition) == (4, 5, "acme-cad-pro")


def test_documents_are_sent_once_and_then_only_when_they_changed(service: AcmeService) -> None:
    keysets = service.acme.vendor.keysets()
    first = asyncio.run(api(service).keyset(keysets.vendor_id, 1))
    assert first is not None
    assert first.data == keysets.documents[0]
    assert asyncio.run(api(service).keyset(keysets.vendor_id, 1, first.tag)) is None
    file = asyncio.run(api(service).product_file(keysets.vendor_id))
    assert file is not None
    assert open_product(file.data).fingerprint == keysets.fingerprint
    with pytest.raises(MusterError) as missing:
        asyncio.run(api(service).keyset(keysets.vendor_id, 2))
    assert missing.value.code is Code.NOT_FOUND
