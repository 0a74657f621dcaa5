"""``FLEET.toml``, as `muster client apply` reads it (docs/operate/client.md): what machines shall be, for any deployment tool.

Pure. A file with a multiple activation key in it is for administrators' eyes.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NAME = "FLEET.toml"
CONFIRMATION = "confirmation.txt"
WAYS = ("any", "directory", "host", "mak")


@dataclass(frozen=True, slots=True)
class ProductWish:
    """One ``[[product]]``: a product file beside the fleet file, and what is wished of one edition. Empty: left as it is."""

    file: str
    edition: str = ""
    key: str = ""
    confirmation: str = ""


def fleet_text(products: Sequence[ProductWish], hosts: Sequence[str] | None = None, way: str = "") -> str:
    """The file. `hosts`: None leaves them as they are, none clears them."""
    lines = ["# Written by muster console export --fleet; applied by muster client apply."]
    machine = {"hosts": None if hosts is None else list(hosts), "type": way or None}
    if any(value is not None for value in machine.values()):
        lines += ["", "[machine]", *_settings(machine)]
    for wish in products:
        table = {"file": wish.file, "edition": wish.edition, "key": wish.key, "confirmation": wish.confirmation}
        lines += ["", "[[product]]", *_settings({name: value or None for name, value in table.items()})]
    return "\n".join([*lines, ""])


def _settings(table: Mapping[str, object]) -> list[str]:
    # A TOML string or list of strings is one of JSON as long as it is ASCII.
    return [f"{name} = {json.dumps(value)}" for name, value in table.items() if value is not None]


def file_name(vendor: str) -> str:
    """The name of a vendor's product file: letters, digits and hyphens of its name."""
    return f"{re.sub(r'[^a-z0-9]+', '-', vendor.lower()).strip('-') or 'product'}.muster"


def as_zip(files: Mapping[str, str]) -> bytes:
    """Texts by relative path as one archive; the same texts give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()
