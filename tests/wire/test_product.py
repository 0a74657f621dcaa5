from __future__ import annotations

from datetime import timedelta
from typing import Any

import cbor2
import pytest

from muster.base.errors import Malformed
from muster.wire.product import (
    DEFAULT_THRESHOLD,
    MAX_FILE_BYTES,
    DeviceClass,
    Edition,
    Group,
    Policy,
    ProductClaims,
    decode_product,
    decode_product_file,
    encode_product,
)

PRO = Edition(1001, "acme-cad-pro", "Acme CAD", 1, 10, DeviceClass.CLIENT, 25)
CLAIMS = ProductClaims(7, 1, 20_000, "Acme Software", "", Policy(), (Group(1, "acme-cad"),), (PRO,))


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": ()},
        {"groups": (Group(1, "acme-cad"), Group(1, "acme-office"))},
        {"groups": (Group(1, "acme-cad"), Group(2, "acme-cad"))},
        {"editions": (PRO, PRO._replace(name="acme-cad-basic"))},
        {"editions": (PRO, PRO._replace(id=1002))},
        {"editions": (PRO._replace(group=2),)},
        {"editions": (PRO._replace(threshold=0),)},
        {"editions": (PRO._replace(threshold=1001),)},
        {"editions": (PRO._replace(id=1 << 24),)},
        {"editions": (PRO._replace(features=("x",) * 65),)},
        {"editions": (PRO._replace(name="acme\tcad"),)},
        {"vendor": "A" * 65},
        {"vendor": "Acme\nSoftware"},
        {"service": "h" * 257},
        {"serial": 1 << 32},
        {"policy": Policy(validity=timedelta(days=36_501))},
        {"policy": Policy(retry=timedelta(minutes=-1))},
        {"policy": Policy(rearms=256)},
        {"extensions": ((1 << 16, b""),)},
        {"extensions": ((1, bytes(4097)),)},
        {"extensions": ((1, bytes(4096)),) * 16},
    ],
    ids=str,
)
def test_claims_that_no_decoder_takes_are_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        encode_product(CLAIMS._replace(**changes))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((8, 0, 3), 2),
        ((8, 0, 6), 0),
        ((8, 0, 5), 2),
        ((7,), [[1, "acme-cad"], [1, "other"]]),
        ((7,), [[1, "acme-cad"], [2, "acme-cad"]]),
        ((0,), 2),
        ((6, 0), 36_501 * 24 * 60),
        ((4,), b"Acme Software"),
        ((9,), [[1, "text"]]),
    ],
    ids=[
        "an edition of no group", "a threshold of zero", "an unknown device class", "a doubled group id", "a doubled group name",
        "another format", "a validity over a hundred years", "bytes for a name", "text for an extension",
    ],
)  # fmt: skip
def test_illegal_claims_are_malformed(path: tuple[int, ...], value: object) -> None:
    elements = cbor2.loads(encode_product(CLAIMS))
    place = elements
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(Malformed):
        decode_product(cbor2.dumps(elements))


def test_the_policy_of_a_vendor_who_says_nothing() -> None:
    policy = decode_product(encode_product(CLAIMS)).policy

    assert (policy.validity, policy.renewal, policy.retry) == (
        timedelta(days=180),
        timedelta(days=7),
        timedelta(hours=2),
    )
    assert DEFAULT_THRESHOLD == {DeviceClass.CLIENT: 25, DeviceClass.SERVER: 5}
    assert [str(device) for device in DeviceClass] == ["client", "server"]


def test_a_file_over_its_limit_is_not_read() -> None:
    with pytest.raises(Malformed, match="too long"):
        decode_product_file(bytes(MAX_FILE_BYTES + 1))
