"""Endpoints of keysets: looked at, and changed with the root keys at hand or with files carried across."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from muster.trust.keyset import TrustedKeysets
from muster.vendor.core.keysets import Change
from muster.vendor.service.access import KEYS, READ
from muster.vendor.service.proposals import MAX_PROPOSAL_CHARACTERS, root_changes
from muster.vendor.service.rotating import change, propose, publish, purposes
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import MAX_ID
from muster.vendor.web.admin.gate import Asking, Gate, admin_router
from muster.vendor.web.keysets import in_use, key_state
from muster.wire.calendar import day_start
from muster.wire.keyset import MAX_ISSUING_KEYS, MAX_SIGNATURES, MAX_WITHDRAWN

Number = Annotated[int, Field(ge=1, le=MAX_ID)]
Numbers = Annotated[list[Number], Field(max_length=MAX_ISSUING_KEYS)]
File = Annotated[str, Field(max_length=MAX_PROPOSAL_CHARACTERS)]


class IssuingKeyAnswer(BaseModel):
    """An issuing key of a keyset. States: in use, spare, retired, revoked."""

    number: int
    purpose: str
    state: str
    public: str


class RootChangeAnswer(BaseModel):
    """What a keyset changed of the root keys, and how many of them sign since."""

    version: int
    added: list[str]
    dropped: list[str]
    threshold: int


class KeysetAnswer(BaseModel):
    """The newest keyset: public keys only."""

    vendor_id: str
    fingerprint: str
    version: int
    expires: date
    threshold: int
    roots: list[str]
    root_changes: list[RootChangeAnswer]
    issuing: list[IssuingKeyAnswer]
    withdrawn: list[int]


class KeysetChange(BaseModel):
    """What the next keyset changes. `rotate` is a purpose, several with commas, or all. Root keys change by command only."""

    rotate: Annotated[str, Field(max_length=100)] = ""
    retire: Numbers = []
    revoke: Numbers = []
    withdraw: Annotated[list[Number], Field(max_length=MAX_WITHDRAWN)] = []


class Signed(BaseModel):
    """A proposal and the files of signatures that were made over it, as texts."""

    proposal: File
    signatures: Annotated[list[File], Field(min_length=1, max_length=MAX_SIGNATURES)]


def keysets(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/keyset``."""
    router = admin_router("keysets")

    @router.get("/keyset", dependencies=gate.needs(READ))
    def show() -> KeysetAnswer:
        """The newest keyset."""
        return _told(vendor, vendor.keysets())

    @router.post("/keyset", dependencies=gate.needs(KEYS))
    def change_(asked: KeysetChange, who: Asking) -> KeysetAnswer:
        """Make the next keyset in one step; only where the root keys are at hand."""
        return _told(vendor, change(vendor.acting(who.name), _wanted(asked)))

    @router.post("/keyset/propose", dependencies=gate.needs(KEYS), response_class=Response)
    def propose_(asked: KeysetChange, who: Asking) -> Response:
        """A proposal of the next keyset, to be signed where the root keys are."""
        return Response(propose(vendor.acting(who.name), _wanted(asked)), media_type="application/json")

    @router.post("/keyset/publish", dependencies=gate.needs(KEYS))
    def publish_(asked: Signed, who: Asking) -> KeysetAnswer:
        """Make a signed proposal the newest keyset."""
        return _told(vendor, publish(vendor.acting(who.name), asked.proposal, asked.signatures))

    return router


def _wanted(asked: KeysetChange) -> Change:
    rotate = purposes(asked.rotate) if asked.rotate else ()
    return Change(rotate, tuple(asked.retire), tuple(asked.revoke), tuple(asked.withdraw))


def _told(vendor: Vendor, keysets: TrustedKeysets) -> KeysetAnswer:
    newest = keysets.newest
    signing = in_use(newest, vendor.today)
    return KeysetAnswer(
        vendor_id=keysets.vendor_id.hex(),
        fingerprint=keysets.fingerprint.hex(),
        version=newest.version,
        expires=day_start(newest.expires_day).date(),
        threshold=newest.threshold,
        roots=[root.hex() for root in newest.roots],
        root_changes=[
            RootChangeAnswer(
                version=changed.version,
                added=[root.hex() for root in changed.added],
                dropped=[root.hex() for root in changed.dropped],
                threshold=changed.threshold,
            )
            for changed in root_changes(keysets)
        ],
        issuing=[
            IssuingKeyAnswer(
                number=key.number,
                purpose=key.purpose.name.lower(),
                state=key_state(newest, key.number, signing),
                public=key.public.hex(),
            )
            for key in newest.issuing
        ],
        withdrawn=list(newest.withdrawn),
    )
