"""What a person does at the vendor's portal with a machine that reaches nobody: types digits in, reads digits off."""

from __future__ import annotations

import re

PATIENCE_SECONDS = 20.0
_CONFIRMATION = re.compile(r'<code class="copy">(\d+)</code>')


def confirmation_at(address: str, installation_id: str) -> str:
    """The confirmation id that the portal shows for an installation id; empty when it shows none. Blocks."""
    import httpx2

    with httpx2.Client(timeout=PATIENCE_SECONDS, trust_env=False) as browser:
        page = browser.post(address, data={"typed": installation_id})
    found = _CONFIRMATION.search(page.text)
    return found[1] if found else ""
