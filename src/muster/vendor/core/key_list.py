"""Keys that were just issued, as a table for spreadsheets and mail merges (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from muster.trust.productkey import ProductKey

COLUMNS = "key", "kind", "scope", "organisation"
_FORMULA = "=+-@\t\r"


def key_list(keys: Iterable[ProductKey], scope: str, organisation: str) -> str:
    """The table as text; a name that a spreadsheet would take for a formula is quoted."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    name = f"'{organisation}" if organisation[:1] in _FORMULA else organisation
    rows.writerows([key.formatted, str(key.kind), scope, name] for key in keys)
    return file.getvalue()
