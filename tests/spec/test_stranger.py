"""The specification is enough: a client written from it alone comes to the same results, and is served by the real host."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
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
REFUSED = (ValueError, InvalidSignature, IndexError)


def of_kind(kind: str) -> list[Any]:
    found = []
    for path in sorted(VECTORS.glob("*/*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["kind"] == kind:
            found.append(pytest.param(case["given"], case["expect"], id=f"{path.parent.name}/{path.stem}"))
    return found


def test_the_stranger_knows_nothing_of_us() -> None:
    tree = ast.parse(Path(stranger.__file__).read_text(encoding="utf-8"))
    modules = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    modules |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    roots = {module.partition(".")[0] for module in modules}
    assert roots - sys.stdlib_module_names == {"cryptography"}


@pytest.mark.parametrize(("given", "expect"), of_kind("answer"))
def test_the_stranger_judges_answers_as_we_do(given: dict[str, Any], expect: dict[str, Any]) -> None:
    of = given["edition"]
    edition = [of["id"], "", "", of["group"], of["level"], 0, of["threshold"], of["released_day"], []]
    documents = [bytes.fromhex(document) for document in given["keysets"]]
    fingerprint = hashlib.sha256(b"muster-vendor-v1" + documents[0]).digest()
    keyset = stranger.newest_keyset(documents, fingerprint)
    request, answer = bytes.fromhex(given["request"]), bytes.fromhex(given["answer"])

    def judged() -> int:
        return stranger.judge(request, answer, keyset, edition, given["now"], organisation=given["organisation"])

    if "error" in expect:
        with pytest.raises(REFUSED):
            judged()
    else:
        assert judged() == expect["count"]


@pytest.mark.parametrize(("given", "expect"), of_kind("chain"))
def test_the_stranger_walks_chains_as_we_do(given: dict[str, Any], expect: dict[str, Any]) -> None:
    documents = [bytes.fromhex(document) for document in given["documents"]]

    def walked() -> list[Any]:
        return stranger.newest_keyset(documents, bytes.fromhex(given["fingerprint"]), given["now"])

    if "error" in expect:
        with pytest.raises(REFUSED):
            walked()
    else:
        assert walked()[1] == expect["version"]


@pytest.mark.parametrize(("given", "expect"), [c for c in of_kind("product") if "error" not in c.values[1]])
def test_the_stranger_reads_product_files_as_we_do(given: dict[str, Any], expect: dict[str, Any]) -> None:
    claims, _ = stranger.read_product(given["text"], bytes.fromhex(expect["fingerprint"]))
    assert (claims[4], claims[2]) == (expect["vendor"], expect["serial"])
    assert {edition[1]: edition[0] for edition in claims[8]} == expect["editions"]


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
