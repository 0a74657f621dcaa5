"""Requests that come as files, from machines that reach no host: answered, and counted as durably as any other.

A host that serves this home is asked over loopback, for only one process writes the counts; otherwise they are opened here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from muster.base.clock import Clock, SystemClock
from muster.base.errors import Code, Misconfigured, Refused
from muster.host.adapters.event_file import EventFile
from muster.host.adapters.home_folder import HomeFolder
from muster.host.adapters.listening_file import read_listening
from muster.host.adapters.own_socket import ask_host
from muster.host.adapters.sqlite_store import SqliteStore
from muster.host.app.storing import open_shared
from muster.host.core.answering import Answering, Intervals, Outcome, Verdict
from muster.host.core.counting import Counts
from muster.host.core.limits import NewIds
from muster.host.ports import Batch, Totals
from muster.host.service.shared_server import take_in
from muster.platform.durable_file import lock
from muster.wire.activation import RefusalClaims, decode_claims, decode_hint, decode_request, is_hint
from muster.wire.armour import ACTIVATION_REPLY, ACTIVATION_REQUEST, armour, dearmour
from muster.wire.calendar import seconds
from muster.wire.sign1 import decode_sign1

CARRIED_FROM = "127.0.0.1"
"""The address that stands in the inventory for machines whose request was carried here."""


_CODES = {code.number: code for code in Code}


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """The armoured reply; `count` is what it tells, None for a signed refusal with `refusal`."""

    text: str
    count: int | None
    refusal: Code | None


async def answer_file(
    home: Path, text: bytes, environment: Mapping[str, str] | None = None, *, clock: Clock | None = None
) -> FileAnswer:
    """The answer to an armoured activation request.

    `Malformed` for another file, `Refused` when nothing can be signed at all (HOST_NOT_ACTIVATED, VENDOR_MISMATCH, ...),
    `Misconfigured` (NOT_SET_UP, HOME_IN_USE), `StoreFailed`, `Unreachable` when the host that serves does not answer.
    """
    body = dearmour(text, ACTIVATION_REQUEST)
    decode_request(body)
    folder = HomeFolder(home, environment)
    if not folder.vendors():
        raise Misconfigured(Code.NOT_SET_UP, f"{home} has no product file", "muster host init --product FILE")
    if serving := read_listening(folder.listening):
        answer = await ask_host(serving[0], body)
    else:
        answer = await _answer(folder, body, clock or SystemClock())
    return _told(answer)


async def _answer(folder: HomeFolder, body: bytes, clock: Clock) -> bytes:
    with lock(folder.lock):
        shared = open_shared(folder)
        store = shared or SqliteStore(folder.store)
        events = EventFile(folder.events)
        try:
            now, setup = seconds(clock.now()), folder.read()
            loaded = await store.load(now)
            intervals = Intervals(setup.settings.renewal_minutes, setup.settings.retry_minutes)
            counts = Counts(loaded.groups, loaded.next_seq)
            answering = Answering(setup.vendors, intervals, counts, loaded.last_seen, NewIds())
            # No prefix: whoever may run this command is not limited in new ids.
            if shared is None:
                verdict = answering.decide(body, CARRIED_FROM, "", now, store.is_known)
                await store.commit(_batch(verdict))
            else:
                async with shared.turn() as turn:
                    await take_in(turn, answering, [(body, "")])
                    verdict = answering.decide(body, CARRIED_FROM, "", now, store.is_known)
                    await turn.commit(_batch(verdict), {})
            events.answered(now, CARRIED_FROM, verdict)
        finally:
            events.close()
            await store.close()
    return answering.sign(body, verdict, now)


def _batch(verdict: Verdict) -> Batch:
    refused = verdict.outcome in {Outcome.REFUSED, Outcome.HINTED}
    states = {} if verdict.request is None else {str(verdict.request.state): 1}
    return Batch(() if verdict.row is None else (verdict.row,), Totals(1, int(refused), states))


def _told(answer: bytes) -> FileAnswer:
    if is_hint(answer):
        code = _CODES[decode_hint(answer).code]
        raise Refused(code, f"this host cannot answer: {code.meaning}", code.hint)
    claims = decode_claims(decode_sign1(answer).payload)
    text = armour(ACTIVATION_REPLY, answer)
    if isinstance(claims, RefusalClaims):
        return FileAnswer(text, None, _CODES[claims.code])
    return FileAnswer(text, claims.count, None)
