"""How much work one guess at a passphrase or a password is: the parameters of argon2id (RFC 9106, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Memory in KiB (at least 8 per lane), passes over it, and how many threads may share them.

    What is written names its own effort, so that another one may be chosen later.
    """

    memory_kib: int
    iterations: int
    lanes: int


# The second recommended option of RFC 9106: a file may be carried away and tried for years.
FILE = Effort(65_536, 3, 4)
# What OWASP's password storage sheet asks of argon2id at least: a log-in page must survive many tries at once.
LOGIN = Effort(19 * 1024, 2, 1)
