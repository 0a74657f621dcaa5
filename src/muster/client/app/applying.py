"""A fleet file and the machine it is for: read the one, look at the other, ask for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from muster.base.config import load, mistake_in
from muster.base.errors import Code, Misconfigured, MusterError, SettingMistake
from muster.client.app.asking import ask, read_error
from muster.client.core.choices import choices_from_plain
from muster.client.core.control import MAX_FILE_TEXT
from muster.client.core.fleet import Fleet, Offer, ProductTable, make_offer
from muster.client.core.plan import Seen, Step, plan
from muster.trust.product import open_product

_ABSENT = {Code.NOT_SET_UP, Code.EDITION_UNKNOWN}


def steps_for(home: Path, path: Path) -> tuple[Step, ...]:
    """What would change on the machine of `home`. Every mistake of the file is told before anything is asked."""
    if not path.is_file():
        raise Misconfigured(Code.NOT_FOUND, f"{path} is no file", "name a fleet file, like FLEET.toml")
    fleet = load(Fleet, path)
    offers = [_offer(path, number, table) for number, table in enumerate(fleet.product)]
    return plan(fleet.machine, offers, look(home, offers))


def look(home: Path, offers: Sequence[Offer]) -> Seen:
    """The machine as it is, as far as `offers` are concerned."""
    rows = {row["edition"]: row for row in ask(home, "status")["editions"]}
    serials: dict[bytes, int] = {}
    for offer in offers:
        try:
            row = ask(home, "license", edition=offer.product.claims.editions[0].name)
        except MusterError as error:
            if error.code not in _ABSENT:
                raise
        else:
            serials[bytes.fromhex(row["vendor_fingerprint"])] = row["product_serial"]
    return Seen(rows, serials, choices_from_plain(ask(home, "choices")))


def carry_out(home: Path, steps: Sequence[Step]) -> Iterator[Step]:
    """Do one after the other and give each that is done. What fails is raised; the same file goes on from there."""
    for step in steps:
        failed = ask(home, step.operation, **step.parameters).get("error")
        if failed is not None:
            raise read_error(failed)
        yield step


def _offer(path: Path, number: int, table: ProductTable) -> Offer:
    at = f"product[{number}]"
    text = _read(path, f"{at}.file", table.file)
    try:
        product = open_product(text)
    except MusterError as error:
        told = mistake_in(path, f"{at}.file", error.message, error.hint)
        raise type(error)(error.code, told.message, told.hint) from error
    is_file = table.confirmation is not None and table.digits is None
    confirmation = _read(path, f"{at}.confirmation", table.confirmation or "") if is_file else None
    try:
        return make_offer(table, text, product, confirmation)
    except SettingMistake as error:
        raise mistake_in(path, f"{at}.{error.key}", str(error), error.remedy) from error


def _read(path: Path, key: str, name: str) -> str:
    try:
        with (path.parent / name).open("rb") as file:
            data = file.read(MAX_FILE_TEXT + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise mistake_in(path, key, f"{name!r} cannot be read: {reason}", f"put it into {path.parent}") from error
    if len(data) > MAX_FILE_TEXT:
        raise mistake_in(path, key, f"{name!r} is larger than {MAX_FILE_TEXT} bytes", "this is another file")
    return data.decode("ascii", errors="replace")
