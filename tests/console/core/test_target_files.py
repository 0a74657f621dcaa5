"""What a file of machines is, seen by its content alone."""

from __future__ import annotations

import json

import pytest

from muster.base.errors import Misconfigured
from muster.console.core.target_files import ANSIBLE, CSV, HOST, LIST, from_file

ROWS = [
    {"client_id": "aa", "edition": "pro", "address": "10.0.0.7", "name": "pc-7.corp.example"},
    {"client_id": "aa", "edition": "server", "address": "10.0.0.7", "name": "pc-7.corp.example"},
    {"client_id": "bb", "edition": "pro", "address": "10.0.0.8", "name": ""},
]


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("\ufeffname;group\npc-1;lab\npc-2;lab\n", CSV, ["pc-1", "pc-2"]),
        ("client_id,address,name\naa,10.0.0.7,pc-7\naa,10.0.0.7,pc-7\n", CSV, ["pc-7"]),
        ("# ours\n[lab]\npc-[1:2]\n", ANSIBLE, ["pc-1", "pc-2"]),
        ("pc-1 ansible_host=10.0.0.1\n", ANSIBLE, ["pc-1"]),
        (json.dumps({"lab": {"hosts": ["pc-1"]}, "_meta": {"hostvars": {}}}), ANSIBLE, ["pc-1"]),
        (json.dumps({"machines": ROWS}), HOST, ["pc-7.corp.example", "10.0.0.8"]),
        ("pc-1, pc-2\n10.0.0.0/30", LIST, ["pc-1", "pc-2", "10.0.0.1", "10.0.0.2"]),
        ("", LIST, []),
    ],
)
def test_a_file_is_read_as_what_it_is(text: str, kind: str, names: list[str]) -> None:
    found, targets = from_file(text)
    assert (found, [target.name for target in targets]) == (kind, names)


@pytest.mark.parametrize("text", ["{", '{"machines": [7]}', '{"machines": [{"name": "a b"}]}', "name\na b\n"])
def test_a_file_that_names_no_machines_is_told(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        from_file(text)
    assert refused.value.hint
