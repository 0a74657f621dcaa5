"""Reading a TSIG key in BIND's format: ``key "name" { algorithm hmac-sha256; secret "…"; };``. Never shows the secret."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

import dns.exception
import dns.name
import dns.tsig

from muster.base.errors import Code, Misconfigured

MAX_KEY_FILE_BYTES = 65_536
ALGORITHMS = ("hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha1", "hmac-md5")
# Base64 can hold "//": what stands in quotes is kept as it is.
_COMMENTS = re.compile(r'("[^"\n]*")|/\*.*?\*/|(?://|#)[^\n]*', re.DOTALL)
_KEY = re.compile(r'\bkey\s+"?([^\s"{;]+)"?\s*\{([^}]*)\}\s*;')
_CLAUSE = re.compile(r'\b(algorithm|secret)\s+"?([^\s";]+)"?\s*;')


def read_tsig_key(path: Path) -> dns.tsig.Key:
    """The one key of a key file; `Misconfigured` tells what is wrong with the file."""
    try:
        text = path.read_bytes()[: MAX_KEY_FILE_BYTES + 1].decode()
    except FileNotFoundError as error:
        raise _wrong(path, "there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, "it cannot be read") from error
    keys = _KEY.findall(_COMMENTS.sub(lambda found: found[1] or " ", text)) if len(text) <= MAX_KEY_FILE_BYTES else []
    if len(keys) != 1:
        raise _wrong(path, f"it has {len(keys)} keys, not one" if keys else "it holds no key")
    name, body = keys[0]
    clauses = dict(_CLAUSE.findall(body))
    if set(clauses) != {"algorithm", "secret"}:
        raise _wrong(path, "a key has an algorithm and a secret")
    algorithm = clauses["algorithm"].lower().rstrip(".").removesuffix(".sig-alg.reg.int")
    if algorithm not in ALGORITHMS:
        raise _wrong(path, f"algorithm {algorithm} is not known; use hmac-sha256")
    full = dns.tsig.HMAC_MD5 if algorithm == "hmac-md5" else dns.name.from_text(algorithm)
    try:
        secret = base64.b64decode(clauses["secret"], validate=True)
        return dns.tsig.Key(dns.name.from_text(name).canonicalize(), secret, full)
    except (dns.exception.DNSException, binascii.Error, ValueError) as error:
        raise _wrong(path, "its secret is not base64, or its name not a DNS name") from error


def _wrong(path: Path, problem: str) -> Misconfigured:
    hint = "Make one with: tsig-keygen -a hmac-sha256 NAME"
    return Misconfigured(Code.SETTINGS_INVALID, f"tsig_key_file {path}: {problem}", hint)
