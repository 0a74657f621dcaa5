"""Private keys at rest: files encrypted with a passphrase by argon2id and AES-256-GCM (RFC 9106, NIST SP 800-38D).

``issuing.box`` holds the issuing keys and the two secrets of the books; each root key has a file of its own in ``roots/``,
so that it can be carried away. Everything is written whole or not at all.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.entropy import Entropy
from muster.base.errors import Code, Misconfigured
from muster.platform.durable_file import make_folder
from muster.platform.effort import FILE, Effort
from muster.platform.sealed_file import SECRET_BYTES, Seal, bytes_of, read_box, text_of, write_box
from muster.trust.cose import public_bytes
from muster.vendor.adapters.root_files import ROOTS, files_in, read_root, write_root

ISSUING = "issuing.box"
LABEL_K = b"muster-k-v1 "
NAME_DIGITS = 8
"""Of its public key in the name of a root key that is made here."""


class KeyBox:
    """`Keys` of an unlocked home. `effort` is what the files written from now on cost to try."""

    def __init__(self, home: Path, passphrase: str, entropy: Entropy, effort: Effort = FILE) -> None:
        self._path = home / ISSUING
        self._roots = home / ROOTS
        self._passphrase = passphrase
        self._entropy = entropy
        self._effort = effort
        content = read_box(self._path, passphrase, "muster vendor init, or bring the file back")
        self._issuing = [bytes_of(raw) for raw in content["issuing"]]
        self._by_public = _by_public(self._issuing)
        self._lookup = bytes_of(content["lookup"])
        self._sealing = bytes_of(content["sealing"])
        self._seal = Seal(self._sealing, LABEL_K, entropy)

    @classmethod
    def create(
        cls,
        home: Path,
        passphrase: str,
        entropy: Entropy,
        issuing: Sequence[Ed25519PrivateKey],
        roots: Sequence[Ed25519PrivateKey],
        *,
        effort: Effort = FILE,
    ) -> KeyBox:
        """Write the files of a new vendor."""
        make_folder(home)
        make_folder(home / ROOTS)
        for place, root in enumerate(roots, 1):
            write_root(home / ROOTS / f"root-{place}.box", root, passphrase, entropy, effort)
        content = {
            "issuing": [text_of(key.private_bytes_raw()) for key in issuing],
            "lookup": text_of(entropy.token(SECRET_BYTES)),
            "sealing": text_of(entropy.token(SECRET_BYTES)),
        }
        write_box(home / ISSUING, content, passphrase, entropy, effort)
        return cls(home, passphrase, entropy, effort)

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
            "issuing": [text_of(raw) for raw in self._issuing],
            "lookup": text_of(self._lookup),
            "sealing": text_of(self._sealing),
        }
        write_box(self._path, content, self._passphrase, self._entropy, self._effort)

    def roots(self, wanted: Collection[bytes] | None = None) -> Sequence[Ed25519PrivateKey]:
        """See `Keys`. A file whose label says that it is not wanted stays closed: it may have another passphrase."""
        asked = [file.path for file in files_in(self._roots) if wanted is None or file.public in {None, *wanted}]
        found = [read_root(path, self._passphrase) for path in asked]
        return [root for root in found if wanted is None or public_bytes(root) in wanted]

    def add_root(self, root: Ed25519PrivateKey) -> str:
        """See `Keys`. It is named after its public key: those that were carried away keep names of their own."""
        make_folder(self._roots)
        path = self._roots / f"root-{public_bytes(root).hex()[:NAME_DIGITS]}.box"
        write_root(path, root, self._passphrase, self._entropy, self._effort)
        return path.name

    def lookup(self, key_text: str) -> bytes:
        """See `Keys`."""
        return hmac.digest(self._lookup, key_text.encode(), "sha256")

    def seal(self, secret: bytes, reference: bytes) -> bytes:
        """See `Keys`."""
        return self._seal.seal(secret, reference)

    def unseal(self, box: bytes, reference: bytes) -> bytes:
        """See `Keys`."""
        cause = "a key in the database does not belong to this issuing.box"
        return self._seal.unseal(box, reference, cause, "Restore both together.")


def _by_public(raws: Sequence[bytes]) -> dict[bytes, Ed25519PrivateKey]:
    keys = [Ed25519PrivateKey.from_private_bytes(raw) for raw in raws]
    return {public_bytes(key): key for key in keys}
