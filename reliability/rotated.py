"""R17: roots, issuing keys and certificates change again and again.

Clients that lag behind catch up, evidence stays good or ends as the newest keyset says, and at every version each attack on
the chain is refused, while the honest form of it is taken.

Attacks that are not on signatures (copied state, clocks, floods, name servers, directories, secrets on command lines) are
tried by other rows and by tests.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from muster.base.errors import MusterError
from muster.trust.chain import judge_answer, sign_answer, verify_answer, verify_certificate
from muster.trust.cose import public_bytes
from muster.trust.installation import directory_subject
from muster.trust.keyset import TrustedKeysets, enter, extend, merge, sign_keyset
from muster.trust.permanent import verify_permanent
from muster.trust.product import open_product
from muster.wire.activation import ReplyClaims
from muster.wire.calendar import day_number, seconds
from muster.wire.confirmation import unpack_confirmation
from muster.wire.installation import MachineId, pack_installation
from muster.wire.keyset import KeyStatus, Purpose
from muster.wire.sign1 import decode_sign1, encode_sign1
from reliability.figure import Figure, none_of
from tests.worlds.clocks import MORNING
from tests.worlds.vendor_keys import CAD_BASIC, CAD_PRO, DAYS_AFTER, OFFICE_PRO, CertifiedHost, VendorKeys, key_of

SEED = 17
ROTATIONS = 10
BEHIND = 10
FIRST_SERIAL = 100
HOSTS = 6
STATUSES = (KeyStatus.RETIRED, KeyStatus.REVOKED)

SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order 8: signatures of such a key hold for many messages."""

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


class Rotating:
    """A vendor that changes its keys; what was signed under each of them, and what must be thought of it now."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(SEED * 1_000 + seed)
        self.vendor = VendorKeys(seed=f"rotating {seed}")
        self.root = 1
        self.statuses: dict[int, KeyStatus] = {}
        self.withdrawn: tuple[int, ...] = ()
        self.request = self.vendor.request_body()
        number = self.vendor.issuing_number(Purpose.HOST)
        self.hosts = {
            FIRST_SERIAL + n: CertifiedHost(self.vendor, {"serial": FIRST_SERIAL + n, "issuing_key": number + n % 2})
            for n in range(HOSTS)
        }
        self.replies = {serial: host.reply(self.request) for serial, host in self.hosts.items()}

    def change(self, *, with_roots: bool) -> None:
        """Publish the next keyset: new roots, or a key less, or a certificate less."""
        kind = "roots" if with_roots else self.chance.choice(["issuing", "issuing", "withdrawn", "nothing"])
        before = self.vendor.root_keys(self.root)
        if kind == "roots":
            self.root += 1
            after = self.vendor.root_keys(self.root)
            # The smallest numbers that are enough: two of three of each.
            signers = [*self.chance.sample(before, 2), *self.chance.sample(after, 2)]
            self.vendor.publish(signers, roots=self.vendor.root_publics(after))
            return
        if kind == "issuing":
            number = self.vendor.issuing_number(Purpose.HOST) + self.chance.randrange(2)
            if self.statuses.get(number) is not KeyStatus.REVOKED:
                self.statuses[number] = self.chance.choice(STATUSES)
        elif kind == "withdrawn":
            self.withdrawn = tuple(sorted({*self.withdrawn, self.chance.choice(list(self.hosts))}))
        self.vendor.publish(self.chance.sample(before, 2), status=self.statuses, withdrawn=self.withdrawn)

    def is_good(self, serial: int) -> bool:
        """Whether the newest keyset leaves a reply under this certificate standing, for one who receives it now."""
        number = self.hosts[serial].changes["issuing_key"]
        return self.statuses.get(number) is not KeyStatus.REVOKED and serial not in self.withdrawn


def rotated(_folder: Path, vendors: int) -> list[Figure]:
    """So many vendors, each through ten changes of roots and other changes between."""
    tried: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for seed in range(vendors):
        case = Rotating(seed)
        for _ in range(ROTATIONS):
            for with_roots in (True, *[False] * case.chance.randrange(3)):
                case.change(with_roots=with_roots)
                _catch_up(case, tried, wrong)
                _judge(case, tried, wrong)
                _attack(case, tried, wrong)
    told = "".join(f"; {name} {number}" for name, number in sorted(wrong.items()) if number)
    attacks = sum(number for name, number in tried.items() if name.startswith("attack: "))
    kinds = sum(name.startswith("attack: ") for name in tried)
    replies, good = tried["replies"], tried["good"]
    return [
        Figure("vendors, keysets published", f"{vendors}, {tried['keysets']}", "some", tried["keysets"] > 10 * vendors),
        Figure("chains walked to their end", str(tried["walks"]), "some", tried["walks"] > 0),
        Figure("replies judged, of them good", f"{replies}, {good}", "some", 0 < good < replies),
        Figure("attacks, kinds of them", f"{attacks}, {kinds}", "some", kinds > 20),
        none_of(f"not as expected{told}", sum(wrong.values())),
    ]  # fmt: skip


def _catch_up(case: Rotating, tried: Counter[str], wrong: Counter[str]) -> None:
    """Clients that know the chain up to some version take one keyset after the other, as a host hands them over."""
    tried["keysets"] += 1
    documents = case.vendor.documents
    for behind in {1, len(documents) - 1, min(BEHIND, len(documents) - 1)}:
        known = enter(documents[:-behind], fingerprint=case.vendor.fingerprint)
        for document in documents[-behind:]:
            known = extend(known, document, now=MORNING)
        tried["walks"] += 1
        wrong["walk"] += known != case.vendor.trusted


def _judge(case: Rotating, tried: Counter[str], wrong: Counter[str]) -> None:
    trusted = case.vendor.trusted
    for serial, reply in case.replies.items():
        tried["replies"] += 1
        is_good = case.is_good(serial)
        tried["good"] += is_good
        wrong["reply"] += _is_refused(lambda reply=reply: _take(case, reply, trusted)) is is_good  # type: ignore[misc]


def _take(case: Rotating, reply: bytes, trusted: TrustedKeysets, request: bytes | None = None) -> ReplyClaims:
    answer = verify_answer(request or case.request, reply, trusted)
    return judge_answer(answer, CAD_PRO, trusted, MORNING)


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except MusterError:
        return True
    return False


def _attack(case: Rotating, tried: Counter[str], wrong: Counter[str]) -> None:
    for name, attempt in {**_on_answers(case), **_on_keysets(case), **_on_others(case)}.items():
        tried[f"attack: {name}"] += 1
        wrong[name] += not _is_refused(attempt)
    for name, attempt in _honest(case).items():
        tried[f"honest: {name}"] += 1
        wrong[f"refused: {name}"] += _is_refused(attempt)


def _honest(case: Rotating) -> dict[str, Callable[[], object]]:
    """What the attacks begin with, untouched: were it refused, they would show nothing."""
    vendor, fresh = case.vendor, VendorKeys(seed=case.vendor.seed)
    host, roots, new_roots = CertifiedHost(fresh), vendor.root_keys(case.root), vendor.root_keys(case.root + 1)
    following = vendor.next_keyset()
    moved = following._replace(roots=vendor.root_publics(new_roots))
    installation = pack_installation(MachineId(1001, bytes(8), bytes(8)))
    confirmed = unpack_confirmation(fresh.confirm_permanently(installation))
    subject = directory_subject(bytes(16))
    certificate = fresh.certificate(subject, Purpose.OBJECT)
    return {
        "a reply": lambda: _take(case, host.reply(case.request), fresh.trusted),
        "a keyset": lambda: extend(vendor.trusted, sign_keyset(following, roots[:2]), now=MORNING),
        "new roots": lambda: extend(vendor.trusted, sign_keyset(moved, [*roots[:2], *new_roots[:2]]), now=MORNING),
        "a longer chain": lambda: merge(enter(vendor.documents[:1]), vendor.documents, now=MORNING),
        "a product file": lambda: open_product(fresh.product_file(), fingerprint=fresh.fingerprint),
        "an object": lambda: verify_certificate(certificate, fresh.trusted, Purpose.OBJECT),
        "a confirmation": lambda: verify_permanent(installation, confirmed, fresh.trusted),
    }


def _flipped(data: bytes, chance: random.Random) -> bytes:
    bit = chance.randrange(8 * len(data))
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _on_answers(case: Rotating) -> dict[str, Callable[[], object]]:
    vendor, trusted, chance = case.vendor, case.vendor.trusted, case.chance
    # With a spare key that nothing happened to, so that the attack is the only reason for a no.
    fresh = VendorKeys(seed=vendor.seed)
    host = CertifiedHost(fresh, {"issuing_key": fresh.issuing_number(Purpose.HOST)})
    home = fresh.trusted
    reply = host.reply(case.request)
    stranger = VendorKeys(seed="stranger")
    day = day_number(MORNING)

    def with_(**changes: object) -> Callable[[], object]:
        return lambda: _take(case, CertifiedHost(fresh, dict(changes)).reply(case.request), home)

    other = fresh.certificate(public_bytes(host.private), serial=77)
    self_made = stranger.certificate(public_bytes(host.private))
    claims = ReplyClaims(25, seconds(MORNING), 120, 10_080)
    signature = int.from_bytes(decode_sign1(reply).signature[32:], "little") + GROUP_ORDER
    high = decode_sign1(reply)._replace(signature=decode_sign1(reply).signature[:32] + signature.to_bytes(32, "little"))
    return {
        "a bit of a reply": lambda: _take(case, _flipped(reply, chance), home),
        "a reply for another nonce": lambda: _take(case, reply, home, fresh.request_body(nonce=chance.randbytes(16))),
        "a reply for another machine": lambda: _take(
            case, reply, home, fresh.request_body(client_id=chance.randbytes(16))
        ),
        "a reply for another edition": lambda: _take(case, reply, home, fresh.request_body(CAD_BASIC)),
        "a certificate put in another's place": lambda: _take(
            case, encode_sign1(decode_sign1(reply)._replace(certificate=other)), home
        ),
        "a host that was certified by nobody": lambda: _take(
            case, sign_answer(host.private, case.request, self_made, claims), home
        ),
        "a host of another vendor": lambda: _take(case, CertifiedHost(stranger).reply(case.request), trusted),
        "another group": with_(scope=OFFICE_PRO.group),
        "a level below": with_(level=CAD_PRO.level - 1),
        "an expired certificate": with_(not_before_day=day - 90, days=10),
        "a certificate of tomorrow": with_(not_before_day=day + 1),
        "a subject of small order": lambda: verify_answer(
            case.request, sign_answer(host.private, case.request, fresh.certificate(SMALL_ORDER), claims), home
        ),
        "an s above the order of the group": lambda: _take(case, encode_sign1(high), home),
    }


def _on_keysets(case: Rotating) -> dict[str, Callable[[], object]]:
    vendor, trusted, chance = case.vendor, case.vendor.trusted, case.chance
    roots, following = vendor.root_keys(case.root), vendor.next_keyset()
    strangers = [key_of("stranger", n) for n in range(3)]
    issuing = [vendor.issuing_key(purpose) for purpose in Purpose]
    forked = sign_keyset(vendor.keysets[-1]._replace(issued_day=vendor.keysets[-1].issued_day + 1), roots)
    new_roots = vendor.root_keys(case.root + 1)
    moved = following._replace(roots=vendor.root_publics(new_roots))

    def next_(document: bytes) -> Callable[[], object]:
        return lambda: extend(trusted, document, now=MORNING)

    return {
        "a bit of a keyset": next_(_flipped(sign_keyset(following, roots), chance)),
        "a keyset again": next_(vendor.documents[-1]),
        "an older keyset": next_(chance.choice(vendor.documents)),
        "a keyset too far ahead": next_(sign_keyset(following._replace(version=following.version + 1), roots)),
        "a keyset by one root": next_(sign_keyset(following, roots[:1])),
        "a keyset by strangers": next_(sign_keyset(following, strangers)),
        "a keyset by issuing keys": next_(sign_keyset(following, issuing)),
        "a keyset by the roots before": next_(sign_keyset(following, vendor.root_keys(case.root - 1)))
        if case.root > 1
        else next_(b""),
        "new roots by themselves": next_(sign_keyset(moved, new_roots)),
        "new roots without themselves": next_(sign_keyset(moved, roots)),
        "a threshold lowered by one root": next_(sign_keyset(following._replace(threshold=1), roots[:1])),
        "a frozen, expired end": lambda: extend(
            trusted, sign_keyset(following, roots), now=MORNING + timedelta(days=DAYS_AFTER + 1)
        ),
        "a fork": lambda: merge(trusted, [*vendor.documents[:-1], forked], now=MORNING),
        "a chain of another vendor": lambda: merge(trusted, VendorKeys(seed="stranger").documents, now=MORNING),
        "a chain that begins later": lambda: enter(vendor.documents[1:], fingerprint=vendor.fingerprint),
        "a root of small order": next_(
            sign_keyset(following._replace(roots=tuple(sorted([*following.roots[:2], SMALL_ORDER]))), roots)
        ),
    }


def _on_others(case: Rotating) -> dict[str, Callable[[], object]]:
    vendor, chance = case.vendor, case.chance
    fresh, stranger = VendorKeys(seed=vendor.seed), VendorKeys(seed="stranger")
    home = fresh.trusted
    subject = directory_subject(chance.randbytes(16))
    as_object, as_host = (fresh.certificate(subject, purpose) for purpose in (Purpose.OBJECT, Purpose.HOST))
    mine = pack_installation(MachineId(1001, chance.randbytes(8), chance.randbytes(8)))
    theirs = pack_installation(MachineId(1001, chance.randbytes(8), chance.randbytes(8)))
    confirmed = fresh.confirm_permanently(mine)
    file = fresh.product_file()

    return {
        "a product file of another vendor": lambda: open_product(
            stranger.product_file(), fingerprint=fresh.fingerprint
        ),
        "a character of a product file": lambda: open_product(_altered(file, chance), fingerprint=fresh.fingerprint),
        "an object as a host's certificate": lambda: verify_certificate(as_object, home, Purpose.HOST),
        "a host's certificate as an object": lambda: verify_certificate(as_host, home, Purpose.OBJECT),
        "a confirmation for another machine": lambda: verify_permanent(theirs, unpack_confirmation(confirmed), home),
        "a bit of a confirmation": lambda: verify_permanent(
            mine, unpack_confirmation(confirmed[:1] + _flipped(confirmed[1:], chance)), home
        ),
        "a confirmation of another vendor": lambda: verify_permanent(
            mine, unpack_confirmation(stranger.confirm_permanently(mine)), home
        ),
    }


def _altered(text: str, chance: random.Random) -> str:
    """One character of the encoded lines is another of the same alphabet."""
    lines = text.splitlines()
    row = chance.randrange(1, len(lines) - 2)
    at = chance.randrange(len(lines[row]))
    lines[row] = lines[row][:at] + ("A" if lines[row][at] != "A" else "B") + lines[row][at + 1 :]
    return "\n".join(lines) + "\n"
