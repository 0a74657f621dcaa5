"""Root keys, each in a file of its own, so that it can be carried away.

A file tells its public key to everybody who can read it, so that it is known which is which without a passphrase. What it tells
is believed only once the file is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.base.entropy import Entropy
from muster.base.errors import Code, Malformed, Misconfigured
from muster.platform.effort import FILE, Effort
from muster.platform.sealed_file import SECRET_BYTES, bytes_of, read_box, read_label, text_of, write_box
from muster.trust.cose import public_bytes
from muster.vendor.core.roots import check_root, read_public
from muster.wire.keyset import PUBLIC_KEY_BYTES

ROOTS = "roots"
OWN = "A root key may have a passphrase of its own: sign with it alone. Its file opens under the name that it was given first."


class RootFile(NamedTuple):
    """A root key's file, and the public key that its label tells; None where it tells none."""

    path: Path
    public: bytes | None


def root_files(home: Path) -> tuple[RootFile, ...]:
    """The root keys' files of a home, without opening them: what they tell is told, not proven."""
    return files_in(home / ROOTS)


def files_in(folder: Path) -> tuple[RootFile, ...]:
    """The root keys' files of a folder, by name."""
    return tuple(RootFile(path, root_label(path)) for path in sorted(folder.glob("*.box")))


def root_label(path: Path) -> bytes | None:
    """The public key that stands on a root key's file; None where there is none."""
    return read_public(read_label(path))


def write_root(path: Path, root: Ed25519PrivateKey, passphrase: str, entropy: Entropy, effort: Effort = FILE) -> None:
    """Encrypt one root key into a file of its own, with its public key on it."""
    content, label = {"root": text_of(root.private_bytes_raw())}, public_bytes(root).hex()
    write_box(path, content, passphrase, entropy, effort, label=label)


def read_root(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """The root key in a file; `Malformed` when its label tells of another one, `Misconfigured` for another kind of file."""
    try:
        content = read_box(path, passphrase)
    except Misconfigured as error:
        if error.code is not Code.PASSPHRASE_WRONG:
            raise
        raise Misconfigured(error.code, error.message, OWN) from error
    if "root" not in content:
        raise Misconfigured(Code.USAGE, f"{path} holds no root key", "Name the file of a root key.")
    root = Ed25519PrivateKey.from_private_bytes(bytes_of(content["root"]))
    if root_label(path) not in {None, public_bytes(root)}:
        raise Malformed(
            Code.STATE_CORRUPT, f"the label of {path} tells of another root key than is in it", "Bring it back."
        )
    return root


def check_free(file: Path) -> None:
    """`Misconfigured` where no file of this name can be made: a root key is never written over."""
    if file.exists():
        raise Misconfigured(Code.USAGE, f"{file} is there already", "Choose another name; a key is never written over.")
    if not file.absolute().parent.is_dir():
        raise Misconfigured(Code.NOT_FOUND, f"there is no folder {file.parent}", "Make it first.")


def make_root(file: Path, passphrase: str, entropy: Entropy, effort: Effort = FILE) -> bytes:
    """A new root key in a file that is not there yet; its public key."""
    check_free(file)
    root = Ed25519PrivateKey.from_private_bytes(entropy.token(SECRET_BYTES))
    write_root(file, root, passphrase, entropy, effort)
    return public_bytes(root)


def named_root(text: str) -> bytes:
    """A root key that is to be added: its public key in hexadecimal digits, or a file that tells it."""
    public = read_public(text)
    if public is not None:
        return check_root(public)
    if not Path(text).is_file():
        raise Misconfigured(
            Code.NOT_FOUND,
            f"{text} is neither a file nor a public key of {2 * PUBLIC_KEY_BYTES} hexadecimal digits",
            "muster vendor keyset new-root makes the one and prints the other.",
        )
    label = root_label(Path(text))
    if label is None:
        raise Misconfigured(
            Code.USAGE, f"{text} does not tell the public key of a root key", "Give the public key itself."
        )
    return check_root(label)
