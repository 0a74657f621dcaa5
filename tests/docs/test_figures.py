"""Figures that pages tell people are those of the code: a limit that is changed there must be changed here, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from muster.console.cli.serving import LISTEN as CONSOLE
from muster.host.core.counting import ENTRY_SECONDS, MAX_CACHE
from muster.host.core.limits import NEW_IDS_PER_HOUR
from muster.host.core.publication import TTL_SECONDS
from muster.host.core.settings import METRICS_PORT
from muster.host.service.guests import MAX_PER_SOURCE
from muster.vendor.cli.serving import LISTEN as VENDOR
from muster.vendor.core.keysets import ISSUING_DAYS, KEYSET_DAYS
from muster.vendor.core.ledger import CERTIFICATE_DAYS, FRESH_WITHIN_DAYS, HOSTS, MAX_DAYS, REACTIVATIONS
from muster.wire.activation import MAX_THRESHOLD
from muster.wire.frame import PORT
from muster.wire.keyset import MAX_ISSUING_KEYS, MAX_KEYSETS, MAX_WITHDRAWN, Purpose
from muster.wire.product import DEFAULT_THRESHOLD, MAX_POLICY_MINUTES, DeviceClass, Policy

DOCS = Path(__file__).resolve().parents[2] / "docs"
POLICY, YEAR = Policy(), 365
CLIENT, SERVER = DEFAULT_THRESHOLD[DeviceClass.CLIENT], DEFAULT_THRESHOLD[DeviceClass.SERVER]
SPARES = 2
"""Of each purpose, beside the one in use."""
FREE = MAX_ISSUING_KEYS - (1 + SPARES) * len(Purpose)
WORDS = {3: "three", 5: "five", 6: "six", 9: "nine", 10: "ten", 15: "fifteen", 20: "twenty", 30: "thirty"}
ORDINALS = {5: "fifth"}

TOLD = [
    (
        "vendor/rotate-keys.md",
        f"A keyset holds {MAX_ISSUING_KEYS} issuing keys and there are at most {MAX_KEYSETS} keysets",
    ),
    ("vendor/rotate-keys.md", f"{WORDS[MAX_ISSUING_KEYS - FREE]} keys are there from the start"),
    ("vendor/rotate-keys.md", f"can be rotated **{WORDS[FREE // len(Purpose)]} times**, or one of them {FREE} times"),
    ("vendor/rotate-keys.md", f"Issuing keys are made for {WORDS[ISSUING_DAYS // YEAR]} years"),
    ("vendor/rotate-keys.md", f"{MAX_WITHDRAWN} serials fit"),
    ("vendor/sunset.md", f"older than {WORDS[KEYSET_DAYS // YEAR]} years is not taken in anew"),
    ("vendor/sunset.md", f'first_grace = "{MAX_POLICY_MINUTES // 1440}d"'),
    ("vendor/sunset.md", f"--days {MAX_DAYS}"),
    ("vendor/products.md", f"`client` is activated from the {CLIENT}th machine on"),
    ("vendor/products.md", f"`threshold = N` (1 to {MAX_THRESHOLD:,})"),
    ("vendor/products.md", f'validity = "{POLICY.validity.days}d"'),
    ("vendor/products.md", f"rearms = {POLICY.rearms}"),
    ("vendor/keys.md", f"{WORDS[HOSTS]} hosts or directories"),
    ("operate/moving-hosts.md", f"A key is good for {WORDS[HOSTS]} hosts"),
    ("operate/moving-hosts.md", f"A key has {WORDS[REACTIVATIONS]} of those"),
    ("operate/moving-hosts.md", f"for {POLICY.validity.days} days without any host"),
    ("operate/troubleshooting.md", f"{WORDS[HOSTS]} hosts and {WORDS[REACTIVATIONS]} replacements"),
    ("operate/firewalls.md", f"TCP {PORT}, or what `listen` says"),
    ("operate/firewalls.md", f"TCP {METRICS_PORT}, if `metrics` says so"),
    ("operate/firewalls.md", f"TCP {CONSOLE.rpartition(':')[2]}, on its own machine only"),
    ("operate/firewalls.md", f"TCP {VENDOR.rpartition(':')[2]} behind a proxy"),
    ("operate/firewalls.md", f"may bring {NEW_IDS_PER_HOUR:,} new ids in an hour and {MAX_PER_SOURCE} connections"),
    ("operate/dns.md", f"_muster._tcp.corp.example. {TTL_SECONDS} IN SRV 0 0 {PORT} "),
    ("operate/monitoring.md", f"127.0.0.1:{METRICS_PORT}"),
    ("operate/images.md", f"counts as a new machine for {ENTRY_SECONDS // 86_400} days"),
    ("operate/images.md", f"at most {WORDS[POLICY.rearms]} times on one machine"),
    ("operate/backup.md", f"one of the key's {WORDS[HOSTS]} hosts"),
    ("operate/backup.md", f"first grace of {POLICY.first_grace.days} days"),
    ("explain/counting.md", f"from the {CLIENT}th machine on, and a server edition from the {ORDINALS[SERVER]}"),
    ("explain/counting.md", f"{NEW_IDS_PER_HOUR:,} new ids an hour from one network"),
    ("explain/counting.md", f"within {WORDS[ENTRY_SECONDS // 86_400]} days"),
    ("tutorial.md", f"for {WORDS[CERTIFICATE_DAYS // YEAR]} years"),
    ("tutorial.md", f"1 of {SERVER} machines have asked"),
    ("operate/host.md", f"in the last {FRESH_WITHIN_DAYS} days of its certificate"),
]


@pytest.mark.parametrize(("page", "sentence"), TOLD, ids=[page for page, _ in TOLD])
def test_a_page_tells_the_figures_of_the_code(page: str, sentence: str) -> None:
    assert sentence in " ".join((DOCS / page).read_text(encoding="utf-8").split())


def test_nothing_more_than_the_largest_count_is_kept() -> None:
    assert MAX_CACHE == 2 * MAX_THRESHOLD, "docs/explain/counting.md says twice the largest threshold"
