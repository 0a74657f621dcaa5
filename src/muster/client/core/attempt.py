"""One attempt to activate an edition (spec/discovery.md §Attempt).

A pure generator: it yields what the shell has to ask, is sent what came back (or the error that
came instead), and returns an `Outcome`. It changes no record and reads no clock: evidence and
errors in the outcome are judged here, what follows from them is decided in `licensing`.

Hints, silence and strangers change nothing but the order of things (spec/discovery.md §Attempt): the next
candidate is asked, and the most informative result is the one that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from muster.base.errors import BY_NUMBER, Code, Malformed, MusterError, Refused, Untrusted
from muster.client.core.discovery import Address, Candidate, ServiceRecord
from muster.client.core.keysets import fetch_keysets
from muster.client.core.search import AskName, Search, SearchOrder
from muster.trust.chain import Answer, judge_answer, verify_answer
from muster.trust.keyset import TrustedKeysets, UnknownIssuingKey
from muster.wire.activation import (
    VERSION,
    ActivationRequest,
    Flags,
    RefusalClaims,
    ReplyClaims,
    State,
    decode_hint,
    encode_request,
    is_hint,
)
from muster.wire.calendar import moment
from muster.wire.product import Edition

CLOCK_TOLERANCE = timedelta(hours=4)


class AskHost(NamedTuple):
    """Send this body to that host. Sent back: the body of the answer."""

    address: Address
    body: bytes


Effect: TypeAlias = AskName | AskHost
Response: TypeAlias = tuple[ServiceRecord, ...] | bytes | MusterError
Attempt: TypeAlias = "Generator[Effect, Response, Outcome]"
Verify: TypeAlias = Callable[[bytes, bytes, TrustedKeysets], Answer]
"""Request and answer to what a certified host said; errors as those of `muster.trust.chain.verify_answer`."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything an attempt may know. `nonces` are 16 fresh bytes for each candidate."""

    edition: Edition
    keysets: TrustedKeysets
    client_id: bytes
    parts: bytes
    state: State
    flags: Flags
    now: datetime
    order: SearchOrder
    nonces: tuple[bytes, ...]
    clock_suspect: bool = False
    organisation: int | None = None


class Counted(NamedTuple):
    """What a certified host answered to one request: the evidence of a lease, or of having been counted."""

    host: Address
    request: bytes
    answer: bytes
    organisation: int
    claims: ReplyClaims


class Trial(NamedTuple):
    """What became of one candidate; `error` is None when it activated the edition."""

    candidate: Candidate
    error: MusterError | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt brought.

    `error` is None exactly when `counted` reaches the threshold. An answer below the threshold comes
    with COUNT_BELOW_THRESHOLD. `keysets` may be newer than before whatever else happened;
    `foreign` are hosts found in DNS that say they are another vendor's. `retry_minutes` is what a
    certified host said when it refused; 0 when none did.
    """

    keysets: TrustedKeysets
    counted: Counted | None = None
    error: MusterError | None = None
    trials: tuple[Trial, ...] = ()
    foreign: tuple[Address, ...] = ()
    skew: timedelta | None = None
    retry_minutes: int = 0


def attempt(situation: Circumstances, verify: Verify = verify_answer) -> Attempt:
    """Ask one candidate after the other until one activates the edition or has counted it.

    `verify` proves who answered. Only a simulation gives another, to which nobody real ever answers.
    """
    walk = _Walk(situation, situation.keysets, verify)
    search = Search(situation.order)
    for nonce in situation.nonces:
        candidate = yield from search.next()
        if candidate is None:
            break
        counted = yield from walk.ask(candidate, nonce)
        if counted is None:
            continue
        walk.keep(counted)
        if counted.claims.count >= situation.edition.threshold:
            walk.trials.append(Trial(candidate, None))
            return walk.outcome(None)
        error = below_threshold(counted.claims.count, situation.edition.threshold)
        walk.trials.append(Trial(candidate, error))
        # A host that counted us is the answer, and machines must not spread over many counts. Only
        # a renewal goes on: the cached host may have lost its count while another one kept its own.
        if not situation.flags & Flags.RENEWAL:
            return walk.outcome(error)
    if walk.counted is not None:
        return walk.outcome(below_threshold(walk.counted.claims.count, situation.edition.threshold))
    return walk.outcome(most_informative([t.error for t in walk.trials] + [search.error()]))


def request_of(situation: Circumstances, nonce: bytes) -> ActivationRequest:
    """What a host is asked for this edition."""
    edition = situation.edition
    return ActivationRequest(
        vendor_id=situation.keysets.vendor_id,
        edition=edition.id,
        group=edition.group,
        level=edition.level,
        threshold=edition.threshold,
        client_id=situation.client_id,
        parts=situation.parts,
        nonce=nonce,
        state=situation.state,
        flags=situation.flags,
    )


def below_threshold(count: int, threshold: int) -> Refused:
    """The honest no of a host that still needs more machines: ``n of m``."""
    return Refused(
        Code.COUNT_BELOW_THRESHOLD,
        f"{count} of {threshold} machines have asked the activation host",
    )


@dataclass(slots=True)
class _Walk:
    """What is gathered on the way from candidate to candidate."""

    situation: Circumstances
    keysets: TrustedKeysets
    verify: Verify
    counted: Counted | None = None
    skew: timedelta | None = None
    retry_minutes: int = 0
    trials: list[Trial] = field(default_factory=list)
    foreign: list[Address] = field(default_factory=list)

    def outcome(self, error: MusterError | None) -> Outcome:
        trials, foreign = tuple(self.trials), tuple(self.foreign)
        return Outcome(self.keysets, self.counted, error, trials, foreign, self.skew, self.retry_minutes)

    def keep(self, counted: Counted) -> None:
        """Of several hosts, the one that counted most."""
        if self.counted is None or counted.claims.count > self.counted.claims.count:
            self.counted = counted

    def ask(self, candidate: Candidate, nonce: bytes) -> Generator[Effect, Response, Counted | None]:
        """The counted of one candidate, or None with the reason kept as a trial."""
        body = encode_request(request_of(self.situation, nonce))
        reply = yield from _exchange(candidate.address, body)
        try:
            if isinstance(reply, MusterError):
                raise reply
            if is_hint(reply):
                raise self._hint(candidate, reply)
            answer = yield from self._verified(candidate.address, body, reply)
            claims = self._judged(answer)
        except MusterError as error:
            self.trials.append(Trial(candidate, _named(candidate.address, error)))
            return None
        organisation = answer.certificate.organisation
        return Counted(candidate.address, body, reply, organisation, claims)

    def _hint(self, candidate: Candidate, reply: bytes) -> MusterError:
        hint = decode_hint(reply)
        code = BY_NUMBER.get(hint.code, Code.HOST_UNTRUSTED)
        if code is Code.VENDOR_MISMATCH and candidate.priority is not None:
            self.foreign.append(candidate.address)
        if code is Code.VERSION_NOT_SUPPORTED:
            spoken = f"it speaks version {hint.version}, this machine version {VERSION}"
            return Refused(code, f"another protocol version: {spoken}")
        return Refused(code, f"{_lower(code.meaning)} (it says so itself, unsigned)")

    def _verified(self, address: Address, body: bytes, reply: bytes) -> Generator[Effect, Response, Answer]:
        """The answer, judged once more with newer keysets when its issuing key is not known."""
        try:
            return self.verify(body, reply, self.keysets)
        except UnknownIssuingKey:
            self.keysets = yield from _fetch(address, self.keysets, self.situation.now)
        return self.verify(body, reply, self.keysets)

    def _judged(self, answer: Answer) -> ReplyClaims:
        s = self.situation
        if isinstance(answer.claims, RefusalClaims):
            self.retry_minutes = answer.claims.retry_minutes
        # Before judging: a wrong clock of ours is what makes a good certificate look out of its time.
        difference = moment(answer.claims.host_time) - s.now
        self.skew = difference if abs(difference) > CLOCK_TOLERANCE else None
        return judge_answer(
            answer,
            s.edition,
            self.keysets,
            s.now,
            clock_suspect=s.clock_suspect,
            organisation=s.organisation,
        )


def _fetch(address: Address, keysets: TrustedKeysets, now: datetime) -> Generator[Effect, Response, TrustedKeysets]:
    talk = fetch_keysets(keysets, now)
    try:
        body = next(talk)
        while True:
            reply = yield from _exchange(address, body)
            body = talk.send(reply)
    except StopIteration as done:
        longer: TrustedKeysets = done.value
        return longer


def _exchange(address: Address, body: bytes) -> Generator[Effect, Response, bytes | MusterError]:
    response = yield AskHost(address, body)
    if isinstance(response, tuple):
        raise TypeError("a host's answer was expected, SRV records came")
    return response


def _named(address: Address, error: MusterError) -> MusterError:
    """The error with the host's name in front, and what proves nothing called HOST_UNTRUSTED."""
    if error.code is Code.HOST_UNREACHABLE:
        return error
    if isinstance(error, Untrusted) and error.code in _UNPROVEN:
        return Untrusted(Code.HOST_UNTRUSTED, f"{address}: {error.message}")
    if isinstance(error, Malformed):
        return Malformed(error.code, f"{address} is no activation host: {error.message}", error.hint)
    return type(error)(error.code, f"{address}: {error.message}", error.hint)


_UNPROVEN = frozenset({Code.SIGNATURE_INVALID, Code.KEYSET_UNTRUSTED, Code.KEYSET_TOO_OLD})

# From the least to the most that a person can do something with; what is not listed is a certified
# host's own word about this machine, and stands just below the count.
_TELLING = (
    Code.NO_HOST_FOUND,
    Code.DNS_UNREACHABLE,
    Code.HOST_UNREACHABLE,
    Code.MESSAGE_MALFORMED,
    Code.VENDOR_MISMATCH,
    Code.VERSION_NOT_SUPPORTED,
    Code.HOST_NOT_ACTIVATED,
    Code.HOST_UNTRUSTED,
    Code.HOST_BUSY,
    Code.RATE_LIMITED,
)


def most_informative(errors: list[MusterError | None]) -> MusterError:
    """The error that tells most; of equals the first."""
    told = [e for e in errors if e is not None]
    return max(told, key=_rank) if told else Refused(Code.NO_HOST_FOUND)


def _rank(error: MusterError) -> int:
    if error.code is Code.COUNT_BELOW_THRESHOLD:
        return len(_TELLING) + 1
    return _TELLING.index(error.code) if error.code in _TELLING else len(_TELLING)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")
