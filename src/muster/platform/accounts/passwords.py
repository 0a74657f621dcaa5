"""Passwords of people: argon2id in PHC form, and what is too easy to guess."""

from __future__ import annotations

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from muster.base.errors import Code, Misconfigured
from muster.platform.effort import LOGIN, Effort

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
MIN_DIFFERENT = 5
SALT_BYTES = 16
_HASH_BYTES = 32

# A hash that nothing matches takes as long to compare as a real one: a missing name cannot be told by time.
_PARAMETERS = f"m={LOGIN.memory_kib},t={LOGIN.iterations},p={LOGIN.lanes}"
NOBODY = f"$argon2id$v=19${_PARAMETERS}$AAAAAAAAAAAAAAAAAAAAAA${'A' * 43}"


def hashed(password: str, salt: bytes, effort: Effort = LOGIN) -> str:
    """The password in PHC form; `salt` is 16 unpredictable bytes."""
    argon = Argon2id(
        salt=salt,
        length=_HASH_BYTES,
        iterations=effort.iterations,
        lanes=effort.lanes,
        memory_cost=effort.memory_kib,
    )
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
