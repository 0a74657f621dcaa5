"""Hosts of a customer, told in one line each: certified by Acme, with machines that asked in some months, and their reports."""

from __future__ import annotations

from muster.trust.chain import issue_certificate
from muster.trust.report import machine_id, sign_report
from muster.vendor.core import keysets as plan
from muster.vendor.ports import CertificateRow
from muster.wire.calendar import seconds
from muster.wire.keyset import Purpose
from muster.wire.report import ReportedMachine, encode_report_file, month_of
from tests.worlds.vendor_keys import key_of
from tests.worlds.vendor_world import CAD_PRO, Acme, host

Months = tuple[int, int]


def certified(acme: Acme, number: int) -> CertificateRow:
    """The certificate of one of the bank's hosts, under a key of its own."""
    serial = acme.confirm(host(acme.host_key(), number)).serial or 0
    row = acme.vendor.store.run(lambda books: books.certificate(serial))
    assert row is not None
    return row


def report(acme: Acme, row: CertificateRow, number: int, machines: dict[int, Months], edition: int = CAD_PRO) -> bytes:
    """The report file of host `number`; months are counted back from now: (2, 0) asked in this and the two before."""
    now = acme.clock.now()
    keysets = acme.vendor.keysets()
    issuing = plan.current(keysets.newest, Purpose.HOST, acme.vendor.today)
    certificate = issue_certificate(acme.vendor.keys.issuing(issuing.public), row.claims, Purpose.HOST)
    this = month_of(now)
    listed = [
        ReportedMachine(
            machine_id(keysets.vendor_id, row.claims.organisation, name.to_bytes(16, "big")),
            edition,
            this - first,
            this - last,
        )
        for name, (first, last) in machines.items()
    ]
    signed = sign_report(key_of("host", number), certificate, keysets.vendor_id, seconds(now), listed)
    return encode_report_file([signed])
