"""Making installation ids and proving that whoever made one holds the key (spec/installation.md §Tag)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeVar

from muster.trust.hardware import Parts, installation_parts
from muster.wire.installation import TAG_BYTES, DirectoryId, HostId, InstallationId, MachineId, under_tag

LABEL_DIRECTORY = b"muster-directory-v1"

AnyId = TypeVar("AnyId", MachineId, HostId, DirectoryId)


def machine_id(reference: bytes, secret: bytes, edition: int, parts: Parts) -> MachineId:
    """The installation id of a machine for a key given by its reference and K."""
    return _tagged(MachineId(edition, reference, installation_parts(parts, secret)), secret)


def host_id(reference: bytes, secret: bytes, public: bytes) -> HostId:
    """The installation id of a host with this public key (32 bytes)."""
    return _tagged(HostId(reference, public), secret)


def directory_id(reference: bytes, secret: bytes, subject: bytes) -> DirectoryId:
    """The installation id of a directory; `subject` from `directory_subject`."""
    return _tagged(DirectoryId(reference, subject), secret)


def directory_subject(directory: bytes) -> bytes:
    """The 32 bytes that stand for a directory in its certificate: SHA-256 of label and directory id."""
    return hashlib.sha256(LABEL_DIRECTORY + directory).digest()


def is_tag_good(installation: InstallationId, secret: bytes) -> bool:
    """Whether the maker of the id knew K; compared in constant time."""
    return hmac.compare_digest(_tag(installation, secret), installation.tag)


def _tagged(installation: AnyId, secret: bytes) -> AnyId:
    return installation._replace(tag=_tag(installation, secret))


def _tag(installation: InstallationId, secret: bytes) -> bytes:
    return hmac.digest(secret, under_tag(installation), "sha256")[:TAG_BYTES]
