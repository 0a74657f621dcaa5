"""Product keys as people hand them over."""

from __future__ import annotations

import pytest

from muster.base.errors import Misconfigured
from muster.console.core.keys import MAX_KEYS, editions_of, read_keys
from muster.trust.productkey import KeyKind
from tests.worlds.vendor_keys import CAD, CAD_PRO, OFFICE_PRO, VendorKeys

VENDOR = VendorKeys()
ONE, TWO = (VENDOR.key(KeyKind.MAK, CAD_PRO.id, chance) for chance in (1, 2))


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE.formatted} of the lab\n\n# a comment\n  {TWO.text.lower()}  \n",
        f"\ufeffkey,note\n{ONE.formatted},of the lab\n{TWO.formatted},\n",
        f"kind;key;scope;organisation\nmak;{ONE.formatted};acme-cad-pro;of the lab\nmak;{TWO.formatted};acme-cad-pro;\n",
    ],
)
def test_lines_and_tables_are_read(text: str) -> None:
    assert [(line.key, line.note) for line in read_keys(text)] == [(ONE, "of the lab"), (TWO, "")]


def test_a_line_that_is_no_key_is_told_by_its_number_and_keeps_no_other_one_out() -> None:
    typo = ("0" if ONE.text[0] != "0" else "1") + ONE.formatted[1:]
    bad, good = read_keys(f"{typo}\n{TWO.formatted}\n")
    assert (bad.line, bad.key) == (1, None)
    assert "group 1" in bad.problem
    assert (good.line, good.key) == (2, TWO)


@pytest.mark.parametrize("text", ["", "# nothing\n", "key,note\n", f"{ONE.formatted}\n" * (MAX_KEYS + 1)])
def test_nothing_and_too_much_are_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        read_keys(text)


def test_what_is_written_beside_a_key_reaches_no_terminal() -> None:
    (line,) = read_keys(f"{ONE.formatted} red\x1b[31m\u202e lab")
    assert line.note.isprintable()


def test_a_mak_is_for_its_edition_and_a_host_key_for_its_group() -> None:
    product = VENDOR.product()
    assert editions_of(KeyKind.MAK, OFFICE_PRO.id, [product]) == {OFFICE_PRO.name}
    assert editions_of(KeyKind.HOST, CAD.id, [product]) == {"acme-cad-pro", "acme-cad-basic", "acme-cad-server"}
    assert editions_of(KeyKind.MAK, 4711, [product]) == frozenset()
