"""Says what a folder of wheels holds, as a CycloneDX 1.6 document: name, release, licence, hash and requirements of each."""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_CLASSIFIER = "License :: OSI Approved :: "


class Piece(NamedTuple):
    """A wheel, and what it says about itself."""

    file: Path
    head: Message
    digest: str

    @property
    def name(self) -> str:
        """As indexes write it."""
        return canonicalize_name(self.head["Name"])

    @property
    def version(self) -> str:
        """Its release."""
        return str(self.head["Version"])

    @property
    def reference(self) -> str:
        """As package URLs name it."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read(wheels: Sequence[Path]) -> list[Piece]:
    """Every wheel, by name."""
    return sorted((_read(wheel) for wheel in wheels), key=lambda piece: piece.name)


def _read(wheel: Path) -> Piece:
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA") and n.count("/") == 1]
        head = HeaderParser().parsestr(archive.read(names[0]).decode())
    return Piece(wheel, head, hashlib.sha256(wheel.read_bytes()).hexdigest())


def document(pieces: Sequence[Piece], main: str, epoch: int) -> dict[str, Any]:
    """The document; `main` is the name of what the others are there for."""
    (product,) = (piece for piece in pieces if piece.name == main)
    content = hashlib.sha256("".join(piece.digest for piece in pieces).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat(),
            "component": {**_component(product), "type": "application"},
        },
        "components": [_component(piece) for piece in pieces if piece is not product],
        "dependencies": [{"ref": piece.reference, "dependsOn": _needs(piece, pieces)} for piece in pieces],
    }


def _component(piece: Piece) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": piece.reference,
        "name": piece.name,
        "version": piece.version,
        "purl": piece.reference,
        "hashes": [{"alg": "SHA-256", "content": piece.digest}],
    }
    if licences := _licences(piece.head):
        found["licenses"] = licences
    return found


def _licences(head: Message) -> list[dict[str, Any]]:
    """The expression, or else what the classifiers say, or else a short text."""
    if expression := head.get("License-Expression"):
        return [{"expression": expression}]
    told = [row.removeprefix(_CLASSIFIER) for row in head.get_all("Classifier", []) if row.startswith(_CLASSIFIER)]
    text = (head.get("License") or "").strip()
    if not told and text and "\n" not in text:
        told = [text]
    return [{"license": {"name": name}} for name in told]


def _needs(piece: Piece, pieces: Sequence[Piece]) -> list[str]:
    """References of what it needs among these; an optional need counts when it is there."""
    here = {other.name: other.reference for other in pieces}
    rows = (Requirement(row) for row in piece.head.get_all("Requires-Dist", []))
    return sorted({here[name] for row in rows if (name := canonicalize_name(row.name)) in here} - {piece.reference})
