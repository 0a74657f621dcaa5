"""A host whose clock is wrong: by hours, by years, at the ends of its widths."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from muster.base.errors import BY_NUMBER, Code
from muster.host.core.answering import Answering, Intervals, Mandate, Outcome, Represented, Verdict
from muster.host.core.counting import Counts
from muster.host.core.limits import NewIds
from muster.trust.chain import issue_certificate
from muster.trust.cose import public_bytes
from muster.wire.activation import decode_hint
from muster.wire.calendar import day_number, seconds
from muster.wire.certificate import CertificateClaims
from muster.wire.keyset import Purpose
from tests.worlds.host_world import GROUP, START, SmallVendor, private, request

HOUR, DAY = 3600, 86_400
YEAR = 365 * DAY
NOW = seconds(START)
VENDOR, HOST = SmallVendor(versions=3), private(99)

CLOCKS = [
    (NOW, None),
    (NOW + HOUR, None),
    (NOW - HOUR, None),
    (NOW + DAY, None),
    (NOW - DAY, None),
    (NOW - DAY - 1, Code.CLOCK_SUSPECT),
    (NOW + 30 * DAY, None),
    (NOW - 30 * DAY, Code.CLOCK_SUSPECT),
    (NOW + YEAR, Code.CERTIFICATE_EXPIRED),
    (NOW - YEAR, Code.CLOCK_SUSPECT),
    (NOW + 10 * YEAR, Code.CERTIFICATE_EXPIRED),
    (NOW - 10 * YEAR, Code.CLOCK_SUSPECT),
    (0, Code.CLOCK_SUSPECT),
    (seconds(datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)), Code.CERTIFICATE_EXPIRED),
    (2**32, Code.CERTIFICATE_EXPIRED),
]


def host() -> Answering:
    """A host that committed a row at NOW, certified from twenty days before until eighty days after."""
    claims = CertificateClaims(1, 5, 7, day_number(START) - 20, 100, public_bytes(HOST), GROUP, 255)
    mandate = Mandate(issue_certificate(VENDOR.host_key, claims, Purpose.HOST), claims, HOST)
    trusted = VENDOR.trusted
    represented = Represented(trusted.documents, frozenset(trusted.newest.withdrawn), (mandate,))
    return Answering({trusted.vendor_id: represented}, Intervals(10_080, 120), Counts({}, 1), NOW, NewIds(3600))


def ask(core: Answering, now: int, machine: int = 1) -> Verdict:
    return core.decide(request(VENDOR, machine), "192.0.2.1", "", now, lambda _group, _id: False)


@pytest.mark.parametrize(("now", "code"), CLOCKS)
def test_a_host_signs_by_its_certificate_and_never_a_day_before_its_last_row(now: int, code: Code | None) -> None:
    core = host()
    verdict = ask(core, now)
    assert core.trouble(now) is code
    if code is None:
        assert verdict.row is not None
        assert verdict.row.seen == max(now, NOW), "entries keep their order"
    else:
        assert (verdict.outcome, verdict.row) == (Outcome.HINTED, None)
        assert BY_NUMBER[decode_hint(verdict.answer).code] is code
        assert core.last_seen == NOW, "a clock that signs nothing leaves no trace"


def test_a_clock_that_ran_ahead_is_waited_for_once_it_is_corrected() -> None:
    core = host()
    assert ask(core, NOW + 30 * DAY).row is not None
    assert ask(core, NOW, machine=2).row is None
    assert core.trouble(NOW) is Code.CLOCK_SUSPECT
    assert ask(core, NOW + 29 * DAY, machine=2).row is not None
