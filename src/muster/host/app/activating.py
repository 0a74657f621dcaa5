"""Certification online: the installation id goes to the vendor's service, the certificate comes back (spec/vendor.md)."""

from __future__ import annotations

import ssl
from pathlib import Path

from muster.base.clock import Clock
from muster.base.errors import Code, Misconfigured, Unreachable, Untrusted
from muster.host.app.setting_up import chosen, confirm_packed
from muster.host.core.identity import Identity
from muster.platform.vendor_api import VendorApi
from muster.wire.installation import pack_installation

WITHOUT_SERVICE = "By telephone, QR code or file: muster host installation-id, then muster host confirm."


async def activate(
    home: Path,
    *,
    service: str = "",
    replaces: int | None = None,
    partial: str = "",
    organisation: str = "",
    clock: Clock | None = None,
    tls: ssl.SSLContext | None = None,
) -> Identity:
    """Have the vendor certify a host key here, in place of the certificate `replaces` of a host that is gone.

    `service` is asked instead of the one in the product file. The same host again gets its certificate for nothing, and a
    fresh one when that is about to end. `Misconfigured` with NO_SERVICE, `Unreachable`, `Untrusted`, or the vendor's no.
    """
    vendor, identity = chosen(home, partial)
    address = service or vendor.product.claims.service
    packed = pack_installation(identity.installation)
    try:
        if not address:
            raise Misconfigured(Code.NO_SERVICE)
        found = await VendorApi(address, tls=tls).certify(packed, replaces)
    except (Misconfigured, Unreachable, Untrusted) as error:
        raise type(error)(error.code, error.message, f"{error.hint} {WITHOUT_SERVICE}") from error
    return confirm_packed(home, found.confirmation, packed, clock=clock, organisation=organisation)
