"""A program of an invented vendor that asks whether it may run: `python acme_cad.py [--home DIR]`.

What a vendor puts into the own program is the six lines of `ask`; what to do about each state is the vendor's decision.
"""

from __future__ import annotations

import argparse

from muster.license import License, State

EDITION = "acme-cad-pro"
# The vendor fingerprint that `muster vendor init` printed. Compiled in, it keeps every other vendor's files out.
VENDOR: str | None = None


def ask(home: str | None) -> int:
    """Tell the user what matters, and refuse only after the last grace."""
    licence = License.open(EDITION, vendor=VENDOR, home=home)
    state, days = licence.state, licence.days_left
    if state is State.LICENSED:
        print("Acme CAD is activated" + ("." if days is None else f" for {days} days."))
        print("features: " + (", ".join(licence.features) or "none"))
        return 0
    if state in {State.INITIAL_GRACE, State.RENEWAL_GRACE}:
        print(f"Acme CAD is not activated yet; it runs for {days} more days.")
        return 0
    reason = licence.reason
    print("Acme CAD is not activated" + (f": {reason.meaning} {reason.hint}" if reason else "."))
    return 1


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Acme CAD")
    options.add_argument("--home", help="another state folder than the machine's")
    raise SystemExit(ask(options.parse_args().home))
