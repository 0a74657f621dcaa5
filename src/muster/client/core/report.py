"""What is told of an edition, to people and programs: the object of ``muster client status --json`` (spec/status.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from muster.base.errors import BY_NUMBER
from muster.client.core.licensing import Scene, next_attempt
from muster.trust.evidence import Method
from muster.trust.standing import Standing


def report(scene: Scene) -> dict[str, Any]:
    """Every field is always there; what is not known is None."""
    part, standing, edition = scene.part, scene.standing(), scene.edition
    attempts = part.attempts
    by_host = standing.method in {None, Method.HOST}
    return {
        "product": edition.product,
        "edition": edition.name,
        "state": str(standing.state),
        "method": str(standing.method) if standing.method else None,
        "permanent": standing.permanent,
        "expires_at": instant(standing.expires_at),
        "grace_ends_at": instant(standing.grace_ends_at),
        "next_attempt_at": instant(next_attempt(scene)),
        "count": attempts.count or standing.count,
        "threshold": edition.threshold,
        "host": (attempts.host or None) if by_host else None,
        "organisation": standing.organisation,
        "client_id": scene.record.client_id.hex(),
        "partial_key": part.key.partial if part.key else None,
        "key_kind": part.key.kind.name.lower() if part.key else None,
        "binding": scene.hardware.binding,
        "features": list(edition.features),
        "last_error": _last_error(scene, standing),
    }


def foundation(scene: Scene) -> dict[str, Any]:
    """What an edition rests on: the object of ``muster client license --json``."""
    product, edition, standing = scene.product, scene.edition, scene.standing()
    return {
        "edition": edition.name,
        "edition_id": edition.id,
        "group": edition.group,
        "level": edition.level,
        "threshold": edition.threshold,
        "vendor": product.claims.vendor,
        "vendor_fingerprint": product.fingerprint.hex(),
        "product_serial": product.claims.serial,
        "keyset": product.keysets.version,
        "state": str(standing.state),
        "method": str(standing.method) if standing.method else None,
        "certificate": standing.serial,
        "organisation": standing.organisation,
        "reason": str(standing.reason) if standing.reason else None,
        "expires_at": instant(standing.expires_at),
    }


def _last_error(scene: Scene, standing: Standing) -> dict[str, str] | None:
    attempts = scene.part.attempts
    code = BY_NUMBER.get(attempts.code) if attempts.code else standing.reason
    if code is None:
        return None
    return {"code": str(code), "message": attempts.message or code.meaning, "hint": code.hint}


def instant(moment: datetime | None) -> str | None:
    """UTC to the second, as in ``2027-05-23T00:00:00Z``."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
