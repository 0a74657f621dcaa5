"""Secrets at rest: files encrypted with a passphrase by argon2id and AES-256-GCM (RFC 9106, NIST SP 800-38D).

A box is written whole or not at all. What is small and many lies in a database, sealed by a secret that a box holds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from muster.base.entropy import Entropy
from muster.base.errors import Code, Malformed, Misconfigured, StoreFailed
from muster.platform.durable_file import read_file, replace_file
from muster.platform.effort import FILE, Effort

FORMAT = 1
SALT_BYTES = 16
NONCE_BYTES = 12
SECRET_BYTES = 32
MAX_MEMORY_KIBIBYTES = 1_048_576
MAX_ITERATIONS = 64
MAX_LANES = 64
MAX_BOX_BYTES = 262_144
LABEL_BOX = b"muster-box-v1 "


def _derive(passphrase: str, salt: bytes, effort: Effort) -> bytes:
    kdf = Argon2id(
        salt=salt,
        length=SECRET_BYTES,
        iterations=effort.iterations,
        lanes=effort.lanes,
        memory_cost=effort.memory_kib,
    )
    return kdf.derive(passphrase.encode())


def write_box(
    path: Path,
    content: Mapping[str, Any],
    passphrase: str,
    entropy: Entropy,
    effort: Effort = FILE,
    *,
    label: str = "",
) -> None:
    """Encrypt `content` (plain JSON values) into a file. Its `label` is for everybody to read, and proves nothing."""
    salt, nonce = entropy.token(SALT_BYTES), entropy.token(NONCE_BYTES)
    key = _derive(passphrase, salt, effort)
    box = AESGCM(key).encrypt(nonce, json.dumps(content).encode(), LABEL_BOX + path.name.encode())
    outer = {
        "format": FORMAT,
        **({"label": label} if label else {}),
        "argon2id": {**asdict(effort), "salt": text_of(salt)},
        "nonce": text_of(nonce),
        "aes256gcm": text_of(box),
    }
    replace_file(path, json.dumps(outer, indent=2).encode())


def read_box(path: Path, passphrase: str, missing: str = "Bring the file back.") -> dict[str, Any]:
    """The content of a box; `Misconfigured` with PASSPHRASE_WRONG or NOT_SET_UP, `Malformed` for a damaged file.

    `missing`: what to do where there is no file.
    """
    data = read_file(path, MAX_BOX_BYTES)
    if data is None:
        raise Misconfigured(Code.NOT_SET_UP, f"there is no {path}", missing)
    try:
        outer = json.loads(data)
        kdf = outer["argon2id"]
        effort = Effort(int(kdf["memory_kib"]), int(kdf["iterations"]), int(kdf["lanes"]))
        if outer["format"] != FORMAT or not _is_bounded(effort):
            raise ValueError("another format")
        key = _derive(passphrase, bytes_of(kdf["salt"]), effort)
        nonce, box = bytes_of(outer["nonce"]), bytes_of(outer["aes256gcm"])
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(Code.STATE_CORRUPT, f"{path} is damaged: {error}", "Bring it back from a backup.") from error
    try:
        content: dict[str, Any] = json.loads(AESGCM(key).decrypt(nonce, box, LABEL_BOX + path.name.encode()))
    except InvalidTag as error:
        raise Misconfigured(Code.PASSPHRASE_WRONG, f"the passphrase does not open {path}") from error
    except ValueError as error:
        raise Malformed(Code.STATE_CORRUPT, f"{path} is damaged: {error}", "Bring it back from a backup.") from error
    return content


def read_label(path: Path) -> str:
    """What stands on a box; "" where it has no label, and where there is no box. Needs no passphrase and proves nothing."""
    try:
        label = json.loads(read_file(path, MAX_BOX_BYTES) or b"{}").get("label", "")
    except (ValueError, AttributeError, RecursionError, Malformed):
        return ""
    return label if isinstance(label, str) else ""


def _is_bounded(effort: Effort) -> bool:
    return (
        effort.memory_kib <= MAX_MEMORY_KIBIBYTES and effort.iterations <= MAX_ITERATIONS and effort.lanes <= MAX_LANES
    )


def text_of(data: bytes) -> str:
    """Bytes as they stand in a box."""
    return base64.b64encode(data).decode()


def bytes_of(text: str) -> bytes:
    """And back; `ValueError` for what is no base64."""
    return base64.b64decode(text, validate=True)


class Seal:
    """Seals short secrets under a secret of `SECRET_BYTES`. `label` keeps what was sealed for one use out of another."""

    def __init__(self, secret: bytes, label: bytes, entropy: Entropy) -> None:
        self._cipher = AESGCM(secret)
        self._label = label
        self._entropy = entropy

    def seal(self, secret: bytes, reference: bytes) -> bytes:
        """Nonce and box; it opens under the same reference only."""
        nonce = self._entropy.token(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, self._label + reference)

    def unseal(self, box: bytes, reference: bytes, cause: str, hint: str) -> bytes:
        """What was sealed; `StoreFailed` with STATE_CORRUPT, `cause` and `hint` when it belongs to another secret."""
        try:
            return self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], self._label + reference)
        except (InvalidTag, ValueError) as error:
            raise StoreFailed(Code.STATE_CORRUPT, cause, hint) from error
