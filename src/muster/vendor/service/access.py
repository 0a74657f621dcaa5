"""Who may do what at the vendor: scopes, the roles made of them, and accounts whose changes stand in the vendor's audit."""

from __future__ import annotations

from collections.abc import Mapping

from muster.platform.accounts import Accounts, AccountStore
from muster.platform.effort import LOGIN, Effort
from muster.vendor.service.vendor import Vendor

READ, CONFIRM, EXCEPT, KEYS, CUSTOMERS = "read", "confirm", "except", "keys", "customers"
AUDIT, ACCOUNTS, WEBHOOKS, ERASE = "audit", "accounts", "webhooks", "erase"

# read: look at everything but the audit; confirm: installation ids; except: grant more than was sold; keys: issue, block,
# replace and withdraw; customers: organisations and products; audit: read it; accounts: people and tokens;
# webhooks: whom the service tells of events; erase: find a person in the audit, and erase names and remarks.
ROLES = {
    "admin": frozenset({READ, CONFIRM, EXCEPT, KEYS, CUSTOMERS, AUDIT, ACCOUNTS, WEBHOOKS, ERASE}),
    "operator": frozenset({READ, CONFIRM, EXCEPT}),
    "auditor": frozenset({READ, AUDIT}),
}


def vendor_accounts(vendor: Vendor, store: AccountStore, effort: Effort = LOGIN) -> Accounts:
    """The accounts of a vendor: what is done to them is written into the vendor's own audit first."""

    def record(actor: str, action: str, subject: str, details: Mapping[str, object]) -> None:
        vendor.store.run(lambda books: vendor.acting(actor).write(books, action, subject, **details))

    return Accounts(store, vendor.clock, vendor.entropy, ROLES, record, effort=effort)
