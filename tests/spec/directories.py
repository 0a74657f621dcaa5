"""What our code makes of the vectors of ``directory``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from muster.trust.directory import choose_object
from muster.trust.keyset import enter
from muster.wire.calendar import moment
from muster.wire.directory import ActivationObject, from_object, from_point, to_object, to_point
from muster.wire.product import DeviceClass, Edition

Given = dict[str, Any]
Found = dict[str, Any]


def _values(attributes: Mapping[str, list[str]]) -> dict[str, tuple[bytes, ...]]:
    return {name: tuple(bytes.fromhex(value) for value in values) for name, values in attributes.items()}


def _again(made: Mapping[str, tuple[bytes, ...]], given: Mapping[str, tuple[bytes, ...]]) -> None:
    """What is accepted is written the same, in whatever order a directory keeps values."""
    assert {name.lower(): sorted(values) for name, values in made.items()} == {n: sorted(v) for n, v in given.items()}


def _fields(found: ActivationObject) -> Found:
    return {
        "vendor_id": found.vendor_id.hex(),
        "scope": found.scope,
        "certificate": found.certificate.hex(),
        "keysets": [keyset.hex() for keyset in found.keysets],
    }


def point(given: Given) -> Found:
    values = _values(given["attributes"])
    found = from_point(values)
    _again(to_point(found), values)
    return _fields(found)


def entry(given: Given) -> Found:
    values = _values(given["attributes"])
    found = from_object(values)
    _again(to_object(found), values)
    return _fields(found)


def objects(given: Given) -> Found:
    of = given["edition"]
    edition = Edition(
        of["id"], "edition", "product", of["group"], of["level"], DeviceClass.CLIENT, 25, of["released_day"]
    )
    _, proven = choose_object(
        [from_object(_values(attributes)) for attributes in given["objects"]],
        bytes.fromhex(given["directory"]),
        enter([bytes.fromhex(document) for document in given["keysets"]]),
        edition,
        moment(given["now"]),
        organisation=given["organisation"],
    )
    claims = proven.claims
    return {"serial": claims.serial, "organisation": claims.organisation, "keyset": proven.keysets.version}


READERS: dict[str, Callable[[Given], Found]] = {"entry": entry, "objects": objects, "point": point}
