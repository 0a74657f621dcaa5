"""Who may do what in the console: scopes, the roles made of them, and accounts whose changes stand in the console's audit."""

from __future__ import annotations

from collections.abc import Mapping

from muster.base.clock import Clock
from muster.base.entropy import Entropy
from muster.console.ports import Store
from muster.platform.accounts import Accounts, AccountStore
from muster.platform.effort import LOGIN, Effort

READ, ACT, REMOVE, KEYS, AUDIT, ACCOUNTS = "read", "act", "remove", "keys", "audit", "accounts"
DIRECTORY = "directory"

# read: look at everything but the audit, save views; act: ask machines and change them, take in states and confirmations;
# remove: discover machines and take them out; keys: product files, keys, and files with keys in them; directory: activation
# objects; audit: read it; accounts: people and tokens.
ROLES = {
    "admin": frozenset({READ, ACT, REMOVE, KEYS, DIRECTORY, AUDIT, ACCOUNTS}),
    "operator": frozenset({READ, ACT}),
    "viewer": frozenset({READ}),
}


def console_accounts(
    store: Store, accounts: AccountStore, clock: Clock, entropy: Entropy, effort: Effort = LOGIN
) -> Accounts:
    """The accounts of a console: what is done to them is written into the console's own audit first."""

    def record(actor: str, action: str, subject: str, details: Mapping[str, object]) -> None:
        now = clock.now()
        store.run(lambda books: books.audit(now, actor, action, subject, details))

    return Accounts(accounts, clock, entropy, ROLES, record, effort=effort)
