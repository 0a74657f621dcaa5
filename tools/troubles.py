"""`docs/operate/troubleshooting.md`: every code with the catalogue's meaning and hint, and what else helps, by where one meets it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from muster.base.errors import CATALOGUE, Code


class Where(StrEnum):
    """Where people meet a code, in the order of the page."""

    ACTIVATION = "A machine does not activate"
    HELD = "A machine was activated, and is not any more"
    KEYS = "Keys and confirmations"
    SERVICE = "The vendor's service"
    DIRECTORY = "The directory"
    HOST = "The activation host"
    CONSOLE = "The console"
    PEOPLE = "Logging in to pages"
    FILES = "Files, homes and settings"


PLACES: Mapping[Where, tuple[tuple[Code, str], ...]] = {
    Where.ACTIVATION: (
        (
            Code.COUNT_BELOW_THRESHOLD,
            "`muster client status` shows how many of how many. Clones that share an id count once: [images](images.md#what-if-somebody-forgot). A laboratory that stays small: [which way fits whom](methods.md).",
        ),
        (
            Code.NO_HOST_FOUND,
            "`dig +short SRV _muster._tcp.ZONE` on the machine. Is the zone among those it asks (`muster client diagnose`, step *zones*)? [DNS](dns.md).",
        ),
        (
            Code.HOST_UNREACHABLE,
            "`nc -vz HOST 1688` from the machine; [ports and directions](firewalls.md). Is the address in the record still the host's?",
        ),
        (
            Code.HOST_UNTRUSTED,
            "Something else listens there, or traffic is rewritten. Nothing was believed and nothing changed.",
        ),
        (
            Code.HOST_NOT_ACTIVATED,
            "The host has the product file and no certificate: `muster host status` on it says what is left to do.",
        ),
        (
            Code.EDITION_NOT_COVERED,
            "The host's key is of another group, or of a lower level: `muster host status` shows both.",
        ),
        (Code.MAINTENANCE_ENDED, "The host's certificate covers releases up to a day; this one is later."),
        (
            Code.VENDOR_MISMATCH,
            "Normal where several vendors' hosts are in one zone: the machine leaves it out for a day. A vendor can take a DNS label of its own.",
        ),
        (Code.ORGANISATION_MISMATCH, "`organisation` in `client.toml` pins the machine."),
        (Code.VERSION_NOT_SUPPORTED, "`muster --version` on both."),
        (Code.HOST_BUSY, "The machine keeps what it has. On the host: `muster host status`, disk, database."),
        (
            Code.RATE_LIMITED,
            "From a host: too many new machines from one network in an hour, known ones are exempt. From the vendor: see `Retry-After`.",
        ),
        (Code.CLOCK_SKEW, "Leases are durations, so a wrong clock alone ends none; Kerberos allows five minutes."),
        (Code.NO_KEY, "`muster client install FILE --edition NAME` brings the generic key."),
        (Code.EDITION_UNKNOWN, ""),
        (Code.MESSAGE_MALFORMED, "Something that is not Muster answers at that port."),
        (Code.SERVICE_NOT_RUNNING, "Without it a machine does not renew by itself."),
        (Code.NOT_ADMINISTRATOR, "Who may do what: [rights](client.md#rights)."),
        (Code.REARM_EXHAUSTED, "[Images](images.md)."),
    ),
    Where.HELD: (
        (
            Code.LEASE_ENDED,
            "It did not reach a host for the whole validity. Everything works during the renewal grace.",
        ),
        (
            Code.HARDWARE_CHANGED,
            "More than one part is another: a new machine, or a state folder that was copied. One changed part does nothing.",
        ),
        (
            Code.CLOCK_SUSPECT,
            "The clock was put back by more than a day, or had been ahead. Set it right: nothing was deleted.",
        ),
        (Code.NO_DOMAIN, "The machine left its domain; hosts are tried."),
        (
            Code.KEY_REVOKED,
            "The vendor says that what this key signed is void: ask for a newer product file and a new certificate.",
        ),
        (
            Code.CERTIFICATE_EXPIRED,
            "`muster host activate` on the host; free in its last 90 days. If only this machine says so, look at its clock.",
        ),
        (Code.CERTIFICATE_NOT_YET_VALID, "The host's clock is behind, or was when the certificate was made."),
        (Code.CERTIFICATE_WITHDRAWN, "A host that leaked, or a contract that ended: the vendor knows."),
    ),
    Where.KEYS: (
        (Code.KEY_MALFORMED, "The group with the error is named."),
        (Code.KEY_UNKNOWN, "Also: an installation id with a typing error that its check digits did not show."),
        (Code.KEY_BLOCKED, "What was activated before runs on."),
        (Code.KEY_WRONG_KIND, "A host key on a machine, or the other way round."),
        (Code.KEY_WRONG_EDITION, ""),
        (
            Code.KEY_EXHAUSTED,
            "The vendor sees which machines took them, and can add some: [issue keys](../vendor/keys.md#when-a-customer-writes).",
        ),
        (
            Code.HOST_LIMIT_REACHED,
            "A key is good for six hosts and nine replacements: [moving hosts](moving-hosts.md).",
        ),
        (Code.INSTALLATION_ID_MALFORMED, "The group is named; at the prompt only that one is typed again."),
        (Code.CONFIRMATION_MALFORMED, "The group is named; `12:1234567` at the prompt corrects group 12."),
        (
            Code.CONFIRMATION_UNTRUSTED,
            "It was made for another installation id: a machine makes a new one when its hardware or key changed. Show it again, confirm that.",
        ),
        (Code.ORGANISATION_UNKNOWN, "The nearest names are told."),
        (Code.ORGANISATION_BLOCKED, "What was activated before runs on."),
    ),
    Where.SERVICE: (
        (Code.NO_SERVICE, "The product file names none: `--service URL`, or `service` in `client.toml`."),
        (
            Code.SERVICE_UNREACHABLE,
            "`HTTPS_PROXY` and `NO_PROXY` of the process that asks: a service under systemd has its unit's environment. Without a network: digits, QR or a file.",
        ),
        (
            Code.SERVICE_UNTRUSTED,
            "A proxy that opens TLS needs its authority in the system's trust, or in `SSL_CERT_FILE`. A log-in page of a hotel looks like this too.",
        ),
        (Code.AUDIT_BROKEN, "[The vendor's record](vendor-record.md)."),
        (Code.COPY_STALE, "[What going back means](vendor-record.md#what-going-back-means)."),
        (Code.PASSPHRASE_WRONG, ""),
        (Code.IDENTITY_UNREACHABLE, ""),
        (
            Code.IDENTITY_UNTRUSTED,
            "Clocks, the redirect address, and the provider's keys: [log-in by an identity provider](vendor-pages.md#log-in-by-an-identity-provider).",
        ),
    ),
    Where.DIRECTORY: (
        (Code.NO_ACTIVATION_OBJECT, "[When it does not work](directory.md#when-it-does-not-work)."),
        (Code.DIRECTORY_UNREACHABLE, "After ten seconds at most hosts are tried."),
        (Code.DIRECTORY_REFUSED, "`klist -k` on the machine; who may read the keytab is root."),
        (Code.DIRECTORY_UNTRUSTED, "`ca` in `client.toml`, and the server's name."),
    ),
    Where.HOST: (
        (Code.DNS_UPDATE_REFUSED, "[When DNS says no](host.md#when-dns-says-no) tells the eleven reasons apart."),
        (Code.DNS_UNREACHABLE, "TCP 53 to the zone's primary; set `server`."),
        (
            Code.KEYSET_TOO_OLD,
            "A product file whose newest keyset is older than ten years is not taken in anew; what is installed goes on.",
        ),
        (Code.KEYSET_UNTRUSTED, ""),
        (Code.SIGNATURE_INVALID, ""),
    ),
    Where.CONSOLE: (
        (Code.MACHINE_UNREACHABLE, "`ssh USER@MACHINE` with the same key."),
        (Code.MACHINE_UNTRUSTED, "`muster console forget-ssh-key --where name=NAME` when you know why."),
        (Code.MACHINE_REFUSED, "The line in `authorized_keys`: [from afar](client.md#from-afar)."),
        (Code.ANSWER_MALFORMED, ""),
    ),
    Where.PEOPLE: (
        (Code.LOGIN_REFUSED, ""),
        (Code.SESSION_ENDED, "After an hour without use; cookies need TLS or loopback."),
        (Code.FORM_OUTDATED, ""),
        (Code.NOT_ALLOWED, "Roles: [people and their roles](vendor-pages.md#people-and-their-roles)."),
        (Code.PASSWORD_WEAK, ""),
        (Code.PICTURE_UNREADABLE, ""),
    ),
    Where.FILES: (
        (Code.NOT_SET_UP, ""),
        (Code.ALREADY_SET_UP, ""),
        (Code.HOME_NOT_WRITABLE, "`--home`, `MUSTER_HOME`, and who owns the folder."),
        (
            Code.HOME_IN_USE,
            "A service runs on this home; most commands ask it instead of failing. Which one: the lock file in the home.",
        ),
        (Code.SETTINGS_INVALID, "File, line and key are named. [All settings](../reference/settings.md)."),
        (
            Code.PRODUCT_MALFORMED,
            "Mail may have changed it: what stands before the first and after the last line of the armour does no harm, anything between does.",
        ),
        (Code.PRODUCT_TOO_OLD, ""),
        (Code.STATE_CORRUPT, "The other vendors of the machine go on."),
        (Code.STORE_FAILED, "`df`, `df -i`, permissions; nothing that was told was lost."),
        (Code.NAME_TAKEN, ""),
        (Code.NOT_FOUND, ""),
        (Code.USAGE, ""),
        (Code.INTERNAL, "`MUSTER_DEBUG=1` in front of the command shows where."),
    ),
}


def troubles() -> str:
    """The page's generated part; ValueError for a code that stands nowhere, or twice."""
    placed = [code for rows in PLACES.values() for code, _ in rows]
    if lost := set(CATALOGUE) - set(placed):
        raise ValueError(f"tools/troubles.py says nothing of {', '.join(sorted(lost))}")
    if len(placed) != len(set(placed)):
        raise ValueError("tools/troubles.py has a code twice")
    lines: list[str] = []
    for where, rows in PLACES.items():
        lines += [f"## {where}", ""]
        for code, more in rows:
            entry = CATALOGUE[code]
            lines += [f"### {code} ({entry.number})", "", f"{entry.meaning} **{entry.hint}**", ""]
            lines += [more, ""] if more else []
    return "\n".join(lines).strip()
