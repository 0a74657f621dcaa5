"""Root keys change: proposed, signed by the old and the new, published, followed by machines; and every way to fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.errors import Code, Misconfigured, MusterError, Refused, Untrusted
from muster.client import app as client
from muster.trust.cose import public_bytes
from muster.trust.keyset import TrustedKeysets, assemble, extend, merge, sign_payload
from muster.trust.product import open_product
from muster.vendor import app as vendor
from muster.vendor.service.proposals import read_proposal
from muster.wire.keyset import Purpose
from tests.worlds.machines import DESK
from tests.worlds.vendor_keys import key_of
from tests.worlds.vendor_world import PASSPHRASE, Acme, host

NEW, OTHER = key_of("new root", 1), key_of("new root", 2)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    """A vendor with three root keys, of which two sign."""
    with closing(Acme(tmp_path / "vendor", roots=3, threshold=2)) as acme:
        yield acme


def roots_of(acme: Acme) -> list[Ed25519PrivateKey]:
    """The root keys of keyset 1, in its order."""
    return [vendor.read_root(file.path, PASSPHRASE) for file in vendor.root_files(acme.home)]


def replacing(number: str, new: Ed25519PrivateKey, *rotate: Purpose) -> vendor.Change:
    return vendor.Change(rotate, add_roots=(public_bytes(new),), drop_roots=(number,))


def published(acme: Acme, change: vendor.Change, *signers: Ed25519PrivateKey) -> TrustedKeysets:
    """A change signed by each of them in a place of his own."""
    proposal = vendor.propose(acme.vendor, change)
    return vendor.publish(acme.vendor, proposal, [vendor.sign(proposal, [root]) for root in signers])


def refusal(acme: Acme, proposal: str, signatures: list[str]) -> MusterError:
    """How a publication fails; nothing may have changed."""
    before = acme.vendor.keysets().documents
    with pytest.raises(MusterError) as refused:
        vendor.publish(acme.vendor, proposal, signatures)
    assert acme.vendor.keysets().documents == before
    assert refused.value.hint
    return refused.value


def test_the_files_of_a_new_vendor_stand_in_the_order_of_its_keyset(acme: Acme) -> None:
    files = vendor.root_files(acme.home)
    assert [file.path.name for file in files] == ["root-1.box", "root-2.box", "root-3.box"]
    assert [file.public for file in files] == list(acme.vendor.keysets().newest.roots)


def test_one_of_three_is_replaced_and_from_then_on_the_new_pair_signs_and_the_old_root_does_not(
    acme: Acme, tmp_path: Path
) -> None:
    one, two, three = roots_of(acme)
    machine = client.open_machine(tmp_path / "machine", environment={}, clock=acme.clock, hardware=DESK, virtual=False)
    client.install(machine, vendor.export_product(acme.vendor).encode(), edition="acme-cad-pro")
    known = acme.vendor.keysets()

    second = published(acme, replacing("2", NEW), one, NEW, three)
    assert set(second.newest.roots) == {public_bytes(root) for root in (one, three, NEW)}
    assert second.fingerprint.hex() == acme.fingerprint
    rotating = vendor.Change(rotate=(Purpose.PRODUCT,))
    proposal = vendor.propose(acme.vendor, rotating)
    with pytest.raises(Refused) as old:
        vendor.sign(proposal, [two])
    assert (old.value.code, public_bytes(two).hex()[:16] in old.value.message) == (Code.KEYSET_UNTRUSTED, True)
    third = published(acme, rotating, NEW, three)
    assert third.version == 3

    assert merge(known, third.documents, now=acme.clock.now()).newest == third.newest
    text = vendor.export_product(acme.vendor)
    product = open_product(text, fingerprint=bytes.fromhex(acme.fingerprint), now=acme.clock.now())
    assert product.keysets.newest.roots == second.newest.roots
    client.install(machine, text.encode())
    assert machine.scene(None).product.keysets.version == 3
    assert acme.confirm(host(acme.host_key(), 1)).serial


def test_a_machine_believes_a_change_only_with_the_signatures_of_both_sides(acme: Acme) -> None:
    known = acme.vendor.keysets()
    one, two, three = roots_of(acme)
    change = vendor.Change((), (), (), (), (public_bytes(NEW), public_bytes(OTHER)), ("2", "3"))
    payload = read_proposal(vendor.propose(acme.vendor, change)).payload
    for signers in ([one, two, three], [one, NEW, OTHER], [NEW, OTHER], [two, three], [two, three, NEW]):
        with pytest.raises(Untrusted):
            extend(known, assemble(payload, sign_payload(payload, signers)), now=acme.clock.now())
    for signers in ([one, two, NEW], [two, three, NEW, OTHER]):
        assert extend(known, assemble(payload, sign_payload(payload, signers)), now=acme.clock.now()).version == 2


def test_too_few_signatures_are_told_of_each_side_with_the_roots_that_can_still_sign(acme: Acme) -> None:
    one, two, three = roots_of(acme)
    change = vendor.Change(add_roots=(public_bytes(NEW), public_bytes(OTHER)), drop_roots=("2", "3"))
    proposal = vendor.propose(acme.vendor, change)
    told = [side.words() for side in vendor.standing(proposal, [])]
    assert [words.partition(",")[0] for words in told] == [
        "keyset 1 wants 2 of 3 root keys",
        "the proposed keyset 2 wants 2 of 3 root keys",
    ]
    old_only = refusal(acme, proposal, [vendor.sign(proposal, [one]), vendor.sign(proposal, [three])])
    assert old_only.code is Code.KEYSET_UNTRUSTED
    old, new = old_only.message.split("; ")
    assert old.endswith("keyset 1 wants 2 of 3 root keys, and has 2")
    assert "the proposed keyset 2 wants 2 of 3 root keys, 1 missing: " in new
    assert {public_bytes(root).hex()[:16] in new for root in (NEW, OTHER)} == {True}
    assert public_bytes(two).hex()[:16] not in old_only.message
    new_only = refusal(acme, proposal, [vendor.sign(proposal, [NEW, OTHER])])
    assert "keyset 1 wants 2 of 3 root keys, 2 missing" in new_only.message
    assert vendor.publish(acme.vendor, proposal, [vendor.sign(proposal, [one, two, OTHER])]).version == 2


def test_a_strangers_signature_is_refused_where_it_is_made_and_where_it_is_taken(acme: Acme) -> None:
    proposal = vendor.propose(acme.vendor, replacing("2", NEW))
    with pytest.raises(Refused) as refused:
        vendor.sign(proposal, [OTHER])
    assert refused.value.code is Code.KEYSET_UNTRUSTED
    older = json.dumps({name: value for name, value in json.loads(proposal).items() if name != "before"})
    stranger = vendor.sign(older, [OTHER])
    error = refusal(acme, proposal, [vendor.sign(proposal, roots_of(acme)), stranger])
    assert (error.code, public_bytes(OTHER).hex()[:16] in error.message) == (Code.KEYSET_UNTRUSTED, True)


def test_a_broken_signature_is_named(acme: Acme) -> None:
    proposal = vendor.propose(acme.vendor, replacing("2", NEW))
    content = json.loads(vendor.sign(proposal, roots_of(acme)))
    content["signatures"][0][1] = "00" * 64
    error = refusal(acme, proposal, [json.dumps(content)])
    assert (error.code, content["signatures"][0][0][:16] in error.message) == (Code.KEYSET_UNTRUSTED, True)


def test_a_proposal_that_was_overtaken_is_refused_with_both_numbers_and_twice_is_told_apart(acme: Acme) -> None:
    roots = roots_of(acme)
    late = vendor.propose(acme.vendor, replacing("2", NEW))
    first = vendor.propose(acme.vendor, vendor.Change(rotate=(Purpose.HOST,)))
    signed = vendor.sign(first, roots)
    vendor.publish(acme.vendor, first, [signed])
    error = refusal(acme, late, [vendor.sign(late, [*roots, NEW])])
    assert (error.code, error.message) == (
        Code.KEYSET_UNTRUSTED,
        "the proposal is for keyset 2, and keyset 2 is the newest here",
    )
    assert "already" in refusal(acme, first, [signed]).message


def test_a_proposal_that_follows_another_keyset_is_refused(acme: Acme, tmp_path: Path) -> None:
    with closing(Acme(tmp_path / "other")) as other:
        foreign = json.loads(vendor.propose(other.vendor, vendor.Change()))
    mixed = json.loads(vendor.propose(acme.vendor, vendor.Change())) | {"before": foreign["before"]}
    error = refusal(acme, json.dumps(mixed), [vendor.sign(json.dumps(mixed), roots_of(acme))])
    assert "another keyset 1" in error.message
    for before in ("", "0g", 5, None, mixed["payload"]):
        assert refusal(acme, json.dumps(mixed | {"before": before}), []).code is Code.MESSAGE_MALFORMED


def test_the_audit_tells_which_root_keys_came_and_went(acme: Acme) -> None:
    one, two, three = roots_of(acme)
    published(acme, replacing("2", NEW), one, three)
    row = acme.vendor.store.run(lambda books: books.audit_rows(1))[0]
    assert (row.action, row.subject) == ("keyset.published", "2")
    assert row.details["roots_added"] == [public_bytes(NEW).hex()]
    assert row.details["roots_dropped"] == [public_bytes(two).hex()]
    assert row.details["threshold"] == 2


def test_a_new_root_that_did_not_sign_is_told_until_the_next_keyset(acme: Acme) -> None:
    one, _, three = roots_of(acme)
    assert vendor.unproven(published(acme, replacing("2", NEW), one, three)) == (public_bytes(NEW),)
    fourth = next(n for n, r in enumerate(acme.vendor.keysets().newest.roots, 1) if r == public_bytes(NEW))
    assert vendor.unproven(published(acme, replacing(str(fourth), OTHER), one, three, OTHER)) == ()


def test_a_vendor_with_one_root_replaces_it_in_one_step_and_keeps_both_files(tmp_path: Path) -> None:
    with closing(Acme(tmp_path / "vendor")) as acme:
        done, name = vendor.replace_root(acme.vendor)
        assert done.fingerprint.hex() == acme.fingerprint
        files = {file.path.name: file.public for file in vendor.root_files(acme.home)}
        assert files[name] == done.newest.roots[0]
        assert name == f"root-{done.newest.roots[0].hex()[:8]}.box"
        assert "root-1.box" in files, "what is destroyed is for people to say"
        (acme.home / "roots" / "root-1.box").unlink()
        again, _ = vendor.replace_root(acme.again(), "1")
        assert again.version == 3
        assert open_product(vendor.export_product(acme.again()), now=acme.clock.now()).keysets.version == 3


def test_replacing_in_one_step_needs_the_keys_here_and_says_which_one(acme: Acme) -> None:
    with pytest.raises(Misconfigured) as several:
        vendor.replace_root(acme.vendor)
    assert several.value.code is Code.USAGE
    files = [file.path for file in vendor.root_files(acme.home)]
    files[0].unlink()
    assert vendor.replace_root(acme.vendor, "1")[0].version == 2, "the other two and the new one sign"
    files[1].unlink()
    files[2].unlink()
    before = vendor.root_files(acme.home)
    with pytest.raises(Misconfigured) as missing:
        vendor.replace_root(acme.vendor, "2")
    assert (missing.value.code, "1 of 2" in missing.value.message) == (Code.NOT_FOUND, True)
    assert vendor.root_files(acme.home) == before, "no key is made for nothing"
    assert acme.vendor.keysets().version == 2


def test_a_dropped_root_with_another_passphrase_is_in_nobodys_way(acme: Acme) -> None:
    vendor.replace_root(acme.vendor, "1")
    vendor.new_root(acme.home / "roots" / "root-9.box", lambda: "a passphrase of somebody else")
    assert vendor.change(acme.again(), vendor.Change(rotate=(Purpose.HOST,))).version == 3
