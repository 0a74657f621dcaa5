"""TLS certificates of servers under test: an authority, and certificates for names and addresses that it signed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from muster.base.clock import SystemClock

VALID = timedelta(days=2)


@dataclass(frozen=True)
class Paper:
    """Paths of a server's certificate and key, and of the authority that clients are told to trust."""

    certificate: Path
    key: Path
    authority: Path


def issue(folder: Path, *names: str) -> Paper:
    """A new authority in `folder`, and a certificate for DNS names and numeric addresses."""
    now = SystemClock().now()
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _name("Test authority")
    common = (now - timedelta(hours=1), now + VALID)
    root = (
        x509.CertificateBuilder(authority, authority, authority_key.public_key(), 1, *common)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        x509.CertificateBuilder(authority, _name(names[0]), server_key.public_key(), 2, *common)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    paper = Paper(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    paper.authority.write_bytes(root.public_bytes(Encoding.PEM))
    paper.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    paper.key.write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    paper.key.chmod(0o600)
    return paper


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
