"""How many connections a host keeps, and for how long."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Protocol

import pytest

from muster.host.service.connection import Connection
from muster.host.service.guests import CONNECTION_SECONDS, Admission, Guests

WELCOME = Admission.WELCOME


class Nobody:
    """A reception that has nothing to say."""

    def opened(self, connection: Connection) -> bool:
        return True

    def asked(self, connection: Connection, body: bytes) -> None: ...

    def garbled(self) -> None: ...

    def closed(self, connection: Connection) -> None: ...

    def crowded(self) -> None: ...


class Invite(Protocol):
    """Makes a connection of a source."""

    def __call__(self, source: str, *, has_asked: bool = False) -> Connection: ...


@pytest.fixture
def guest() -> Iterator[Invite]:
    with ExitStack() as open_things:
        loop = open_things.enter_context(closing(asyncio.new_event_loop()))

        def invite(source: str, *, has_asked: bool = False) -> Connection:
            link = open_things.enter_context(socket.socket())
            connection = Connection(Nobody(), loop, link, source)
            connection.source, connection.has_asked = source, has_asked
            return connection

        yield invite


def test_deadlines_are_absolute_and_fall_in_the_order_of_arrival(guest: Invite) -> None:
    guests, first, second = Guests(), guest("a"), guest("b", has_asked=True)
    guests.admit(first, 100.0)
    guests.admit(second, 101.0)
    assert guests.overdue(100.0 + CONNECTION_SECONDS - 0.1) == []
    assert guests.overdue(100.0 + CONNECTION_SECONDS) == [first]
    assert guests.overdue(101.0 + CONNECTION_SECONDS) == [first, second]


def test_a_source_has_a_limit_of_its_own_and_gets_its_places_back(guest: Invite) -> None:
    guests, first = Guests(per_source=2), guest("a")
    told = [guests.admit(c, 0.0) for c in (first, guest("a"), guest("a"), guest("b"))]
    assert told == [WELCOME, WELCOME, Admission.SOURCE_FULL, WELCOME]
    assert guests.forget(first)
    assert not guests.forget(first)
    assert guests.admit(guest("a"), 0.0) is WELCOME


def test_a_full_house_turns_out_the_oldest_that_has_not_asked_and_never_one_that_has(guest: Invite) -> None:
    guests = Guests(limit=2)
    asking, idle = guest("a", has_asked=True), guest("b")
    guests.admit(asking, 0.0)
    guests.admit(idle, 0.0)
    late = guest("c", has_asked=True)
    assert guests.admit(late, 0.0) is WELCOME
    assert guests.made_room == 1
    assert guests.all() == [asking, late]
    assert guests.admit(guest("d"), 0.0) is Admission.HOUSE_FULL
