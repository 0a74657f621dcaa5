"""Every legal value of every message, as hypothesis strategies: the widths of the spec, its limits included.

Arrays are drawn short: their limits have tests of their own.
"""

from __future__ import annotations

import hashlib
import string
from datetime import timedelta

from hypothesis import strategies as st

from muster.wire import activation, certificate, confirmation, installation, keyset, product, record, sign1
from muster.wire.activation import U8, U16, U24, U32
from muster.wire.cbor import encode

u8, u16, u24, u32 = (st.integers(0, width) for width in (U8, U16, U24, U32))


def exactly(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


def names(limit: int = product.MAX_NAME_BYTES) -> st.SearchStrategy[str]:
    """Printable text of at most `limit` bytes of UTF-8."""
    alphabet = string.ascii_letters + string.digits + " -_.:/äéœшж日本"
    return st.text(alphabet, max_size=limit // 3)


requests = st.builds(
    activation.ActivationRequest,
    vendor_id=exactly(8),
    edition=u24,
    group=u24,
    level=u8,
    threshold=st.integers(1, activation.MAX_THRESHOLD),
    client_id=exactly(16),
    parts=exactly(16),
    nonce=exactly(16),
    state=st.sampled_from(activation.State),
    flags=st.integers(0, 7).map(activation.Flags),
)
reply_claims = st.builds(activation.ReplyClaims, u16, u32, u16, u16)
refusal_claims = st.builds(activation.RefusalClaims, u8, u32, u16)
hints = st.builds(activation.Hint, u8, u8)

certificates = st.builds(certificate.CertificateClaims, u8, u32, u32, u16, u16, exactly(32), u24, u8, u16, u16)
signed = st.builds(
    sign1.Sign1, st.binary(max_size=300), exactly(64), st.none() | st.binary(max_size=sign1.MAX_CERTIFICATE_BYTES)
)

keyset_requests = st.builds(keyset.KeysetRequest, exactly(8), u16, u16)


@st.composite
def _parts_of_keysets(draw: st.DrawFn) -> keyset.KeysetPart:
    document = draw(st.binary(max_size=keyset.MAX_KEYSET_BYTES))
    return keyset.part_of(document, draw(u16), draw(u16))


keyset_parts = _parts_of_keysets()
issuing_keys = st.builds(
    keyset.IssuingKey, u8, st.sampled_from(keyset.Purpose), exactly(32), u16, u16, st.sampled_from(keyset.KeyStatus)
)


@st.composite
def _keysets(draw: st.DrawFn) -> keyset.Keyset:
    roots = draw(st.sets(exactly(32), min_size=1, max_size=keyset.MAX_ROOTS))
    issuing = draw(st.lists(issuing_keys, max_size=5, unique_by=lambda k: k.number))
    return keyset.Keyset(
        version=draw(st.integers(1, keyset.MAX_KEYSETS)),
        issued_day=draw(u16),
        expires_day=draw(u16),
        threshold=draw(st.integers(1, len(roots))),
        roots=tuple(sorted(roots)),
        issuing=tuple(sorted(issuing, key=lambda k: k.number)),
        withdrawn=tuple(sorted(draw(st.sets(u32, max_size=5)))),
    )


keysets = _keysets()
signed_keysets = st.builds(
    keyset.SignedKeyset,
    st.binary(max_size=1000),
    st.dictionaries(exactly(32), exactly(64), max_size=4).map(lambda pairs: tuple(sorted(pairs.items()))),
)

durations = st.integers(0, product.MAX_POLICY_MINUTES).map(lambda minutes: timedelta(minutes=minutes))
policies = st.builds(
    product.Policy,
    validity=durations,
    renewal=durations,
    retry=durations,
    first_grace=durations,
    renewal_grace=durations,
    unproven_grace=durations,
    warning=durations,
    rearms=u8,
    srv=names(),
)


@st.composite
def _products(draw: st.DrawFn) -> product.ProductClaims:
    groups = draw(
        st.lists(
            st.builds(product.Group, u24, names()), min_size=1, max_size=3, unique_by=(lambda g: g.id, lambda g: g.name)
        )
    )
    edition = st.builds(
        product.Edition,
        id=u24,
        name=names(),
        product=names(),
        group=st.sampled_from([g.id for g in groups]),
        level=u8,
        device_class=st.sampled_from(product.DeviceClass),
        threshold=st.integers(1, activation.MAX_THRESHOLD),
        released_day=u16,
        features=st.lists(names(), max_size=2).map(tuple),
    )
    editions = draw(st.lists(edition, max_size=3, unique_by=(lambda e: e.id, lambda e: e.name)))
    extensions = draw(st.lists(st.tuples(u16, st.binary(max_size=50)), max_size=2))
    vendor, service = draw(names()), draw(names(product.MAX_URL_BYTES))
    policy = draw(policies)
    return product.ProductClaims(
        draw(u8), draw(u32), draw(u16), vendor, service, policy, tuple(groups), tuple(editions), tuple(extensions)
    )


products = _products()
product_files = st.builds(
    product.ProductFile, st.lists(st.binary(max_size=300), max_size=3).map(tuple), st.binary(max_size=300)
)

machine_ids = st.builds(installation.MachineId, u24, exactly(8), exactly(8), exactly(4))
host_ids = st.builds(installation.HostId, exactly(8), exactly(32), exactly(4))
directory_ids = st.builds(installation.DirectoryId, exactly(8), exactly(32), exactly(4))
installation_ids = st.one_of(machine_ids, host_ids, directory_ids)

permanent_confirmations = st.builds(confirmation.PermanentConfirmation, u16, exactly(64))
certificate_confirmations = st.builds(
    confirmation.CertificateConfirmation,
    st.sampled_from([confirmation.ConfirmationFormat.HOST, confirmation.ConfirmationFormat.DIRECTORY]),
    u8, u32, u32, u16, u16, u8, u16, u16, exactly(64),
)  # fmt: skip
confirmations = st.one_of(permanent_confirmations, certificate_confirmations)

moments = st.builds(record.Moment, u32, u32)
leases = st.builds(record.Lease, st.binary(max_size=249), st.binary(max_size=249), exactly(32), moments)
installed_keys = st.builds(
    record.InstalledKey,
    st.sampled_from(record.KeyKindCode),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", max_size=5),
    exactly(8),
)
directory_evidence = st.builds(
    record.DirectoryEvidence,
    st.binary(max_size=160),
    st.binary(max_size=64),
    exactly(16),
    exactly(32),
    moments,
    st.booleans(),
)
permanent_evidence = st.builds(
    record.PermanentEvidence, st.binary(max_size=45), st.binary(max_size=83), exactly(16), exactly(32), moments
)
attempts = st.builds(record.Attempts, u16, u32, u32, u8, names(400), u16, names(300), u16, u16)
edition_records = st.builds(
    record.EditionRecord,
    edition=u24,
    key=st.none() | installed_keys,
    installed=moments,
    lease=st.none() | leases,
    directory=st.none() | directory_evidence,
    permanent=st.none() | permanent_evidence,
    pending=st.binary(max_size=45),
    trouble=moments,
    attempts=attempts,
)
records = st.builds(
    record.VendorRecord,
    client_id=exactly(16),
    salt=exactly(32),
    parts=exactly(16),
    high_water=u32,
    used=u32,
    boot_id=exactly(8),
    boot_seconds=u32,
    graces_reset=u8,
    proof=st.none() | leases,
    cached_host=names(300),
    cached_priority=u16,
    skips=st.lists(st.tuples(names(300), u32), max_size=2).map(tuple),
    editions=st.lists(edition_records, max_size=2, unique_by=lambda e: e.edition).map(
        lambda found: tuple(sorted(found, key=lambda e: e.edition))
    ),
)


def sealed(body: bytes) -> bytes:
    """A file of the client around `body`, its hash right: what damage with a pattern, or an enemy, could write."""
    return encode([record.FORMAT, body, hashlib.sha256(body).digest()])
