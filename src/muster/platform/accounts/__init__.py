"""People and machines that may use a program's pages and API: accounts, sessions, tokens, scopes.

Knows no program: what a role may do is a table that the program brings. Keeps digests of cookies and tokens, never these
themselves, and passwords as argon2id only.
"""

from muster.platform.accounts.accounts import Accounts, Reset
from muster.platform.accounts.port import Account, AccountStore, Session, Token
from muster.platform.accounts.who import Who

__all__ = ["Account", "AccountStore", "Accounts", "Reset", "Session", "Token", "Who"]
