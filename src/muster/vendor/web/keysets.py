"""Keysets: which keys sign what, and the next keyset, with the root keys at hand or with files carried across."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Malformed, Misconfigured, MusterError
from muster.platform.accounts import Who
from muster.platform.pages import Form, read_form, read_many
from muster.platform.pages.headers import secured
from muster.platform.pages.pages import see_other, status_of
from muster.vendor.core.keysets import Change, current
from muster.vendor.service.access import KEYS, READ
from muster.vendor.service.proposals import root_changes
from muster.vendor.service.rotating import change, propose, publish, purposes
from muster.vendor.service.vendor import FINGERPRINT
from muster.vendor.web.site import Site
from muster.wire.calendar import day_start
from muster.wire.keyset import MAX_SIGNATURES, Keyset, KeyStatus, Purpose

PATH = "/keysets"
SIGNATURE_FILES = frozenset({"signatures1", "signatures2", "signatures3"})

Sent = Annotated[Form, Depends(read_form)]
Carried = Annotated[Form, Depends(read_many)]


def keysets(site: Site) -> APIRouter:
    """The router of ``/keysets``."""
    router = site.router()

    @router.get(PATH)
    def show(request: Request) -> Response:
        return _show(site, request, site.who(request, READ))

    @router.post(PATH)
    def change_(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, KEYS)
        try:
            change(site.acting(who), wanted(form))
        except MusterError as error:
            return _show(site, request, who, error)
        return see_other(PATH)

    @router.post(PATH + "/propose")
    def propose_(request: Request, form: Sent) -> Response:
        who = site.form_of(request, form, KEYS)
        try:
            proposal = propose(site.acting(who), wanted(form))
        except MusterError as error:
            return _show(site, request, who, error)
        headers = {"content-disposition": 'attachment; filename="keyset-proposal.json"'}
        return secured(Response(proposal, media_type="application/json", headers=headers))

    @router.post(PATH + "/publish")
    def publish_(request: Request, form: Carried) -> Response:
        who = site.form_of(request, form, KEYS)
        try:
            publish(site.acting(who), _text(form, "proposal"), _signatures(form))
        except MusterError as error:
            return _show(site, request, who, error)
        return see_other(PATH)

    return router


def wanted(form: Form) -> Change:
    """The change that a form asks for."""
    number, what = form.number("number"), form.text("what", 20)
    if what == "rotate":
        return Change(rotate=purposes(form.text("purpose", 20) or "all"))
    if number is None:
        raise Misconfigured(Code.USAGE, "no number was entered", "Enter that of the key, or the serial.")
    changes = {
        "retire": Change(retire=(number,)),
        "revoke": Change(revoke=(number,)),
        "withdraw": Change(withdraw=(number,)),
    }
    if what not in changes:
        raise Misconfigured(Code.USAGE, "there is no such change", "rotate, retire, revoke or withdraw")
    return changes[what]


def _signatures(form: Form) -> list[str]:
    """Each field may bring several files: as many as signatures fit."""
    sent = [upload.data for upload in form.uploads if upload.field in SIGNATURE_FILES]
    if len(sent) > MAX_SIGNATURES:
        raise Misconfigured(
            Code.USAGE, f"{len(sent)} files of signatures", f"A keyset has {MAX_SIGNATURES} signatures at most."
        )
    return [_decoded(data, "signatures") for data in sent]


def _text(form: Form, name: str) -> str:
    try:
        return _decoded(form.files[name], name)
    except KeyError as error:
        raise Misconfigured(Code.USAGE, f"the file of the {name} is missing", "Choose it, too.") from error


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed(Code.MESSAGE_MALFORMED, f"the file of the {name} is no text") from error


def key_state(keyset: Keyset, number: int, in_use: frozenset[int]) -> str:
    """What an issuing key is: in use, spare, retired or revoked."""
    status = next(key.status for key in keyset.issuing if key.number == number)
    if status is not KeyStatus.ACTIVE:
        return status.name.lower()
    return "in use" if number in in_use else "spare"


def in_use(keyset: Keyset, today: int) -> frozenset[int]:
    """The numbers of the issuing keys that sign now."""
    found = set[int]()
    for purpose in Purpose:
        try:
            found.add(current(keyset, purpose, today).number)
        except Misconfigured:
            continue
    return frozenset(found)


def _show(site: Site, request: Request, who: Who, error: MusterError | None = None) -> Response:
    keysets, vendor = site.vendor.keysets(), site.vendor
    newest = keysets.newest
    signing = in_use(newest, vendor.today)
    keys: list[dict[str, Any]] = [
        {
            "number": key.number,
            "purpose": key.purpose.name.lower(),
            "state": key_state(newest, key.number, signing),
            "until": day_start(key.not_after_day),
            "public": key.public.hex(),
        }
        for key in newest.issuing
    ]
    return site.show(
        request,
        who,
        "keysets.html",
        status_of(error) if error else 200,
        error=site.told(request, error),
        keyset=newest,
        keys=keys,
        root_changes=root_changes(keysets),
        purposes=[("all", "all")] + [(p.name.lower(), p.name.lower()) for p in Purpose],
        fingerprint=vendor.store.run(lambda books: books.setting(FINGERPRINT)),
        until=day_start(newest.expires_day),
        may_change=who.may(KEYS),
    )
