"""One suite for every place where accounts are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from muster.base.errors import Code, Refused
from muster.platform.accounts import Account, AccountStore, Session, Token
from muster.platform.accounts.memory import MemoryAccounts
from muster.platform.accounts.sql import SqlAccounts
from muster.platform.sql import sqlite_url
from tests.worlds.clocks import MORNING

ANNA = Account("anna", "admin", "$argon2id$…", "https://id.example anna", None, is_blocked=False, created_at=MORNING)
BERT = replace(ANNA, name="bert", identity=None, one_time_until=MORNING + timedelta(days=3))
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AccountStore]:
    if request.param == "memory":
        yield MemoryAccounts()
        return
    sql = SqlAccounts(sqlite_url(tmp_path / "accounts.db"), "a setting")
    sql.migrate()
    yield sql
    sql.close()


def test_what_was_kept_is_found_again(store: AccountStore) -> None:
    store.add(BERT)
    store.add(ANNA)
    assert store.accounts() == (ANNA, BERT)
    assert store.find("bert") == BERT
    assert store.find_identity("https://id.example anna") == ANNA
    assert store.find("carl") is None
    assert store.find_identity("https://id.example carl") is None


@pytest.mark.parametrize("again", [ANNA, replace(ANNA, name="carl")])
def test_a_name_and_an_identity_are_given_once(store: AccountStore, again: Account) -> None:
    store.add(ANNA)
    with pytest.raises(Refused) as refused:
        store.add(again)
    assert refused.value.code is Code.NAME_TAKEN
    assert store.accounts() == (ANNA,)


def test_a_change_of_an_account_ends_its_sessions_only(store: AccountStore) -> None:
    store.add(ANNA)
    store.add(BERT)
    hers, his = Session(b"1" * 32, "anna", MORNING, MORNING), Session(b"2" * 32, "bert", MORNING, MORNING)
    store.open_session(hers)
    store.open_session(his)
    store.update(replace(ANNA, is_blocked=True))
    assert store.find("anna") == replace(ANNA, is_blocked=True)
    assert store.session(hers.digest) is None
    assert store.session(his.digest) == his


def test_an_account_is_removed_with_what_it_held_and_no_other(store: AccountStore) -> None:
    store.add(ANNA)
    store.add(BERT)
    for number, name in ((b"1", "anna"), (b"2", "bert")):
        store.open_session(Session(number * 32, name, MORNING, MORNING))
        store.add_token(Token(number * 32, f"ci-{name}", name, frozenset({"read"}), MORNING, MORNING + HOUR))
    store.remove("anna")
    store.remove("anna")
    assert store.accounts() == (BERT,)
    assert (store.session(b"1" * 32), store.token(b"1" * 32)) == (None, None)
    assert store.session(b"2" * 32)
    assert [token.name for token in store.tokens()] == ["ci-bert"]
    store.add(ANNA)


def test_a_session_is_seen_and_closed(store: AccountStore) -> None:
    store.add(ANNA)
    store.open_session(Session(b"1" * 32, "anna", MORNING, MORNING))
    store.see_session(b"1" * 32, MORNING + HOUR)
    assert store.session(b"1" * 32) == Session(b"1" * 32, "anna", MORNING, MORNING + HOUR)
    store.close_session(b"1" * 32)
    store.close_session(b"1" * 32)
    assert store.session(b"1" * 32) is None


def test_tokens_have_names_and_end(store: AccountStore) -> None:
    store.add(ANNA)
    token = Token(b"t" * 32, "ci", "anna", frozenset({"read", "keys"}), MORNING, MORNING + HOUR)
    store.add_token(token)
    with pytest.raises(Refused) as refused:
        store.add_token(replace(token, digest=b"u" * 32))
    assert refused.value.code is Code.NAME_TAKEN
    assert store.tokens() == (token,)
    assert store.token(token.digest) == token
    assert store.end_token("ci")
    assert not store.end_token("ci")
    assert store.token(token.digest) is None


def test_a_bucket_gives_its_burst_then_one_per_interval(store: AccountStore) -> None:
    def take(seconds: float, bucket: str = "a") -> float:
        now = MORNING + timedelta(seconds=seconds)
        return store.take(bucket, now, timedelta(seconds=10), 3).total_seconds()

    assert [take(0), take(0), take(0), take(0)] == [0, 0, 0, 10]
    assert take(0, "b") == 0
    assert [take(9), take(10), take(10)] == [1, 0, 10]
    assert [take(1000), take(1000), take(1000), take(1000)] == [0, 0, 0, 10]


def test_what_is_over_is_swept(store: AccountStore) -> None:
    store.add(ANNA)
    store.open_session(Session(b"1" * 32, "anna", MORNING, MORNING + 2 * HOUR))
    store.open_session(Session(b"2" * 32, "anna", MORNING + HOUR, MORNING + HOUR))
    store.take("a", MORNING, HOUR, 1)
    store.take("b", MORNING + HOUR, HOUR, 1)
    store.sweep(sessions_before=MORNING + HOUR, buckets_before=MORNING + 2 * HOUR)
    assert store.session(b"1" * 32) is None
    assert store.session(b"2" * 32) is not None
    assert store.take("a", MORNING, HOUR, 1) == timedelta(0), "a bucket that was full again is forgotten"
    assert store.take("b", MORNING + HOUR, HOUR, 1) == HOUR
