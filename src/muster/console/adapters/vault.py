"""The console's product keys at rest: sealed by a secret that lies in ``keys.box``, which a passphrase opens."""

from __future__ import annotations

from pathlib import Path

from muster.base.entropy import Entropy
from muster.base.errors import Code, Misconfigured
from muster.console.core.keys import StoredKey
from muster.platform.durable_file import lock
from muster.platform.effort import FILE, Effort
from muster.platform.sealed_file import SECRET_BYTES, Seal, bytes_of, read_box, text_of, write_box
from muster.trust.productkey import ProductKey, parse_key

BOX = "keys.box"
CHOSEN = "Type the one that was chosen for them, or set MUSTER_PASSPHRASE to it."
LOCK = ".keys.lock"
"""Held while the box is written anew."""
LABEL = b"muster-console-key-v1 "
SECRET = "sealing"  # noqa: S105 - the name of a field
WITHOUT = "muster console keys add, which chooses a passphrase; or bring the file back"


class BoxVault:
    """See `Vault`. Opened once; slow on purpose, as the passphrase is stretched."""

    def __init__(self, home: Path, passphrase: str, entropy: Entropy) -> None:
        self._path = home / BOX
        self._entropy = entropy
        try:
            self._content = read_box(self._path, passphrase, WITHOUT)
        except Misconfigured as error:
            if error.code is Code.PASSPHRASE_WRONG:
                raise Misconfigured(error.code, "the passphrase does not open the console's keys", CHOSEN) from error
            raise
        self._seal = Seal(bytes_of(self._content[SECRET]), LABEL, entropy)

    @classmethod
    def create(cls, home: Path, passphrase: str, entropy: Entropy, effort: Effort = FILE) -> BoxVault:
        """Choose a secret and the passphrase in front of it. A box that is there already is never replaced."""
        if not is_set_up(home):
            write_box(home / BOX, {SECRET: text_of(entropy.token(SECRET_BYTES))}, passphrase, entropy, effort)
        return cls(home, passphrase, entropy)

    def change_passphrase(self, passphrase: str, effort: Effort = FILE) -> None:
        """See `Vault`. The secret stays, and so every key that is sealed under it."""
        with lock(self._path.with_name(LOCK)):
            write_box(self._path, self._content, passphrase, self._entropy, effort)

    def seal(self, key: ProductKey) -> bytes:
        """See `Vault`."""
        return self._seal.seal(key.text.encode(), key.reference)

    def unseal(self, key: StoredKey) -> ProductKey:
        """See `Vault`."""
        cause = f"key {key.id} …{key.partial} was sealed by another {self._path.name}"
        return parse_key(self._seal.unseal(key.sealed, key.reference, cause, "Restore both together.").decode())


def is_set_up(home: Path) -> bool:
    """Whether a passphrase was chosen."""
    return (home / BOX).exists()
