"""When an event is told, how it is signed, and when it is tried again."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from muster.vendor.core.webhooks import RETRIES, DeliveryState, Event, event_of_use, outcome, signature

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_signature_is_that_of_the_published_example() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("before", "after", "total", "event"),
    [
        (6, 7, 10, None),
        (7, 8, 10, Event.KEY_NEARLY_EXHAUSTED),
        (8, 9, 10, None),
        (9, 10, 10, Event.KEY_EXHAUSTED),
        (0, 1, 1, Event.KEY_EXHAUSTED),
        (2, 3, 3, Event.KEY_EXHAUSTED),
        (1, 2, 3, None),
        (3, 4, 5, Event.KEY_NEARLY_EXHAUSTED),
        (10, 10, 10, None),
    ],
)
def test_a_pool_is_told_of_at_four_fifths_and_at_its_end(
    before: int, after: int, total: int, event: Event | None
) -> None:
    assert event_of_use(before, after, total) is event


def test_every_pool_is_told_of_its_end_exactly_once() -> None:
    for total in range(1, 60):
        told = [event_of_use(used, used + 1, total) for used in range(total)]
        assert told.count(Event.KEY_EXHAUSTED) == 1
        assert told.count(Event.KEY_NEARLY_EXHAUSTED) <= 1
        assert total < 5 or told.count(Event.KEY_NEARLY_EXHAUSTED) == 1


def test_tries_come_further_apart_and_end_after_two_days() -> None:
    at, tries = NOW, 0
    while True:
        tries += 1
        result = outcome(503, tries, at)
        if result.next_at is None:
            break
        assert result.state is DeliveryState.WAITING
        assert result.next_at > at
        at = result.next_at
    assert (tries, result.state) == (len(RETRIES) + 1, DeliveryState.DEAD)
    assert timedelta(days=1) < at - NOW < timedelta(days=2)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, DeliveryState.DELIVERED),
        (204, DeliveryState.DELIVERED),
        (302, DeliveryState.WAITING),
        (400, DeliveryState.WAITING),
        (410, DeliveryState.DEAD),
        (None, DeliveryState.WAITING),
    ],
)
def test_only_a_yes_is_a_delivery(status: int | None, state: DeliveryState) -> None:
    assert outcome(status, 1, NOW).state is state
