"""What an administrator sees of a host: certificates, counts, requests, DNS, and what needs attention.

Reads the home and the database, whether the host is running or not; changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from muster.base.clock import Clock, SystemClock
from muster.base.counted import counted
from muster.base.errors import Code, Misconfigured, MusterError
from muster.host.adapters.home_folder import HomeFolder, Vendor
from muster.host.adapters.listening_file import read_listening
from muster.host.adapters.publication_file import PublicationFile
from muster.host.app.storing import view_of
from muster.host.core.answering import WARN_BEFORE_END
from muster.host.core.counting import ENTRY_SECONDS
from muster.host.core.identity import Identity
from muster.host.core.settings import format_endpoint
from muster.host.core.visibility import Seen, Sight
from muster.host.ports import Publication
from muster.trust.product import Product
from muster.wire.calendar import day_start, seconds


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that needs attention; `code` is what machines would run into."""

    code: Code
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Status:
    """`report` is the JSON object that scripts rely on."""

    report: dict[str, Any]
    concerns: tuple[Concern, ...]


def status(
    home: Path,
    *,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    seen: Sequence[Seen] = (),
) -> Status:
    """How the host in `home` stands; `Misconfigured` with NOT_SET_UP for an empty home. `seen`: what a look into DNS found."""
    folder, now = HomeFolder(home, environment), (clock or SystemClock()).now()
    settings, vendors = folder.settings(), folder.vendors()
    if not vendors:
        raise Misconfigured(Code.NOT_SET_UP, f"{home} has no product file", "muster host init --product FILE")
    view, products = view_of(folder), {v.product.keysets.vendor_id: v.product for v in vendors}
    publications, totals = PublicationFile(folder.book).read(), view.totals()
    told = {p.zone for p in publications if p.error}
    concerns = (
        *_of_certificates(vendors, now),
        *(_of_zone(p) for p in publications if p.error),
        *(_of_sight(s) for s in seen if s.sight is not Sight.FOUND and s.zone not in told),
    )
    report = {
        "listen": [format_endpoint(e) for e in read_listening(folder.listening) or settings.endpoints],
        "certificates": [row for v in vendors for i in v.identities if (row := _certificate(v.product, i))],
        "groups": [
            {
                "vendor": _vendor_name(products, g.group[0]),
                "group": _group_name(products, g.group),
                "count": g.count,
                "cache_size": g.cache_size,
            }
            for g in view.groups(seconds(now))
        ],
        "machines_30d": view.seen_since(seconds(now) - ENTRY_SECONDS),
        "requests": {
            "total": totals.total,
            "refused": totals.refused,
            "by_state": dict(sorted(totals.by_state.items())),
        },
        "intervals": {"renewal_minutes": settings.renewal_minutes, "retry_minutes": settings.retry_minutes},
        "dns": _zones(publications, seen),
        "warnings": [{"code": str(w.code), "message": w.message, "hint": w.hint} for w in concerns],
    }
    return Status(report, concerns)


def _zones(publications: Sequence[Publication], seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Every zone, with what machines find in it; None where nobody looked."""
    found = {s.zone: str(s.sight) for s in seen}
    rows: list[dict[str, Any]] = [
        {
            "zone": p.zone,
            "published_at": instant(p.published_at) if p.published_at else None,
            "error": _error(p),
            "seen": found.pop(p.zone, None),
        }
        for p in publications
    ]
    return rows + [{"zone": zone, "published_at": None, "error": None, "seen": sight} for zone, sight in found.items()]


def instant(moment: datetime) -> str:
    """An instant as scripts read it: ISO 8601 in UTC, whole seconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _vendor_name(products: Mapping[bytes, Product], vendor_id: bytes) -> str:
    product = products.get(vendor_id)
    return product.claims.vendor if product else vendor_id.hex()


def _group_name(products: Mapping[bytes, Product], key: tuple[bytes, int]) -> str:
    product = products.get(key[0])
    group = product.group(key[1]) if product else None
    return group.name if group else str(key[1])


def _certificate(product: Product, identity: Identity) -> dict[str, Any] | None:
    claims = identity.claims
    if claims is None:
        return None
    group = product.group(claims.scope)
    return {
        "vendor": product.claims.vendor,
        "serial": claims.serial,
        "organisation": claims.organisation,
        "organisation_name": identity.organisation,
        "scope": group.name if group else str(claims.scope),
        "level": claims.level,
        "expires_at": instant(day_start(claims.end_day)),
    }


def _of_certificates(vendors: tuple[Vendor, ...], now: datetime) -> Iterator[Concern]:
    if not any(v.identities for v in vendors):
        yield Concern(Code.NO_KEY, "no host key is installed", "Install it: muster host install-key")
    for vendor in vendors:
        keysets, name = vendor.product.keysets, vendor.product.claims.vendor
        if keysets.is_expired(now):
            hint = f"Get a newer product file from {name}: muster host install FILE"
            yield Concern(Code.KEYSET_TOO_OLD, f"{name}: keyset {keysets.version} is past its last day", hint)
        for identity in vendor.identities:
            yield from _of_identity(vendor.product, identity, now)


def _of_identity(product: Product, identity: Identity, now: datetime) -> Iterator[Concern]:
    claims, again = identity.claims, "Confirm again: muster host installation-id, then muster host confirm."
    if claims is None:
        message = f"the host key …{identity.partial} is not confirmed yet"
        yield Concern(Code.HOST_NOT_ACTIVATED, message, Code.HOST_NOT_ACTIVATED.hint)
        return
    what, end = f"certificate {claims.serial} of {product.claims.vendor}", day_start(claims.end_day)
    try:
        identity.mandate(product.keysets)
    except MusterError as error:
        yield Concern(error.code, f"{what} proves nothing any more: {error.message}", again)
    if product.keysets.is_withdrawn(claims.serial):
        yield Concern(Code.CERTIFICATE_WITHDRAWN, f"the vendor has withdrawn {what}", Code.CERTIFICATE_WITHDRAWN.hint)
    if now >= end:
        yield Concern(Code.CERTIFICATE_EXPIRED, f"{what} ended on {end:%Y-%m-%d}", again)
    elif now >= end - WARN_BEFORE_END:
        yield Concern(
            Code.CERTIFICATE_EXPIRED, f"{what} ends on {end:%Y-%m-%d}, in {counted((end - now).days, 'day')}", again
        )
    elif now < day_start(claims.not_before_day):
        hint = Code.CERTIFICATE_NOT_YET_VALID.hint
        yield Concern(Code.CERTIFICATE_NOT_YET_VALID, f"{what} is not valid yet", hint)


def _of_zone(publication: Publication) -> Concern:
    code = publication.error or Code.DNS_UPDATE_REFUSED
    return Concern(code, publication.problem or code.meaning, publication.remedy or code.hint)


def _of_sight(seen: Seen) -> Concern:
    if seen.sight is Sight.UNKNOWN:
        return Concern(Code.DNS_UNREACHABLE, f"{seen.zone}: {seen.text}", Code.DNS_UNREACHABLE.hint)
    hint = "Publish it: muster host publish, or write the lines of publish --dry-run into the zone."
    return Concern(Code.NO_HOST_FOUND, f"machines do not find this host in {seen.zone}: {seen.text}", hint)


def _error(publication: Publication) -> dict[str, str] | None:
    if publication.error is None:
        return None
    return {"code": str(publication.error), "message": publication.problem, "hint": publication.remedy}
