"""Private keys at rest: files encrypted with a passphrase by argon2id and AES-256-GCM (RFC 9106, NIST SP 800-38D).

``issuing.box`` holds the issuing keys and the two secrets of the books; each root key has a file of its own in ``roots/``,
so that it can be carried away. Everything is written whole or not at all.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from muster.base.entropy import Entropy
from muster.base.errors import Code, Malformed, Misconfigured, StoreFailed
from muster.platform.durable_file import make_folder, read_file, replace_file
from muster.trust.cose import public_bytes

FORMAT = 1
SALT_BYTES = 16
NONCE_BYTES = 12
SECRET_BYTES = 32
MEMORY_KIBIBYTES = 65_536
ITERATIONS = 3
LANES = 4
MAX_MEMORY_KIBIBYTES = 1_048_576
MAX_ITERATIONS = 64
MAX_LANES = 64
MAX_BOX_BYTES = 262_144
ISSUING = "issuing.box"
ROOTS = "roots"
LABEL_BOX = b"muster-box-v1 "
LABEL_K = b"muster-k-v1 "


def _derive(passphrase: str, salt: bytes, memory: int, iterations: int, lanes: int) -> bytes:
    kdf = Argon2id(salt=salt, length=SECRET_BYTES, iterations=iterations, lanes=lanes, memory_cost=memory)
    return kdf.derive(passphrase.encode())


def write_box(path: Path, content: Mapping[str, Any], passphrase: str, entropy: Entropy) -> None:
    """Encrypt `content` (plain JSON values) into a file."""
    salt, nonce = entropy.token(SALT_BYTES), entropy.token(NONCE_BYTES)
    key = _derive(passphrase, salt, MEMORY_KIBIBYTES, ITERATIONS, LANES)
    box = AESGCM(key).encrypt(nonce, json.dumps(content).encode(), LABEL_BOX + path.name.encode())
    outer = {
        "format": FORMAT,
        "argon2id": {"memory_kib": MEMORY_KIBIBYTES, "iterations": ITERATIONS, "lanes": LANES, "salt": _text(salt)},
        "nonce": _text(nonce),
        "aes256gcm": _text(box),
    }
    replace_file(path, json.dumps(outer, indent=2).encode())


def read_box(path: Path, passphrase: str) -> dict[str, Any]:
    """The content of a box; `Misconfigured` with PASSPHRASE_WRONG or NOT_SET_UP, `Malformed` for a damaged file."""
    data = read_file(path, MAX_BOX_BYTES)
    if data is None:
        raise Misconfigured(Code.NOT_SET_UP, f"there is no {path}", "muster vendor init, or bring the file back")
    try:
        outer = json.loads(data)
        kdf = outer["argon2id"]
        memory, iterations, lanes = int(kdf["memory_kib"]), int(kdf["iterations"]), int(kdf["lanes"])
        bounded = memory <= MAX_MEMORY_KIBIBYTES and iterations <= MAX_ITERATIONS and lanes <= MAX_LANES
        if outer["format"] != FORMAT or not bounded:
            raise ValueError("another format")
        key = _derive(passphrase, _bytes(kdf["salt"]), memory, iterations, lanes)
        nonce, box = _bytes(outer["nonce"]), _bytes(outer["aes256gcm"])
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(Code.STATE_CORRUPT, f"{path} is damaged: {error}", "Bring it back from a backup.") from error
    try:
        content: dict[str, Any] = json.loads(AESGCM(key).decrypt(nonce, box, LABEL_BOX + path.name.encode()))
    except InvalidTag as error:
        raise Misconfigured(Code.PASSPHRASE_WRONG, f"the passphrase does not open {path}") from error
    except ValueError as error:
        raise Malformed(Code.STATE_CORRUPT, f"{path} is damaged: {error}", "Bring it back from a backup.") from error
    return content


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


class KeyBox:
    """`Keys` of an unlocked home."""

    def __init__(self, home: Path, passphrase: str, entropy: Entropy) -> None:
        self._path = home / ISSUING
        self._roots = home / ROOTS
        self._passphrase = passphrase
        self._entropy = entropy
        content = read_box(self._path, passphrase)
        self._issuing = [_bytes(raw) for raw in content["issuing"]]
        self._by_public = _by_public(self._issuing)
        self._lookup = _bytes(content["lookup"])
        self._sealing = _bytes(content["sealing"])
        self._cipher = AESGCM(self._sealing)

    @classmethod
    def create(
        cls,
        home: Path,
        passphrase: str,
        entropy: Entropy,
        issuing: Sequence[Ed25519PrivateKey],
        roots: Sequence[Ed25519PrivateKey],
    ) -> KeyBox:
        """Write the files of a new vendor."""
        make_folder(home)
        make_folder(home / ROOTS)
        for place, root in enumerate(roots, 1):
            write_root(home / ROOTS / f"root-{place}.box", root, passphrase, entropy)
        content = {
            "issuing": [_text(key.private_bytes_raw()) for key in issuing],
            "lookup": _text(entropy.token(SECRET_BYTES)),
            "sealing": _text(entropy.token(SECRET_BYTES)),
        }
        write_box(home / ISSUING, content, passphrase, entropy)
        return cls(home, passphrase, entropy)

    def issuing(self, public: bytes) -> Ed25519PrivateKey:
        """See `Keys`."""
        if public in self._by_public:
            return self._by_public[public]
        raise Misconfigured(
            Code.NOT_FOUND,
            f"the issuing key of {public.hex()[:16]}… is not in {self._path}",
            "Bring the newest issuing.box here.",
        )

    def add_issuing(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        """See `Keys`. A key whose keyset is never published stays: the file only grows, so no proposal loses its keys."""
        self._issuing += [key.private_bytes_raw() for key in keys]
        self._by_public = _by_public(self._issuing)
        content = {
            "issuing": [_text(raw) for raw in self._issuing],
            "lookup": _text(self._lookup),
            "sealing": _text(self._sealing),
        }
        write_box(self._path, content, self._passphrase, self._entropy)

    def roots(self) -> Sequence[Ed25519PrivateKey]:
        """See `Keys`."""
        return [read_root(path, self._passphrase) for path in sorted(self._roots.glob("*.box"))]

    def lookup(self, key_text: str) -> bytes:
        """See `Keys`."""
        return hmac.digest(self._lookup, key_text.encode(), "sha256")

    def seal(self, secret: bytes, reference: bytes) -> bytes:
        """See `Keys`."""
        nonce = self._entropy.token(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, LABEL_K + reference)

    def unseal(self, box: bytes, reference: bytes) -> bytes:
        """See `Keys`."""
        try:
            return self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], LABEL_K + reference)
        except (InvalidTag, ValueError) as error:
            raise StoreFailed(
                Code.STATE_CORRUPT,
                "a key in the database does not belong to this issuing.box",
                "Restore both together.",
            ) from error


def _by_public(raws: Sequence[bytes]) -> dict[bytes, Ed25519PrivateKey]:
    keys = [Ed25519PrivateKey.from_private_bytes(raw) for raw in raws]
    return {public_bytes(key): key for key in keys}


def write_root(path: Path, root: Ed25519PrivateKey, passphrase: str, entropy: Entropy) -> None:
    """Encrypt one root key into a file of its own."""
    write_box(path, {"root": _text(root.private_bytes_raw())}, passphrase, entropy)


def read_root(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """The root key in a file."""
    return Ed25519PrivateKey.from_private_bytes(_bytes(read_box(path, passphrase)["root"]))
