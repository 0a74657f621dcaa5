"""Which pictures there are.

A test holds that every template of a whole page is here, and that every picture here is there and shown.
"""

from __future__ import annotations

from tools.pictures.console_shots import CONSOLE
from tools.pictures.vendor_shots import OPERATOR, PORTAL, VENDOR

PROGRAMS = (
    ("The vendor's portal", "for anybody, without a log-in", "vendor", PORTAL),
    ("The vendor's operator", "for those who answer the telephone", "vendor", OPERATOR),
    ("The vendor's administrators", "for those who sell", "vendor", VENDOR),
    ("The console", "for those who administer machines", "console", CONSOLE),
)
"""Heading, for whom, which program serves it, its pictures."""
SHARED = ("accounts.html", "failure.html", "login.html", "password.html")
"""Templates of the platform: pages of both programs, and each is shown of one at least."""
