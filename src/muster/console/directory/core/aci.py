"""Who may read an entry of 389 or FreeIPA, as the attribute ``aci`` of the entry itself says it."""

from __future__ import annotations

from muster.base.errors import Code, Misconfigured

# A DN stands in a rule as it is: 389 decodes nothing there, so none of these may be in it.
_NOT_IN_RULES = frozenset('"\\?|')


def readable_by(group_dn: str) -> str:
    """A rule by which only members of a group see the entry: a denial goes before every permission but the manager's.

    `Misconfigured` for a DN with a character that would end it.
    """
    if set(group_dn) & _NOT_IN_RULES:
        raise Misconfigured(
            Code.USAGE,
            f"{group_dn!r} cannot stand in a rule of this server",
            "Choose a group without quotes, backslashes, ? and | in its DN.",
        )
    rights = f'deny (read, search, compare) groupdn != "ldap:///{group_dn}";'
    return f'(targetattr = "*")(version 3.0; acl "Muster: readable by one group"; {rights})'
