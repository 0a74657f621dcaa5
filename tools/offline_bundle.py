"""Makes what installs Muster where there is no Internet: tools/offline_bundle.py WHEEL [--wheels DIR] [--key FILE] [--out DIR].

A tar of wheels, requirements with their hashes, an SBOM, SHA256SUMS, a script that installs, and, with an SSH key, a signature
of SHA256SUMS. Without `--wheels` the pinned requirements are downloaded, for this processor and this release of Python.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.sbom import Piece, document, read  # noqa: E402 - the path above is what makes it importable
from tools.staging import NAME  # noqa: E402

NAMESPACE = "muster-bundle"
SUMS = "SHA256SUMS"
PINNED = ("run", "bundle")


def bundle(wheel: Path, others: Path, out: Path, *, key: Path | None = None) -> Path:
    """Make the tar in `out` from Muster's wheel and a folder of the others; its file."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or "1577836800")
    pieces = read([wheel, *sorted(others.glob("*.whl"))])
    (product,) = (piece for piece in pieces if piece.name == NAME)
    top = f"muster-{product.version}"
    files = dict(_files(pieces, epoch))
    files[SUMS] = "".join(f"{hashlib.sha256(data).hexdigest()}  {n}\n" for n, data in sorted(files.items())).encode()
    if key is not None:
        files[f"{SUMS}.sig"] = _sign(files[SUMS], key)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{top}-offline.tar"
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), epoch, 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return target


def _files(pieces: list[Piece], epoch: int) -> Iterator[tuple[str, bytes]]:
    for piece in pieces:
        yield f"wheels/{piece.file.name}", piece.file.read_bytes()
    # What installs the others is not installed.
    rows = (f"{p.name}=={p.version} --hash=sha256:{p.digest}\n" for p in pieces if p.name != "pip")
    yield "requirements.txt", "".join(rows).encode()
    yield "sbom.cdx.json", (json.dumps(document(pieces, NAME, epoch), indent=2) + "\n").encode()
    yield "install.sh", (ROOT / "packaging" / "install.sh").read_bytes()
    yield "LICENSE", (ROOT / "LICENSE").read_bytes()


def _sign(data: bytes, key: Path) -> bytes:
    """As `ssh-keygen -Y verify` reads it; ssh-keygen asks for the key's passphrase, where it has one."""
    with tempfile.TemporaryDirectory(prefix="muster-bundle-") as folder:
        file = Path(folder) / SUMS
        file.write_bytes(data)
        subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(file)], check=True)
        return file.with_name(f"{SUMS}.sig").read_bytes()


def download(folder: Path) -> None:
    """What requirements/ pins, by hash; from the index that pip is configured for."""
    for name in PINNED:
        pinned = str(ROOT / "requirements" / f"{name}.txt")
        command = ["download", "--quiet", "--require-hashes", "--only-binary", ":all:", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", *command, "-r", pinned], check=True)


def main(arguments: list[str]) -> int:
    """Make the bundle."""
    parser = argparse.ArgumentParser(description="Makes a bundle for networks without the Internet.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--wheels", type=Path, help="a folder with the other wheels; otherwise they are downloaded")
    parser.add_argument("--key", type=Path, help="an SSH key (Ed25519) that signs")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="muster-bundle-") as folder:
        others = Path(folder)
        if asked.wheels is None:
            download(others)
        else:
            for wheel in asked.wheels.glob("*.whl"):
                shutil.copy(wheel, others)
        print(bundle(asked.wheel, others, asked.out, key=asked.key))
    if asked.key is None:
        print("bundle: note: not signed; --key FILE signs it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
