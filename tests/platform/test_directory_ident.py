"""Which directory it is, by what servers of different makers show of the head of their tree."""

from __future__ import annotations

import asyncio

import pytest

from muster.base.errors import Code, Refused
from muster.platform.ldap.objects import find_layout
from muster.platform.ldap.port import MAX_ENTRIES, Attributes, Entry, Scope

HEAD = "dc=corp,dc=example"
UNIQUE, UUID = b"f2d2b881-b8a511ed-8a3ae3a6-c1d7d1a8", b"01234567-89ab-cdef-0123-456789abcdef"


class Shows:
    """A `Directory`, read only, whose head shows just these attributes."""

    def __init__(self, shown: dict[str, bytes]) -> None:
        self._shown = {name.lower(): (value,) for name, value in shown.items()}

    async def add(self, dn: str, attributes: Attributes) -> None:
        raise Refused(Code.DIRECTORY_REFUSED)

    async def replace(self, dn: str, attributes: Attributes) -> None:
        raise Refused(Code.DIRECTORY_REFUSED)

    async def remove(self, dn: str) -> None:
        raise Refused(Code.DIRECTORY_REFUSED)

    async def read(
        self,
        base: str,
        scope: Scope = Scope.BASE,
        filter_: str = "(objectClass=*)",
        attributes: tuple[str, ...] = (),
        limit: int = MAX_ENTRIES,
    ) -> tuple[Entry, ...]:
        asked = {name.lower() for name in attributes}
        shown = self._shown if base else {"namingcontexts": (HEAD.encode(),)}
        return (Entry(base, {name: values for name, values in shown.items() if name in asked}),)


def ident(**shown: bytes) -> bytes:
    return asyncio.run(find_layout(Shows(shown))).ident


def test_389_is_known_by_what_it_always_has_even_once_it_has_uuids_too() -> None:
    alone, both = ident(nsUniqueId=UNIQUE), ident(nsUniqueId=UNIQUE, entryUUID=UUID)
    assert alone == both == bytes.fromhex("f2d2b881b8a511ed8a3ae3a6c1d7d1a8")


def test_others_are_known_by_their_uuid() -> None:
    assert ident(entryUUID=UUID) == bytes.fromhex("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("shown", [{}, {"entryUUID": b"none"}, {"nsUniqueId": b"f2d2b881"}])
def test_what_shows_no_id_is_no_directory_of_ours(shown: dict[str, bytes]) -> None:
    with pytest.raises(Refused) as caught:
        ident(**shown)
    assert caught.value.code is Code.DIRECTORY_REFUSED
