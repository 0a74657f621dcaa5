"""The rule by which an entry of 389 is seen by one group; that 389 obeys it is shown where 389 is installed."""

from __future__ import annotations

import pytest

from muster.base.errors import Misconfigured
from muster.console.directory.core.aci import readable_by

GROUP = "cn=CAD machines,dc=corp,dc=example"


def test_who_is_no_member_is_denied_everything() -> None:
    rule = readable_by(GROUP)
    assert 'deny (read, search, compare) groupdn != "ldap:///cn=CAD machines,dc=corp,dc=example";' in rule
    assert rule.startswith('(targetattr = "*")(version 3.0;')
    assert rule.endswith(")")


@pytest.mark.parametrize("letter", ['"', "\\", "?", "|"])
def test_a_group_whose_name_could_change_the_rule_is_refused(letter: str) -> None:
    with pytest.raises(Misconfigured):
        readable_by(f"cn=machines{letter},dc=corp,dc=example")
