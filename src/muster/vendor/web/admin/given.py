"""Endpoints of what was given: machines, certificates, and confirming an installation id that somebody read out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from muster.trust.humanid import MAX_TYPED_CHARACTERS
from muster.vendor.core.keysets import Change
from muster.vendor.service.access import CONFIRM, KEYS, READ
from muster.vendor.service.confirming import confirm
from muster.vendor.service.rotating import change
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.admin.answers import MAX_ID, ActivationAnswer, Asked, Page
from muster.vendor.web.admin.gate import Asking, Gate, admin_router

DAYS = 90
MAX_SERIAL = 2**53 - 1

Serial = Annotated[int, Path(ge=1, le=MAX_ID, description="The serial of the certificate.")]


class ConfirmationRequest(BaseModel):
    """An installation id of a machine, host or directory."""

    installation_id: Annotated[str, Field(max_length=MAX_TYPED_CHARACTERS)]
    replaces: Annotated[int, Field(ge=1, le=MAX_SERIAL)] | None = None


class ConfirmationAnswer(BaseModel):
    """What is typed where the installation id came from, and what it took from the key."""

    confirmation_id: str
    key: int
    serial: int | None
    cost: str


class WithdrawalAnswer(BaseModel):
    """The keyset that says so."""

    serial: int
    keyset: int


def given(vendor: Vendor, gate: Gate) -> APIRouter:
    """The router of ``/machines``, ``/certificates`` and ``/confirmations``."""
    router = admin_router("activations")

    @router.get("/machines", dependencies=gate.needs(READ))
    def list_machines(search: Asked) -> Page[ActivationAnswer]:
        """Machines that were activated with a multiple activation key, newest first."""
        found = vendor.store.run(lambda books: books.list_machines(search))
        return Page.of(search, found, [ActivationAnswer.of(row) for row in found.rows])

    @router.get("/certificates", dependencies=gate.needs(READ))
    def list_certificates(search: Asked) -> Page[ActivationAnswer]:
        """Hosts and directories, newest first. States: open, replaced, withdrawn."""
        found = vendor.store.run(lambda books: books.list_certificates(search))
        return Page.of(search, found, [ActivationAnswer.of(row) for row in found.rows])

    @router.post("/certificates/{serial}/withdraw", dependencies=gate.needs(KEYS))
    def withdraw(serial: Serial, who: Asking) -> WithdrawalAnswer:
        """Withdraw a certificate in the next keyset; only where the root keys are at hand."""
        return WithdrawalAnswer(
            serial=serial, keyset=change(vendor.acting(who.name), Change(withdraw=(serial,))).version
        )

    @router.post("/confirmations", dependencies=gate.needs(CONFIRM))
    def confirm_(asked: ConfirmationRequest, who: Asking) -> ConfirmationAnswer:
        """Confirm an installation id, under the token's name in the audit."""
        done = confirm(vendor.acting(who.name), asked.installation_id, replaces=asked.replaces)
        return ConfirmationAnswer(confirmation_id=done.digits, key=done.key_id, serial=done.serial, cost=str(done.cost))

    return router
