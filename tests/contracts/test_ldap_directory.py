"""What a directory does for programs: in memory, OpenLDAP, 389 where it is installed, and a Samba domain alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest

from muster.base.errors import Code, Misconfigured, Refused
from muster.platform.ldap.port import (
    ROOT,
    Anonymous,
    Directory,
    Kerberos,
    Login,
    Password,
    Scope,
    Server,
    escaped,
    escaped_name,
)
from tests.worlds.directory_world import Place, dirsrv_place, memory_place, samba_place, slapd_place
from tests.worlds.dirsrv import dirsrv
from tests.worlds.openldap import Slapd, slapd
from tests.worlds.samba import Domain

PATIENCE = 10.0
PLACES = [
    pytest.param("memory"),
    pytest.param("memory-ad"),
    pytest.param("openldap", marks=pytest.mark.parts),
    pytest.param("389", marks=pytest.mark.parts),
    pytest.param("samba", marks=pytest.mark.parts),
]
Result = TypeVar("Result")


@pytest.fixture(scope="module")
def directory_389(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with dirsrv(tmp_path_factory.mktemp("dirsrv")) as server:
        yield server


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "samba":
            domain: Domain = request.getfixturevalue("samba_domain")
            monkeypatch.setenv("KRB5_CONFIG", str(domain.folder / "krb5.conf"))
            yield samba_place(domain, request.getfixturevalue("samba_member"))
        elif request.param == "389":
            yield dirsrv_place(request.getfixturevalue("directory_389"))
        elif request.param == "openldap":
            yield slapd_place(stack.enter_context(slapd(tmp_path, sizelimit=5000)))
        else:
            yield memory_place(is_ad=request.param == "memory-ad")


def within(place: Place, login: Login, work: Callable[[Directory], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        # In Active Directory, Kerberos seals by itself, and inside TLS it must not.
        server = Server(place.server.url) if isinstance(login, Kerberos) else place.server
        async with place.directories.connect(server, login, PATIENCE) as directory:
            return await work(directory)

    return asyncio.run(run())


def fresh(place: Place, name: str) -> str:
    """A folder of the test's own."""
    dn = f"cn={escaped_name(name)},{place.home}"
    within(place, place.administrator, lambda d: d.add(dn, place.folder()))
    return dn


def test_what_is_added_is_read_by_a_machine_byte_for_byte(place: Place) -> None:
    dn = f"cn=one,{fresh(place, 'added')}"
    values = (b"plain", "größer als\tsonst".encode(), b"x" * 200)
    within(place, place.administrator, lambda d: d.add(dn, place.thing(*values)))
    (found,) = within(place, place.machine, lambda d: d.read(dn, attributes=(place.words, "cn")))
    assert found.dn.lower() == dn.lower()
    assert sorted(found.values(place.words)) == sorted(values)
    assert found.text("CN") == "one"


def test_a_name_is_given_once_and_is_free_again_after_removal(place: Place) -> None:
    dn = f"cn=once,{fresh(place, 'names')}"
    within(place, place.administrator, lambda d: d.add(dn, place.thing(b"1")))
    with pytest.raises(Refused) as taken:
        within(place, place.administrator, lambda d: d.add(dn, place.thing(b"2")))
    assert taken.value.code is Code.NAME_TAKEN
    within(place, place.administrator, lambda d: d.remove(dn))
    assert within(place, place.machine, lambda d: d.read(dn)) == ()
    with pytest.raises(Refused) as gone:
        within(place, place.administrator, lambda d: d.remove(dn))
    assert gone.value.code is Code.NOT_FOUND
    within(place, place.administrator, lambda d: d.add(dn, place.thing(b"3")))


def test_values_are_replaced_and_taken_away(place: Place) -> None:
    dn = f"cn=changing,{fresh(place, 'changes')}"
    within(place, place.administrator, lambda d: d.add(dn, place.thing(b"old", b"older")))
    within(place, place.administrator, lambda d: d.replace(dn, {place.words: (b"new",)}))
    (found,) = within(place, place.machine, lambda d: d.read(dn, attributes=(place.words,)))
    assert found.values(place.words) == (b"new",)
    within(place, place.administrator, lambda d: d.replace(dn, {place.words: ()}))
    (found,) = within(place, place.machine, lambda d: d.read(dn, attributes=(place.words,)))
    assert found.values(place.words) == ()
    with pytest.raises(Refused) as missing:
        within(place, place.administrator, lambda d: d.replace(f"cn=none,{dn}", {place.words: (b"x",)}))
    assert missing.value.code is Code.NOT_FOUND


def test_a_search_finds_what_matches_as_deep_as_it_looks(place: Place) -> None:
    folder = fresh(place, "depth")
    inner = f"cn=inner,{folder}"

    async def fill(d: Directory) -> None:
        await d.add(inner, place.folder())
        await d.add(f"cn=near,{folder}", place.thing(b"star * ( ) \\"))
        await d.add(f"cn=far,{inner}", place.thing(b"star * ( ) \\"))
        await d.add(f"cn=other,{inner}", place.thing(b"star anything"))

    within(place, place.administrator, fill)
    wanted = f"(&(objectClass=*)({place.words}={escaped(b'star * ( ) ' + bytes((92,)))}))"

    def names(scope: Scope, base: str = folder) -> set[str]:
        found = within(place, place.machine, lambda d: d.read(base, scope, wanted, ("cn",)))
        return {entry.text("cn") for entry in found}

    assert names(Scope.CHILDREN) == {"near"}
    assert names(Scope.SUBTREE) == {"near", "far"}
    assert names(Scope.BASE) == set()
    assert names(Scope.SUBTREE, f"cn=nowhere,{folder}") == set()


def test_names_with_special_characters_are_names(place: Place) -> None:
    name = 'Acme CAD, "Pro" #1 + <beta>; \\ = x'
    dn = f"cn={escaped_name(name)},{fresh(place, 'special')}"
    within(place, place.administrator, lambda d: d.add(dn, place.thing(b"1")))
    (found,) = within(place, place.machine, lambda d: d.read(dn, attributes=("cn",)))
    assert found.text("cn") == name
    within(place, place.administrator, lambda d: d.remove(found.dn))


def test_thousands_are_read_in_pages_and_no_more_than_asked_for(place: Place) -> None:
    folder, many = fresh(place, "many"), place.crowd

    async def fill(d: Directory) -> None:
        for number in range(many):
            await d.add(f"cn=n{number:05},{folder}", place.thing(b"%d" % number))

    within(place, place.administrator, fill)

    async def ask(d: Directory) -> tuple[int, int]:
        everything = await d.read(folder, Scope.CHILDREN, attributes=("cn",))
        return len(everything), len(await d.read(folder, Scope.CHILDREN, attributes=("cn",), limit=7))

    assert within(place, place.machine, ask) == (many, 7)


def test_octets_are_not_taken_for_text(place: Place) -> None:
    ident, length = place.ident
    dn = fresh(place, "ident")
    (one,) = within(place, place.machine, lambda d: d.read(dn, attributes=(ident,)))
    (again,) = within(place, place.machine, lambda d: d.read(dn, attributes=(ident,)))
    assert one == again
    assert len(one.values(ident)[0]) == length


def test_the_server_names_its_contexts_to_a_machine(place: Place) -> None:
    asked = ("namingContexts", "defaultNamingContext", "configurationNamingContext")
    (root,) = within(place, place.machine, lambda d: d.read(ROOT, attributes=asked))
    assert place.base.lower() in {text.lower() for text in root.texts("namingContexts")}
    assert bool(root.text("configurationNamingContext")) is place.is_ad


def test_a_machine_may_read_and_not_write(place: Place) -> None:
    dn = f"cn=mine,{fresh(place, 'rights')}"
    with pytest.raises(Refused) as refused:
        within(place, place.machine, lambda d: d.add(dn, place.thing(b"1")))
    assert refused.value.code is Code.DIRECTORY_REFUSED
    assert within(place, place.administrator, lambda d: d.read(dn)) == ()


def test_a_wrong_login_is_refused(place: Place) -> None:
    with pytest.raises(Refused) as refused:
        within(place, place.stranger, lambda d: d.read(ROOT))
    assert refused.value.code is Code.DIRECTORY_REFUSED


def test_without_a_login_nothing_is_read(place: Place) -> None:
    dn = f"cn=secret,{fresh(place, 'anonymous')}"
    within(place, place.administrator, lambda d: d.add(dn, place.thing(b"1")))
    try:
        assert within(place, Anonymous(), lambda d: d.read(dn)) == ()
    except Refused as error:
        assert error.code is Code.DIRECTORY_REFUSED  # noqa: PT017 - servers differ in how they say no


def test_a_password_does_not_travel_in_the_clear(place: Place) -> None:
    async def run() -> None:
        async with place.directories.connect(Server(place.server.url), Password("admin", "secret"), PATIENCE):
            pass

    with pytest.raises(Misconfigured):
        asyncio.run(run())
