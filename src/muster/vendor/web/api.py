"""The API of spec/vendor.md. Decides nothing: reads, asks the services, answers."""

from __future__ import annotations

import hashlib
from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Refused
from muster.platform.pages.problems import REFUSED
from muster.trust.humanid import parse_installation
from muster.trust.productkey import KeyKind, parse_key
from muster.vendor.service.bundling import confirm_bundle, references_in
from muster.vendor.service.confirming import Confirmation, confirm_packed
from muster.vendor.service.publishing import published_keyset, published_product
from muster.vendor.service.vendor import Vendor
from muster.vendor.web.limits import Limits
from muster.wire.calendar import day_start
from muster.wire.installation import MachineId, pack_installation

MAX_SERIAL = 2**53 - 1
WORKERS = 16
"""Activations that are worked on at once: as many as `muster.platform.sql` has connections for work that holds."""
MAX_KEYSET = 2**31 - 1
TEXT, BYTES = "text/plain; charset=us-ascii", "application/octet-stream"

VendorId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="The vendor id.")]
Tag = Annotated[str | None, Header(alias="If-None-Match")]


class PermanentRequest(BaseModel):
    """What a machine sends."""

    installation_id: str


class PermanentAnswer(BaseModel):
    """What a machine types, the last day of it, and what is left of the key."""

    confirmation_id: str
    expires_at: date | None
    remaining: int


class CertificateRequest(BaseModel):
    """What a host or a directory sends."""

    installation_id: str
    replaces: Annotated[int, Field(ge=1, le=MAX_SERIAL)] | None = None


class CertificateAnswer(BaseModel):
    """The certificate as digits, and its serial."""

    confirmation_id: str
    serial: int


class RemainingRequest(BaseModel):
    """A multiple activation key."""

    key: str


class RemainingAnswer(BaseModel):
    """What is left of a key."""

    remaining: int
    total: int
    edition: str


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return dict.fromkeys(statuses, REFUSED)


# By reference: FastAPI would describe a model as application/json.
_ASKED = _problems(400, 409, 413, 422, 429, 500, 503)
_READ = _problems(404, 422, 429, 500, 503) | {304: {"description": "Not changed."}}


class Confirming:
    """Confirms what strangers ask for, in threads of its own, and counts each asking against its key."""

    def __init__(self, vendor: Vendor, limits: Limits) -> None:
        self._vendor = vendor
        self._limits = limits
        self._workers = ThreadPoolExecutor(WORKERS, "confirming")

    async def activate(self, digits: str) -> PermanentAnswer:
        """The permanent activation of a machine."""
        done = await self._confirmed(digits, machine=True)
        end = day_start(done.end_day).date() if done.end_day else None
        return PermanentAnswer(confirmation_id=done.digits, expires_at=end, remaining=done.remaining)

    async def certify(self, digits: str, replaces: int | None) -> CertificateAnswer:
        """The certificate of a host or directory."""
        done = await self._confirmed(digits, machine=False, replaces=replaces)
        return CertificateAnswer(confirmation_id=done.digits, serial=done.serial or 0)

    async def _confirmed(self, digits: str, *, machine: bool, replaces: int | None = None) -> Confirmation:
        installation = parse_installation(digits)
        self._limits.key(installation.reference)
        if isinstance(installation, MachineId) is not machine:
            raise Refused(
                Code.KEY_WRONG_KIND,
                "this is not the installation id of a " + ("machine" if machine else "host or directory"),
                "Machines ask /v1/permanent-activations, hosts and directories /v1/certificates.",
            )
        asked = partial(confirm_packed, self._vendor, pack_installation(installation), replaces=replaces)
        return await get_running_loop().run_in_executor(self._workers, asked)


def api(vendor: Vendor, limits: Limits, confirming: Confirming) -> APIRouter:
    """The endpoints under ``/v1``."""
    router = APIRouter(prefix="/v1")

    @router.post("/permanent-activations", responses=_ASKED)
    async def activate(asked: PermanentRequest) -> PermanentAnswer:
        """Activate a machine with the multiple activation key behind its installation id."""
        return await confirming.activate(asked.installation_id)

    @router.post("/certificates", responses=_ASKED)
    async def certify(asked: CertificateRequest) -> CertificateAnswer:
        """Certify a host or a directory, in place of a lost one with `replaces`."""
        return await confirming.certify(asked.installation_id, asked.replaces)

    @router.post("/request-bundles", responses=_ASKED, response_class=Response)
    def bundle(text: Annotated[bytes, Body(media_type="text/plain")], request: Request) -> Response:
        """Answer a request bundle: a verdict for every row, in its order."""
        limits.bundle(request.client, references_in(text))
        return Response(confirm_bundle(vendor, text).file, media_type=TEXT)

    @router.post("/remaining", responses=_ASKED)
    def remaining(asked: RemainingRequest) -> RemainingAnswer:
        """What is left of a multiple activation key, for whoever holds it."""
        key = parse_key(asked.key)
        limits.key(key.reference)
        row = vendor.store.run(lambda books: books.key_by_lookup(vendor.keys.lookup(key.text)))
        if row is None:
            raise Refused(Code.KEY_UNKNOWN, "this vendor never issued that key", "Compare it with the one you got.")
        if row.kind is not KeyKind.MAK:
            raise Refused(Code.KEY_WRONG_KIND, f"the key …{row.partial} is a {row.kind} key")
        return RemainingAnswer(remaining=row.activations - row.used, total=row.activations, edition=row.scope_name)

    @router.get("/product-files/{vendor_id}", responses=_READ, response_class=Response)
    def product_file(vendor_id: VendorId, if_none_match: Tag = None) -> Response:
        """The newest product file."""
        _check_vendor(vendor, vendor_id)
        return _tagged(published_product(vendor).encode(), TEXT, if_none_match)

    @router.get("/keysets/{vendor_id}/{number}", responses=_READ, response_class=Response)
    def keyset(
        vendor_id: VendorId, number: Annotated[int, Path(ge=1, le=MAX_KEYSET)], if_none_match: Tag = None
    ) -> Response:
        """The signed keyset of a version."""
        _check_vendor(vendor, vendor_id)
        return _tagged(published_keyset(vendor, number), BYTES, if_none_match)

    return router


def _check_vendor(vendor: Vendor, vendor_id: str) -> None:
    if vendor_id != vendor.keysets().vendor_id.hex():
        raise Refused(Code.NOT_FOUND, "this service is of another vendor")


def _tagged(data: bytes, media: str, held: str | None) -> Response:
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if held is not None and tag in {part.strip().removeprefix("W/") for part in held.split(",")}:
        return Response(status_code=304, headers={"etag": tag})
    return Response(data, media_type=media, headers={"etag": tag, "cache-control": "no-cache"})
