"""The specification is enough: a client written from it alone comes to the same results, and is served by the real host."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from muster.wire.calendar import seconds
from tests.spec import stranger
from tests.worlds.clocks import HandClock
from tests.worlds.network_world import HostInMemory
from tests.worlds.vendor_keys import VendorKeys

VECTORS = Path(__file__).parents[2] / "spec" / "vectors"
# Points of small order are the library's matter here; pinning to an organisation is a client's own option.
ANSWERS = [
    path
    for folder in ("trust", "certificate")
    for path in sorted((VECTORS / folder).glob("*.json"))
    if json.loads(path.read_text(encoding="utf-8"))["kind"] == "answer"
    and not path.stem.startswith(("subject_", "other_organisation"))
]


def test_the_stranger_knows_nothing_of_us() -> None:
    tree = ast.parse(Path(stranger.__file__).read_text(encoding="utf-8"))
    modules = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not [module for module in modules if module.startswith(("muster", "tests"))]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_the_stranger_judges_as_we_do(path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    given, expect = case["given"], case["expect"]
    of = given["edition"]
    edition = [of["id"], "", "", of["group"], of["level"], 0, of["threshold"], of["released_day"], []]
    documents = [bytes.fromhex(document) for document in given["keysets"]]
    arguments = (bytes.fromhex(given["request"]), bytes.fromhex(given["answer"]))

    def judged() -> int:
        fingerprint = hashlib.sha256(b"muster-vendor-v1" + documents[0]).digest()
        return stranger.judge(*arguments, stranger.newest_keyset(documents, fingerprint), edition, given["now"])

    if "error" in expect:
        with pytest.raises((ValueError, InvalidSignature, IndexError)):
            judged()
    else:
        assert judged() == expect["count"]


def test_the_stranger_is_activated_by_the_real_host() -> None:
    vendor, clock = VendorKeys(), HandClock()
    host = HostInMemory(vendor, clock)
    host.fill(24)
    claims, documents = stranger.read_product(vendor.product_file(), vendor.fingerprint)
    edition = next(e for e in claims[8] if e[1] == "acme-cad-pro")
    frame = stranger.build_request(vendor.fingerprint[:8], edition, b"s" * 16, b"p" * 16, b"n" * 16)
    answer = host.answer(frame[1:])
    keyset = stranger.newest_keyset(documents, vendor.fingerprint)
    count = stranger.judge(frame[1:], answer, keyset, edition, seconds(clock.now()))
    assert count == 25
    assert count >= edition[6], "LICENSED"
