"""Passwords of people: argon2id in PHC form, and what is too easy to guess."""

from __future__ import annotations

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from muster.base.errors import Code, Misconfigured

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
MIN_DIFFERENT = 5
SALT_BYTES = 16
# What OWASP's password storage sheet asks of argon2id at least: a log-in page must survive many tries at once.
_HASH_BYTES, _ITERATIONS, _LANES, _MEMORY_KIB = 32, 2, 1, 19 * 1024

# A hash that nothing matches takes as long to compare as a real one: a missing name cannot be told by time.
NOBODY = f"$argon2id$v=19$m={_MEMORY_KIB},t={_ITERATIONS},p={_LANES}$AAAAAAAAAAAAAAAAAAAAAA${'A' * 43}"


def hashed(password: str, salt: bytes) -> str:
    """The password in PHC form; `salt` is 16 unpredictable bytes."""
    argon = Argon2id(salt=salt, length=_HASH_BYTES, iterations=_ITERATIONS, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return argon.derive_phc_encoded(password.encode())


def fits(password: str, stored: str) -> bool:
    """Whether this is the password that was hashed; never for an empty `stored`, in about the same time."""
    try:
        Argon2id.verify_phc_encoded(password[:MAX_CHARACTERS].encode(), stored or NOBODY)
    except InvalidKey:
        return False
    return bool(stored)


def check(password: str, name: str) -> None:
    """`Misconfigured` with PASSWORD_WEAK where the password is too short, too long, too plain, or made of the name."""
    if len(password) < MIN_CHARACTERS:
        raise Misconfigured(Code.PASSWORD_WEAK, f"the password is shorter than {MIN_CHARACTERS} characters")
    if len(password) > MAX_CHARACTERS:
        raise Misconfigured(Code.PASSWORD_WEAK, f"the password is longer than {MAX_CHARACTERS} characters")
    if len(set(password)) < MIN_DIFFERENT or name.lower() in password.lower():
        raise Misconfigured(Code.PASSWORD_WEAK, "the password repeats itself or the name")
