"""What Windows is to a domain: DsRoleGetPrimaryDomainInformation, which any user may ask.

Written from Microsoft's documentation and type-checked; never run on Windows. What its answer means is decided, and tested, in
`muster.client.core.membership`.
"""

from __future__ import annotations

import ctypes
import sys

from muster.base.errors import Code, Refused

_BASIC = 1  # DsRolePrimaryDomainInfoBasic


class PrimaryDomain(ctypes.Structure):
    """DSROLE_PRIMARY_DOMAIN_INFO_BASIC (dsrole.h)."""

    _fields_ = (
        ("role", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("flat", ctypes.c_wchar_p),
        ("dns", ctypes.c_wchar_p),
        ("forest", ctypes.c_wchar_p),
        ("ident", ctypes.c_uint8 * 16),
    )


if sys.platform == "win32":

    def primary_domain() -> tuple[int, str]:
        """The machine's role and its domain's name in DNS; `Refused` with DIRECTORY_REFUSED when Windows does not tell."""
        api, found = ctypes.WinDLL("netapi32"), ctypes.POINTER(PrimaryDomain)()
        number = api.DsRoleGetPrimaryDomainInformation(None, _BASIC, ctypes.byref(found))
        if number or not found:
            raise Refused(
                Code.DIRECTORY_REFUSED,
                f"the domain of this machine is not known: Windows says error {number}",
                "Set domain in [directory] of client.toml.",
            )
        try:
            return int(found.contents.role), found.contents.dns or ""
        finally:
            api.DsRoleFreeMemory(found)
