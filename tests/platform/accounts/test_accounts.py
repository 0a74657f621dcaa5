"""Who gets in, for how long, and who does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from muster.base.errors import Code, Misconfigured, MusterError, Refused
from muster.platform.accounts import Accounts, Reset
from muster.platform.accounts.memory import MemoryAccounts
from muster.platform.accounts.passwords import SALT_BYTES, hashed
from tests.worlds.clocks import HandClock
from tests.worlds.effort import LIGHT
from tests.worlds.entropy import SeededEntropy

PASSWORD = "a long enough password"
WRONG = "not the password"
HERE = "192.0.2.0/24"
ROLES = {"admin": frozenset({"read", "write"}), "auditor": frozenset({"read"})}


class World:
    """Anna is an administrator; everything that was recorded is kept."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.records: list[tuple[str, str, str]] = []
        self.store = MemoryAccounts()
        self.accounts = Accounts(self.store, self.clock, SeededEntropy(), ROLES, self._record, effort=LIGHT)
        self.accounts.add("setup", "anna", "admin", password=PASSWORD)

    def _record(self, actor: str, action: str, subject: str, details: Mapping[str, object]) -> None:
        assert PASSWORD not in str(details)
        self.records.append((actor, action, subject))

    def log_in(self, name: str = "anna", password: str = PASSWORD, place: str = HERE) -> str:
        return self.accounts.log_in(name, password, place)

    def refusal(self, name: str = "anna", password: str = WRONG, place: str = HERE) -> Code:
        with pytest.raises(MusterError) as refused:
            self.log_in(name, password, place)
        return refused.value.code

    def is_in(self, cookie: str) -> bool:
        try:
            self.accounts.visitor(cookie)
        except Refused as refused:
            return refused.code is not Code.SESSION_ENDED
        return True


@pytest.fixture
def world() -> World:
    return World()


def test_the_right_password_opens_a_session(world: World) -> None:
    who = world.accounts.visitor(world.log_in(" Anna "))
    assert (who.name, who.role, who.may("write")) == ("anna", "admin", True)
    assert world.records == [("setup", "account.added", "anna"), ("anna", "login", "anna")]


@pytest.mark.parametrize("name", ["anna", "nobody", "", "<script>", "anna' OR '1'='1", "a" * 5000])
def test_a_wrong_password_and_a_wrong_name_look_alike(world: World, name: str) -> None:
    assert world.refusal(name) is Code.LOGIN_REFUSED


def test_neither_password_nor_cookie_is_kept(world: World) -> None:
    cookie = world.log_in()
    kept = repr(vars(world.store))
    assert PASSWORD not in kept
    assert cookie not in kept
    assert "$argon2id$" in kept


def test_a_password_costs_what_is_asked_for_and_by_default_what_is_recommended(world: World) -> None:
    world.log_in()
    assert "$argon2id$v=19$m=8,t=1,p=1$" in repr(vars(world.store))
    assert hashed(PASSWORD, bytes(SALT_BYTES)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_session_ends_after_an_idle_hour(world: World) -> None:
    cookie = world.log_in()
    for _ in range(3):
        world.clock.move(minutes=59)
        assert world.is_in(cookie)
    world.clock.move(minutes=61)
    assert not world.is_in(cookie)


def test_a_session_ends_after_twelve_hours_whatever_is_done(world: World) -> None:
    cookie = world.log_in()
    for _ in range(12):
        assert world.is_in(cookie)
        world.clock.move(minutes=59)
    world.clock.move(minutes=13)
    assert not world.is_in(cookie)


def test_logging_out_ends_the_session_for_whoever_copied_the_cookie(world: World) -> None:
    cookie, other = world.log_in(), world.log_in()
    world.accounts.log_out(cookie)
    assert not world.is_in(cookie)
    assert world.is_in(other)


def test_the_sixth_try_in_a_row_waits(world: World) -> None:
    assert [world.refusal() for _ in range(6)] == [Code.LOGIN_REFUSED] * 5 + [Code.RATE_LIMITED]
    assert world.refusal(password=PASSWORD) is Code.RATE_LIMITED, "the right password waits, too"
    assert world.log_in(place="198.51.100.0/24"), "who guesses elsewhere does not lock her out here"
    world.clock.move(seconds=31)
    assert world.log_in()


def test_one_place_cannot_try_many_names(world: World) -> None:
    codes = [world.refusal(f"name{n}") for n in range(21)]
    assert codes == [Code.LOGIN_REFUSED] * 20 + [Code.RATE_LIMITED]


def test_a_one_time_password_lets_nobody_do_anything_but_change_it(world: World) -> None:
    given = world.accounts.add("anna", "bert", "auditor")
    cookie = world.log_in("bert", given.password)
    who = world.accounts.visitor(cookie)
    assert who.must_change
    assert not who.may("read")
    fresh = world.accounts.change_password("bert", given.password, "quite another password", HERE)
    assert world.accounts.visitor(fresh).may("read")
    assert not world.is_in(cookie), "the cookie is exchanged with the password"
    assert world.refusal("bert", given.password) is Code.LOGIN_REFUSED


def test_a_one_time_password_ends_after_three_days(world: World) -> None:
    given = world.accounts.add("anna", "bert", "auditor")
    world.clock.move(days=3)
    assert world.refusal("bert", given.password) is Code.LOGIN_REFUSED


@pytest.mark.parametrize("weak", ["short", "a" * 40, "abababababababab", "anna anna anna!", "x" * 257 + "abcdefg"])
def test_a_weak_password_is_not_taken(world: World, weak: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        world.accounts.change_password("anna", PASSWORD, weak, HERE)
    assert refused.value.code is Code.PASSWORD_WEAK
    assert world.log_in()


def test_the_old_password_is_asked_for(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.accounts.change_password("anna", "wrong", "quite another password", HERE)
    assert refused.value.code is Code.LOGIN_REFUSED


@pytest.mark.parametrize("what", ["reset", "blocked", "role"])
def test_a_change_by_an_administrator_ends_sessions(world: World, what: str) -> None:
    cookie = world.log_in()
    if what == "reset":
        assert isinstance(world.accounts.reset("carl", "anna"), Reset)
    else:
        world.accounts.change("carl", "anna", role="auditor", blocked=what == "blocked")
    assert not world.is_in(cookie)
    assert world.records[-1][:1] == ("carl",)


def test_a_blocked_account_is_refused(world: World) -> None:
    world.accounts.change("carl", "anna", blocked=True)
    assert world.refusal(password=PASSWORD) is Code.LOGIN_REFUSED
    world.accounts.change("carl", "anna", blocked=False)
    assert world.log_in()


def test_an_account_of_an_identity_provider_has_no_password(world: World) -> None:
    world.accounts.add("anna", "ida", "auditor", identity="https://id.example ida")
    for guess in ("", "x"):
        assert world.refusal("ida", guess) is Code.LOGIN_REFUSED


def test_a_form_belongs_to_its_session(world: World) -> None:
    one, other = (world.accounts.visitor(world.log_in()) for _ in range(2))
    one.check_form(one.form_secret)
    for sent in ("", other.form_secret, "é"):
        with pytest.raises(Refused) as refused:
            one.check_form(sent)
        assert refused.value.code is Code.FORM_OUTDATED


def test_a_token_does_what_its_scopes_and_its_owner_allow_until_it_ends(world: World) -> None:
    text = world.accounts.issue_token("anna", "ci", "anna", frozenset({"read", "write"}), 30)
    who = world.accounts.bearer(text)
    assert (who.name, sorted(who.scopes)) == ("anna/ci", ["read", "write"])
    with pytest.raises(Refused):
        who.check_form("")
    world.accounts.change("anna", "anna", role="auditor")
    assert world.accounts.bearer(text).scopes == {"read"}
    world.clock.move(days=30)
    with pytest.raises(Refused) as refused:
        world.accounts.bearer(text)
    assert refused.value.code is Code.LOGIN_REFUSED


def test_a_token_can_be_ended(world: World) -> None:
    text = world.accounts.issue_token("anna", "ci", "anna", frozenset({"read"}), 30)
    world.accounts.end_token("anna", "ci")
    with pytest.raises(Refused):
        world.accounts.bearer(text)
    with pytest.raises(Refused):
        world.accounts.end_token("anna", "ci")


@pytest.mark.parametrize(("scopes", "days"), [({"read", "root"}, 30), (set(), 30), ({"read"}, 0), ({"read"}, 367)])
def test_a_token_cannot_be_more_than_its_owner(world: World, scopes: set[str], days: int) -> None:
    with pytest.raises(Misconfigured):
        world.accounts.issue_token("anna", "ci", "anna", frozenset(scopes), days)


@pytest.mark.parametrize("name", ["", "Ä", "a b", "<b>", "-x", "a" * 65])
def test_names_are_plain(world: World, name: str) -> None:
    with pytest.raises(Misconfigured):
        world.accounts.add("anna", name, "admin")


def test_a_role_must_exist(world: World) -> None:
    with pytest.raises(Misconfigured):
        world.accounts.add("anna", "bert", "emperor")
