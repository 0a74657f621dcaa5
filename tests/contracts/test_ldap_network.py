"""What only a network has in the way of a directory: false certificates, servers that die, referrals, noise, Kerberos."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError, Unreachable, Untrusted
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.port import ROOT, Anonymous, Kerberos, Login, Password, Scope, Server
from tests.worlds.directory_world import slapd_place
from tests.worlds.false_time import time_in_environment
from tests.worlds.name_servers import silent
from tests.worlds.openldap import Slapd, slapd
from tests.worlds.parts import library
from tests.worlds.samba import Domain

PATIENCE = 10.0


def refused_by(server: Server, login: Login = Anonymous(), patience: float = 5.0) -> MusterError:  # noqa: B008
    library("bonsai")

    async def run() -> None:
        async with DirectoryProcess().connect(server, login, patience):
            pass

    with pytest.raises(MusterError) as error:
        asyncio.run(run())
    return error.value


@pytest.mark.parts
def test_a_server_of_an_unknown_authority_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with slapd(tmp_path / "one") as one, slapd(tmp_path / "two") as two:
        spoofed = Server(f"ldap://{one.address}", start_tls=True, authority=str(two.authority))
        error = refused_by(spoofed, Password("cn=admin,dc=corp,dc=example", "secret"))
        named = refused_by(Server(f"ldap://localhost:{one.port}", start_tls=True, authority=str(one.authority)))
    assert isinstance(error, Untrusted)
    assert error.code is Code.DIRECTORY_UNTRUSTED
    assert isinstance(named, Untrusted)


@pytest.mark.parts
def test_a_server_that_stops_in_the_middle_is_unreachable(tmp_path: Path) -> None:
    async def run() -> MusterError:
        with slapd(tmp_path) as server:
            place = slapd_place(server)
            async with place.directories.connect(place.server, place.machine, PATIENCE) as directory:
                server.stop()
                with pytest.raises(MusterError) as error:
                    await directory.read(place.base, Scope.SUBTREE)
                return error.value

    assert asyncio.run(run()).code is Code.DIRECTORY_UNREACHABLE


async def cut_off(server: Slapd, after: int) -> asyncio.Server:
    """A way to a server that breaks once it has given `after` bytes of answers."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: float) -> None:
        while limit > 0 and (data := await reader.read(4096)):
            limit -= len(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near, far = await asyncio.open_connection("127.0.0.1", server.port)
        asking = asyncio.create_task(carry(reader, far, float("inf")))
        await carry(near, writer, after)
        asking.cancel()
        far.close()

    return await asyncio.start_server(converse, "127.0.0.1", 0)


@pytest.mark.parts
def test_of_a_controller_that_dies_within_a_search_nothing_is_taken_for_the_answer(tmp_path: Path) -> None:
    many, row = 300, {"objectClass": (b"applicationProcess",), "description": (b"x" * 1000,)}

    async def run(server: Slapd) -> tuple[int, MusterError]:
        place = slapd_place(server)
        async with place.directories.connect(place.server, place.administrator, PATIENCE) as directory:
            for number in range(many):
                await directory.add(f"cn=n{number},{place.base}", row)
            whole = len(await directory.read(place.base, Scope.CHILDREN))
        proxy = await cut_off(server, many * 500)
        url = f"ldap://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        half = Server(url, start_tls=True, authority=place.server.authority)
        async with proxy, place.directories.connect(half, place.machine, PATIENCE) as directory:
            with pytest.raises(MusterError) as error:
                await directory.read(place.base, Scope.CHILDREN)
        return whole, error.value

    with slapd(tmp_path, sizelimit=5000) as server:
        whole, error = asyncio.run(run(server))
    assert whole >= many
    assert error.code is Code.DIRECTORY_UNREACHABLE


@pytest.mark.parts
def test_referrals_are_neither_followed_nor_told(tmp_path: Path) -> None:
    async def run(server: Slapd, elsewhere: str) -> tuple[str, ...]:
        place = slapd_place(server)
        row = {"objectClass": (b"referral", b"extensibleObject"), "ref": (f"ldap://{elsewhere}/dc=other".encode(),)}
        async with place.directories.connect(place.server, place.administrator, PATIENCE) as directory:
            await directory.add(f"cn=elsewhere,{place.base}", row)
        async with place.directories.connect(place.server, place.machine, PATIENCE) as directory:
            return tuple(entry.dn for entry in await directory.read(place.base, Scope.SUBTREE))

    # Whoever followed it would wait for a server that never answers, and the search would fail.
    with slapd(tmp_path) as server, silent() as elsewhere:
        found = asyncio.run(run(server, elsewhere))
    assert {"dc=corp,dc=example", "cn=pc1,dc=corp,dc=example"} <= set(found)
    assert "cn=elsewhere,dc=corp,dc=example" not in found


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x30\x84\xff\xff\xff\xff" + bytes(100),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        hashlib.sha256(b"noise").digest() * 100,
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    ],
    ids=["silence", "endless", "http", "noise", "yes to everything"],
)
def test_what_is_no_directory_ends_within_its_time(said: bytes) -> None:
    library("bonsai")

    async def run() -> MusterError:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(said)
            await writer.drain()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            try:
                async with DirectoryProcess().connect(Server(f"ldap://127.0.0.1:{port}"), Anonymous(), 1.0) as found:
                    await found.read(ROOT)
                    await found.read("dc=corp,dc=example", Scope.SUBTREE)
            except MusterError as error:
                return error
        return pytest.fail("it was taken for a directory")

    error = asyncio.run(asyncio.wait_for(run(), 8))
    assert error.code in {Code.DIRECTORY_UNREACHABLE, Code.DIRECTORY_REFUSED}


def test_nobody_there_is_unreachable() -> None:
    error = refused_by(Server("ldap://127.0.0.1:1"))
    assert isinstance(error, Unreachable)
    assert error.code is Code.DIRECTORY_UNREACHABLE


@pytest.mark.parts
def test_a_keytab_that_is_gone_or_old_is_told(
    samba_domain: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.folder / "krb5.conf"))
    server = Server(f"ldap://{samba_domain.address}")
    old = samba_domain.computer("oldkeys")
    samba_domain.tool("user", "setpassword", "OLDKEYS$", "--newpassword=Another!Passw0rd1")
    for keytab in (str(old.keytab), str(tmp_path / "none.keytab")):
        error = refused_by(server, Kerberos("OLDKEYS$@CORP.EXAMPLE", keytab))
        assert error.code is Code.DIRECTORY_REFUSED
        assert keytab in error.message
    without = refused_by(server, Kerberos())
    assert "kinit" in without.hint


@pytest.mark.parts
def test_an_expired_ticket_is_told(samba_domain: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gssapi

    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.folder / "krb5.conf"))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/tickets")
    account = samba_domain.computer("hours1")
    principal = f"{account.principal}@CORP.EXAMPLE"
    # What kinit does.
    store: dict[bytes | str, bytes | str] = {
        "client_keytab": str(account.keytab), "ccache": f"FILE:{tmp_path}/tickets",
    }  # fmt: skip
    name = gssapi.Name(principal, gssapi.NameType.kerberos_principal)
    gssapi.Credentials(name=name, usage="initiate", store=store)

    async def own() -> None:
        async with DirectoryProcess().connect(Server(f"ldap://{samba_domain.address}"), Kerberos(), PATIENCE):
            pass

    asyncio.run(own())
    for variable, value in time_in_environment("+48h").items():
        monkeypatch.setenv(variable, value)
    error = refused_by(Server(f"ldap://{samba_domain.address}"), Kerberos())
    assert error.code is Code.DIRECTORY_REFUSED
    assert "expired" in error.message
    assert "kinit" in error.hint


@pytest.mark.parts
def test_clocks_too_far_apart_for_kerberos_are_named(
    samba_domain: Domain, samba_member: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.worlds.samba import Member

    assert isinstance(samba_member, Member)
    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.folder / "krb5.conf"))
    for variable, value in time_in_environment("+3h").items():
        monkeypatch.setenv(variable, value)
    login = Kerberos(f"{samba_member.principal}@CORP.EXAMPLE", str(samba_member.keytab))
    error = refused_by(Server(f"ldap://{samba_domain.address}"), login)
    assert error.code is Code.CLOCK_SKEW
