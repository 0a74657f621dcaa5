"""What a host published, in ``published.json``: small, readable, and apart from the counts, which may be thrown away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from muster.base.errors import Code, Malformed
from muster.host.core.publication import AddressRecord, ServiceRecord, ZoneRecords
from muster.host.ports import Publication
from muster.platform.durable_file import PUBLIC, read_file, replace_file

MAX_BOOK_BYTES = 1_048_576


class PublicationFile:
    """`PublicationBook` in one JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Publication, ...]:
        """See `PublicationBook`; `Malformed` with STATE_CORRUPT for a damaged file."""
        return self._read()[0]

    def is_retired(self) -> bool:
        """See `PublicationBook`."""
        return self._read()[1]

    def write(self, publications: Sequence[Publication], *, is_retired: bool) -> None:
        """See `PublicationBook`."""
        book = {"retired": is_retired, "zones": [_row(p) for p in publications]}
        replace_file(self._path, json.dumps(book, indent=1).encode(), PUBLIC)

    def _read(self) -> tuple[tuple[Publication, ...], bool]:
        data = read_file(self._path, MAX_BOOK_BYTES)
        if data is None:
            return (), False
        try:
            book = json.loads(data)
            return tuple(_publication(row) for row in book["zones"]), bool(book["retired"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Malformed(
                Code.STATE_CORRUPT,
                f"{self._path} is damaged ({type(error).__name__})",
                "Move it away; records of zones that are not published any more must then be removed by hand.",
            ) from error


def _row(publication: Publication) -> dict[str, Any]:
    records = publication.records
    return {
        "zone": publication.zone,
        "published_at": publication.published_at.isoformat() if publication.published_at else None,
        "error": publication.error,
        "problem": publication.problem,
        "remedy": publication.remedy,
        "records": None
        if records is None
        else {
            "ttl": records.ttl,
            "services": [[s.owner, s.priority, s.weight, s.port, s.target] for s in records.services],
            "addresses": [[a.name, str(a.address)] for a in records.addresses],
        },
    }


def _publication(row: Mapping[str, Any]) -> Publication:
    at, error = row["published_at"], row["error"]
    return Publication(
        str(row["zone"]),
        None if row["records"] is None else _records(str(row["zone"]), row["records"]),
        datetime.fromisoformat(at) if at else None,
        Code(error) if error else None,
        str(row["problem"]),
        str(row["remedy"]),
    )


def _records(zone: str, row: Mapping[str, Any]) -> ZoneRecords:
    services = tuple(
        ServiceRecord(str(owner), int(priority), int(weight), int(port), str(target))
        for owner, priority, weight, port, target in row["services"]
    )
    addresses = tuple(AddressRecord(str(name), ip_address(address)) for name, address in row["addresses"])
    return ZoneRecords(zone, services, addresses, int(row["ttl"]))
