"""The stable codes of refusals and failures, and what each means (normative in ``spec/errors.md``; a test compares the two)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Entry(NamedTuple):
    """One row of the catalogue: number (1 ... 255), what it means, what to do about it."""

    number: int
    meaning: str
    hint: str


class Code(StrEnum):
    """Stable names of refusals and failures; `number` is the short form."""

    COUNT_BELOW_THRESHOLD = "COUNT_BELOW_THRESHOLD"
    NO_HOST_FOUND = "NO_HOST_FOUND"
    HOST_UNREACHABLE = "HOST_UNREACHABLE"
    HOST_UNTRUSTED = "HOST_UNTRUSTED"
    HOST_NOT_ACTIVATED = "HOST_NOT_ACTIVATED"
    EDITION_NOT_COVERED = "EDITION_NOT_COVERED"
    KEY_MALFORMED = "KEY_MALFORMED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_BLOCKED = "KEY_BLOCKED"
    KEY_WRONG_KIND = "KEY_WRONG_KIND"
    KEY_EXHAUSTED = "KEY_EXHAUSTED"
    KEY_WRONG_EDITION = "KEY_WRONG_EDITION"
    HOST_LIMIT_REACHED = "HOST_LIMIT_REACHED"
    CONFIRMATION_MALFORMED = "CONFIRMATION_MALFORMED"
    CONFIRMATION_UNTRUSTED = "CONFIRMATION_UNTRUSTED"
    HARDWARE_CHANGED = "HARDWARE_CHANGED"
    NO_DOMAIN = "NO_DOMAIN"
    NO_ACTIVATION_OBJECT = "NO_ACTIVATION_OBJECT"
    DIRECTORY_UNREACHABLE = "DIRECTORY_UNREACHABLE"
    NOT_ADMINISTRATOR = "NOT_ADMINISTRATOR"
    REARM_EXHAUSTED = "REARM_EXHAUSTED"
    CLOCK_SUSPECT = "CLOCK_SUSPECT"
    CLOCK_SKEW = "CLOCK_SKEW"
    DNS_UPDATE_REFUSED = "DNS_UPDATE_REFUSED"
    RATE_LIMITED = "RATE_LIMITED"
    HOST_BUSY = "HOST_BUSY"
    CERTIFICATE_EXPIRED = "CERTIFICATE_EXPIRED"
    CERTIFICATE_WITHDRAWN = "CERTIFICATE_WITHDRAWN"
    MAINTENANCE_ENDED = "MAINTENANCE_ENDED"
    KEYSET_TOO_OLD = "KEYSET_TOO_OLD"
    PRODUCT_TOO_OLD = "PRODUCT_TOO_OLD"
    VENDOR_MISMATCH = "VENDOR_MISMATCH"
    ORGANISATION_MISMATCH = "ORGANISATION_MISMATCH"
    VERSION_NOT_SUPPORTED = "VERSION_NOT_SUPPORTED"
    SERVICE_NOT_RUNNING = "SERVICE_NOT_RUNNING"
    STORE_FAILED = "STORE_FAILED"
    INTERNAL = "INTERNAL"
    MESSAGE_MALFORMED = "MESSAGE_MALFORMED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    KEYSET_UNTRUSTED = "KEYSET_UNTRUSTED"
    CERTIFICATE_NOT_YET_VALID = "CERTIFICATE_NOT_YET_VALID"
    PRODUCT_MALFORMED = "PRODUCT_MALFORMED"
    EDITION_UNKNOWN = "EDITION_UNKNOWN"
    INSTALLATION_ID_MALFORMED = "INSTALLATION_ID_MALFORMED"
    STATE_CORRUPT = "STATE_CORRUPT"
    SETTINGS_INVALID = "SETTINGS_INVALID"
    USAGE = "USAGE"
    HOME_NOT_WRITABLE = "HOME_NOT_WRITABLE"
    HOME_IN_USE = "HOME_IN_USE"
    NOT_SET_UP = "NOT_SET_UP"
    ALREADY_SET_UP = "ALREADY_SET_UP"
    PASSPHRASE_WRONG = "PASSPHRASE_WRONG"  # noqa: S105 - a code, not a secret
    ORGANISATION_UNKNOWN = "ORGANISATION_UNKNOWN"
    ORGANISATION_BLOCKED = "ORGANISATION_BLOCKED"
    NOT_FOUND = "NOT_FOUND"
    NO_KEY = "NO_KEY"
    LEASE_ENDED = "LEASE_ENDED"
    KEY_REVOKED = "KEY_REVOKED"
    DNS_UNREACHABLE = "DNS_UNREACHABLE"
    DIRECTORY_REFUSED = "DIRECTORY_REFUSED"
    DIRECTORY_UNTRUSTED = "DIRECTORY_UNTRUSTED"
    NAME_TAKEN = "NAME_TAKEN"
    MACHINE_UNREACHABLE = "MACHINE_UNREACHABLE"
    MACHINE_UNTRUSTED = "MACHINE_UNTRUSTED"
    MACHINE_REFUSED = "MACHINE_REFUSED"
    ANSWER_MALFORMED = "ANSWER_MALFORMED"
    LOGIN_REFUSED = "LOGIN_REFUSED"
    SESSION_ENDED = "SESSION_ENDED"
    FORM_OUTDATED = "FORM_OUTDATED"
    NOT_ALLOWED = "NOT_ALLOWED"
    PASSWORD_WEAK = "PASSWORD_WEAK"  # noqa: S105 - a code, not a secret
    PICTURE_UNREADABLE = "PICTURE_UNREADABLE"
    NO_SERVICE = "NO_SERVICE"
    SERVICE_UNREACHABLE = "SERVICE_UNREACHABLE"
    SERVICE_UNTRUSTED = "SERVICE_UNTRUSTED"
    IDENTITY_UNREACHABLE = "IDENTITY_UNREACHABLE"
    IDENTITY_UNTRUSTED = "IDENTITY_UNTRUSTED"
    AUDIT_BROKEN = "AUDIT_BROKEN"
    COPY_STALE = "COPY_STALE"

    @property
    def number(self) -> int:
        """Short number, 1 ... 255; also the `code` byte of refusals and hints on the wire."""
        return CATALOGUE[self].number

    @property
    def meaning(self) -> str:
        """One sentence: what happened."""
        return CATALOGUE[self].meaning

    @property
    def hint(self) -> str:
        """One sentence: what to do next."""
        return CATALOGUE[self].hint


# One row, one line: what happened, and what to do next.
# fmt: off
CATALOGUE: dict[Code, Entry] = {
    Code.COUNT_BELOW_THRESHOLD: Entry(1, "The host has not yet been asked by enough machines.", "Nothing to do: the machine asks again by itself as more machines are installed."),
    Code.NO_HOST_FOUND: Entry(2, "No activation host is known to this machine.", "Publish the host in DNS (muster host publish) or set one (muster client set-host HOST)."),
    Code.HOST_UNREACHABLE: Entry(3, "No activation host answered.", "Check that the host is running and that TCP port 1688 is open between here and there."),
    Code.HOST_UNTRUSTED: Entry(4, "The host could not prove that the vendor authorised it.", "Activate the host with a host key of this vendor, or remove the stray DNS record."),
    Code.HOST_NOT_ACTIVATED: Entry(5, "The host has no certificate of this vendor yet.", "On the host: muster host installation-id, then muster host confirm."),
    Code.EDITION_NOT_COVERED: Entry(6, "The host's certificate does not cover this edition.", "Install a host key for this edition's group and level on the host."),
    Code.KEY_MALFORMED: Entry(7, "The product key has a typing error.", "Type the 25 characters again; letters I, L and O are read as digits."),
    Code.KEY_UNKNOWN: Entry(8, "The vendor does not know this key, or it does not fit here.", "Compare the key with the vendor's letter; ask the vendor if it is the same."),
    Code.KEY_BLOCKED: Entry(9, "The vendor has blocked this key.", "Ask the vendor for a replacement key."),
    Code.KEY_WRONG_KIND: Entry(10, "This kind of key does not belong here.", "Host keys go on activation hosts; generic keys and multiple activation keys on machines."),
    Code.KEY_EXHAUSTED: Entry(11, "All activations of this key are used.", "Ask the vendor to extend the key."),
    Code.KEY_WRONG_EDITION: Entry(12, "The key is for another edition.", "Install the edition the key was sold for, or ask for a key of this one."),
    Code.HOST_LIMIT_REACHED: Entry(13, "The host key is used up: too many hosts or too many replacements.", "Replace a host that is gone (--replaces SERIAL) or ask the vendor for an exception."),
    Code.CONFIRMATION_MALFORMED: Entry(14, "The confirmation id has a typing error.", "Compare the group that is named and type it again."),
    Code.CONFIRMATION_UNTRUSTED: Entry(15, "The confirmation does not belong to this installation id, or was not made by this vendor.", "Confirm the installation id that is shown now."),
    Code.HARDWARE_CHANGED: Entry(16, "The hardware differs too much from the hardware that was activated.", "Activate again."),
    Code.NO_DOMAIN: Entry(17, "This machine does not belong to a domain.", "Nothing to do: activation hosts are tried instead."),
    Code.NO_ACTIVATION_OBJECT: Entry(18, "The directory holds no activation object that fits this edition.", "Activate the directory (muster directory activate), or use an activation host."),
    Code.DIRECTORY_UNREACHABLE: Entry(19, "The directory did not answer.", "Check the domain controllers; activation hosts are tried meanwhile."),
    Code.NOT_ADMINISTRATOR: Entry(20, "Only an administrator of this machine may do this.", "Run the command as an administrator."),
    Code.REARM_EXHAUSTED: Entry(21, "The first grace period cannot be reset any more.", "Activate the machine instead; rearm itself still works with --keep-grace."),
    Code.CLOCK_SUSPECT: Entry(22, "The machine's clock stands before a time it has already shown.", "Set the clock right; the state comes back by itself or with the next answer of a host."),
    Code.CLOCK_SKEW: Entry(23, "The clocks of this machine and the host differ by more than four hours.", "Set both clocks right; activation goes on meanwhile."),
    Code.DNS_UPDATE_REFUSED: Entry(24, "The DNS server refused the update.", "Check the TSIG key and what it may write; muster host publish --dry-run prints the records."),
    Code.RATE_LIMITED: Entry(25, "Too many requests from one place.", "Wait and try again."),
    Code.HOST_BUSY: Entry(26, "The host cannot store anything just now.", "Nothing to do: the machine tries again. On the host: check disk and database."),
    Code.CERTIFICATE_EXPIRED: Entry(27, "The certificate is past its end.", "Renew the certificate: muster host installation-id, then muster host confirm."),
    Code.CERTIFICATE_WITHDRAWN: Entry(28, "The vendor has withdrawn this certificate.", "Ask the vendor; the host needs a new certificate."),
    Code.MAINTENANCE_ENDED: Entry(29, "The edition was released after the last day that the certificate covers.", "Extend the maintenance, or use an earlier release."),
    Code.KEYSET_TOO_OLD: Entry(30, "The vendor's newest known keyset is out of date.", "Fetch a newer product file from the vendor."),
    Code.PRODUCT_TOO_OLD: Entry(31, "A newer product file is installed already.", "Use the newest product file, or --force to go back."),
    Code.VENDOR_MISMATCH: Entry(32, "This belongs to another vendor.", "Use files, keys and hosts of one vendor."),
    Code.ORGANISATION_MISMATCH: Entry(33, "The host belongs to another organisation than this machine is pinned to.", "Ask your own organisation's host, or remove the pin."),
    Code.VERSION_NOT_SUPPORTED: Entry(34, "The other side speaks another protocol version.", "Update the older of the two."),
    Code.SERVICE_NOT_RUNNING: Entry(35, "The licensing service is not running.", "Start it: muster client serve."),
    Code.STORE_FAILED: Entry(36, "The state could not be saved.", "Check free space and permissions of the home folder; nothing was lost."),
    Code.INTERNAL: Entry(37, "Something unexpected happened.", "Report the incident id to the maintainers; the log holds the details."),
    Code.MESSAGE_MALFORMED: Entry(38, "The bytes are not a message of this protocol.", "Check that both ends speak Muster and that nothing in between rewrites traffic."),
    Code.SIGNATURE_INVALID: Entry(39, "A signature does not verify.", "Get the file or answer again from its source."),
    Code.KEYSET_UNTRUSTED: Entry(40, "The keyset is not signed by the vendor's root keys.", "Get the product file again from the vendor."),
    Code.CERTIFICATE_NOT_YET_VALID: Entry(41, "The certificate is not valid yet.", "Check the clock of the host."),
    Code.PRODUCT_MALFORMED: Entry(42, "The file is not a product file, or it is damaged.", "Get the product file again from the vendor."),
    Code.EDITION_UNKNOWN: Entry(43, "No installed product file names this edition.", "Install the product file: muster client install FILE."),
    Code.INSTALLATION_ID_MALFORMED: Entry(44, "The installation id has a typing error.", "Compare the group that is named and type it again."),
    Code.STATE_CORRUPT: Entry(45, "A state file is damaged.", "Move the file named here away and run the command again; the machine activates anew."),
    Code.SETTINGS_INVALID: Entry(46, "A setting is wrong.", "Correct the line that is named."),
    Code.USAGE: Entry(47, "The command was not understood.", "See --help."),
    Code.HOME_NOT_WRITABLE: Entry(48, "The home folder cannot be written.", "Choose another with --home DIR, or run as a user who may write it."),
    Code.HOME_IN_USE: Entry(49, "Another process works on this home folder.", "Stop the other process first, or use another --home."),
    Code.NOT_SET_UP: Entry(50, "Nothing is set up here yet.", "Start with init, setup or install."),
    Code.ALREADY_SET_UP: Entry(51, "This home is set up already.", "Choose another --home, or continue with the one that exists."),
    Code.PASSPHRASE_WRONG: Entry(52, "The passphrase does not open the keys.", "Set MUSTER_PASSPHRASE to the passphrase chosen at init."),
    Code.ORGANISATION_UNKNOWN: Entry(53, "There is no organisation of this name.", "Add it first: muster vendor organisation add NAME."),
    Code.ORGANISATION_BLOCKED: Entry(54, "The organisation is blocked.", "Unblock it first: muster vendor organisation unblock NAME."),
    Code.NOT_FOUND: Entry(55, "There is no such thing here.", "List what exists."),
    Code.NO_KEY: Entry(56, "No product key is installed for this edition.", "Install one: muster client install-key KEY."),
    Code.LEASE_ENDED: Entry(57, "The activation ran out without being renewed.", "Bring the machine to its network; it renews by itself."),
    Code.KEY_REVOKED: Entry(58, "The vendor has revoked the signing key behind this activation.", "Activate again; the host needs a certificate under the new key."),
    Code.DNS_UNREACHABLE: Entry(59, "The DNS server did not answer.", "Check the DNS server's address and that it is running."),
    Code.DIRECTORY_REFUSED: Entry(60, "The directory refused this account.", "Check the account's credentials, and what it may do there."),
    Code.DIRECTORY_UNTRUSTED: Entry(61, "The directory server did not prove who it is.", "Check the server's name and the authority behind its certificate."),
    Code.NAME_TAKEN: Entry(62, "There is something of this name already.", "Choose another name."),
    Code.MACHINE_UNREACHABLE: Entry(63, "The machine could not be reached by SSH.", "Check its address, that it runs, and its SSH server."),
    Code.MACHINE_UNTRUSTED: Entry(64, "The machine showed another SSH host key than before.", "Find out why; after a new installation forget the old key of this machine."),
    Code.MACHINE_REFUSED: Entry(65, "The machine refused the log-in or the command.", "Check user, key and the forced command on the machine."),
    Code.ANSWER_MALFORMED: Entry(66, "The machine's answer is not understood.", "Check that `muster client remote` answers there, and its release."),
    Code.LOGIN_REFUSED: Entry(67, "The name, the password or the token is wrong or no longer valid.", "Try again; an administrator can reset an account."),
    Code.SESSION_ENDED: Entry(68, "You are not logged in, or no longer.", "Log in."),
    Code.FORM_OUTDATED: Entry(69, "The form does not belong to this session, so nothing was done.", "Open the page again and send it from there."),
    Code.NOT_ALLOWED: Entry(70, "This account or token may not do that.", "Ask an administrator for the role, or use a token with the scope."),
    Code.PASSWORD_WEAK: Entry(71, "The password is too easy to guess.", "Choose a longer one, not made of the name."),
    Code.PICTURE_UNREADABLE: Entry(72, "The picture could not be read.", "Photograph the QR code alone, sharp and close; or type the digits."),
    Code.NO_SERVICE: Entry(73, "No activation service of the vendor is known here.", "Name it with --service URL, or have the installation id confirmed by the vendor."),
    Code.SERVICE_UNREACHABLE: Entry(74, "The vendor's activation service did not answer.", "Check network, proxy and address; or have the installation id confirmed by the vendor."),
    Code.SERVICE_UNTRUSTED: Entry(75, "The vendor's activation service did not prove who it is.", "Check the address, this machine's clock and authorities, and who is between here and there."),
    Code.IDENTITY_UNREACHABLE: Entry(76, "The identity provider did not answer.", "Try again in a minute; local accounts log in without it."),
    Code.IDENTITY_UNTRUSTED: Entry(77, "The identity provider's answer is not believed.", "Log in again from the first page; if it stays, tell an administrator."),
    Code.AUDIT_BROKEN: Entry(78, "The audit is not what was sealed.", "Compare with the last export and with a copy of the database; find out who could write there."),
    Code.COPY_STALE: Entry(79, "The copy is older than what is known here.", "Restore a newer copy; or go back on purpose with --force."),
}
# fmt: on

BY_NUMBER: dict[int, Code] = {entry.number: code for code, entry in CATALOGUE.items()}
