"""Endpoints of keys. A key is in the answer that made it and in none after that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from muster.base.errors import Code, Refused
from muster.trust.productkey import KeyKind, ProductKey
from muster.vendor.ports import Books, KeyRow
from muster.vendor.service.access import EXCEPT, KEYS, READ
from muster.vendor.service.selling import (
    MAX_REASON,
    Order,
    block_key,
    extend_key,
    issue_keys,
    note_key,
    replace_key,
)
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import MAX_ID, Asked, AuditAnswer, KeyAnswer, Page
from muster.vendor.web.admin.gate import Asking, Gate, admin_router
from muster.vendor.web.keys import MAX_AT_ONCE

MAX_NAME = 200
MAX_NUMBER = 2**31 - 1

Number = Annotated[int, Path(ge=1, le=MAX_ID, description="The number of the key.")]
Count = Annotated[int, Field(ge=0, le=MAX_NUMBER)]


class Kind(StrEnum):
    """What sort of key."""

    MAK = "mak"
    HOST = "host"


class NewKeys(BaseModel):
    """An order: `count` keys on the same terms."""

    organisation: Annotated[str, Field(max_length=MAX_NAME)]
    kind: Kind
    scope: Annotated[str, Field(max_length=64, description="An edition for a mak, a group for a host key.")]
    count: Annotated[int, Field(ge=1, le=MAX_AT_ONCE)] = 1
    level: Count | None = None
    activations: Count | None = None
    days: Count | None = None
    seats: Count = 0
    until: date | None = None
    covers_until: date | None = None


class MadeKey(BaseModel):
    """A new key, told this once, and the number it is found by later."""

    number: int
    key: str


class MadeKeys(BaseModel):
    """New keys."""

    keys: list[MadeKey]


class Extension(BaseModel):
    """More than was sold."""

    hosts: Count = 0
    reactivations: Count = 0
    activations: Count = 0
    reason: Annotated[str, Field(max_length=MAX_REASON)]


class Note(BaseModel):
    """A note; it stays as it is."""

    note: Annotated[str, Field(max_length=MAX_REASON)]


def keys(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/keys``."""
    router = admin_router("keys")

    @router.get("/keys", dependencies=gate.needs(READ))
    def list_keys(search: Asked) -> Page[KeyAnswer]:
        """Keys, newest first. States: open, exhausted, blocked."""
        found = vendor.store.run(lambda books: books.list_keys(search))
        return Page.of(search, found, [KeyAnswer.of(row) for row in found.rows])

    @router.post("/keys", dependencies=gate.needs(KEYS), status_code=201)
    def issue(asked: NewKeys, who: Asking) -> MadeKeys:
        """Issue keys, all or none."""
        order = Order(
            KeyKind.MAK if asked.kind is Kind.MAK else KeyKind.HOST,
            asked.scope,
            asked.organisation,
            asked.level,
            asked.activations,
            asked.days,
            asked.seats,
            asked.until,
            asked.covers_until,
        )
        made = issue_keys(vendor.acting(who.name), order, asked.count)
        return MadeKeys(keys=_numbered(vendor, made))

    @router.get("/keys/{number}", dependencies=gate.needs(READ))
    def show(number: Number) -> KeyAnswer:
        """One key."""
        return KeyAnswer.of(_find(vendor, number))

    @router.get("/keys/{number}/history", dependencies=gate.needs(READ))
    def history(number: Number, search: Asked) -> Page[AuditAnswer]:
        """What was done to a key, newest first: its notes and exceptions too."""
        _find(vendor, number)
        own = replace(search, key=number)
        found = vendor.store.run(lambda books: books.list_audit(own))
        return Page.of(search, found, [AuditAnswer.of(row) for row in found.rows])

    @router.post("/keys/{number}/block", dependencies=gate.needs(KEYS))
    def block(number: Number, who: Asking) -> KeyAnswer:
        """Refuse new activations with a key. What was activated runs on."""
        _find(vendor, number)
        return KeyAnswer.of(block_key(vendor.acting(who.name), str(number), blocked=True))

    @router.post("/keys/{number}/unblock", dependencies=gate.needs(KEYS))
    def unblock(number: Number, who: Asking) -> KeyAnswer:
        """Take a key up again."""
        _find(vendor, number)
        return KeyAnswer.of(block_key(vendor.acting(who.name), str(number), blocked=False))

    @router.post("/keys/{number}/replace", dependencies=gate.needs(KEYS))
    def replace_(number: Number, who: Asking) -> MadeKey:
        """A new key on the same terms with what is left of the pool; the old one is blocked."""
        _find(vendor, number)
        return _numbered(vendor, (replace_key(vendor.acting(who.name), str(number)),))[0]

    @router.post("/keys/{number}/extend", dependencies=gate.needs(EXCEPT))
    def extend(number: Number, asked: Extension, who: Asking) -> KeyAnswer:
        """Grant more hosts, reactivations or activations, with a reason."""
        _find(vendor, number)
        granted = extend_key(
            vendor.acting(who.name),
            str(number),
            hosts=asked.hosts,
            reactivations=asked.reactivations,
            activations=asked.activations,
            reason=asked.reason,
        )
        return KeyAnswer.of(granted)

    @router.post("/keys/{number}/note", dependencies=gate.needs(EXCEPT), status_code=204)
    def note(number: Number, asked: Note, who: Asking) -> None:
        """Write a note on a key into its history."""
        _find(vendor, number)
        note_key(vendor.acting(who.name), str(number), asked.note)

    return router


def _find(vendor: Vendor, number: int) -> KeyRow:
    found = vendor.store.run(lambda books: books.key(number))
    if found is None:
        raise Refused(Code.NOT_FOUND, f"there is no key {number}")
    return found


def _numbered(vendor: Vendor, made: tuple[ProductKey, ...]) -> list[MadeKey]:
    def work(books: Books) -> list[MadeKey]:
        rows = ((key, books.key_by_lookup(vendor.keys.lookup(key.text))) for key in made)
        return [MadeKey(number=row.id, key=key.formatted) for key, row in rows if row is not None]

    return vendor.store.run(work)
