"""Which machines a text means."""

from __future__ import annotations

import json

import pytest

from muster.base.errors import Code, MusterError
from muster.console.core.targets import MAX_TARGETS, Target, from_ansible, from_csv, from_list


def names(targets: tuple[Target, ...]) -> list[str]:
    return [target.name for target in targets]


def test_lists_ranges_and_networks_are_spelled_out() -> None:
    found = from_list("10.0.0.254-10.0.1.1, pc-7.corp.example\n10.1.0.0/30  # the lab\nlab[08:10] 10.0.0.255")
    assert names(found) == [
        *("10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"),
        "pc-7.corp.example",
        *("10.1.0.1", "10.1.0.2"),
        *("lab08", "lab09", "lab10"),
    ]


def test_a_port_may_follow() -> None:
    (name, six) = from_list("pc:2222 [2001:db8::7]:2022")
    assert (name.address, name.port) == ("pc", 2222)
    assert (six.address, six.port) == ("2001:db8::7", 2022)


def test_names_with_hyphens_are_no_ranges() -> None:
    assert names(from_list("pc-one-two")) == ["pc-one-two"]


@pytest.mark.parametrize(
    "text",
    [
        *("10.0.0.9-10.0.0.1", "10.0.0.1-2001:db8::1", "10.0.0.0/99", "0.0.0.0/0", "::/0", "1.1.1.1-200.0.0.0"),
        *(
            "pc:port",
            "pc:0",
            "pc:70000",
            "-oProxyCommand=x",
            "a b;$(reboot)",
            "lab[9:1x]",
            "lab[1:999999999]",
            "é",
            "x" * 300,
        ),
    ],
)
def test_what_names_no_machine_is_told(text: str) -> None:
    with pytest.raises(MusterError) as told:
        from_list(text)
    assert told.value.code in {Code.USAGE, Code.SETTINGS_INVALID}
    assert told.value.hint


def test_csv_by_header_with_any_delimiter() -> None:
    text = "\ufeffname;port;address;colour;group\npc-1;2222;10.0.0.1;red;lab\npc-2;;;;\n"
    assert from_csv(text) == (Target("pc-1", "10.0.0.1", 2222, group="lab"), Target("pc-2", "pc-2"))


@pytest.mark.parametrize(
    ("text", "line"),
    [("host\npc-1\n", "line 1"), ("name,port\npc-1,22\npc-2,x\n", "line 3"), ("name,user\npc-1,-oX\n", "line 2")],
)
def test_a_mistake_in_csv_is_told_with_its_line(text: str, line: str) -> None:
    with pytest.raises(MusterError, match=line):
        from_csv(text)


ANSIBLE_INI = """
bastion ansible_host=192.0.2.1 ansible_user='root' # the way in
[lab]
lab-[01:03].corp.example:2222
other ansible_port=22 note="two words"
[lab:vars]
ansible_user=ignored
[all_labs:children]
lab
[office]
lab-01.corp.example
"""


def test_an_inventory_of_ansible_in_ini() -> None:
    found = {target.name: target for target in from_ansible(ANSIBLE_INI)}
    assert list(found) == ["bastion", "lab-01.corp.example", "lab-02.corp.example", "lab-03.corp.example", "other"]
    assert found["bastion"] == Target("bastion", "192.0.2.1", user="root")
    assert (found["lab-02.corp.example"].port, found["lab-02.corp.example"].group) == (2222, "lab")
    assert found["lab-01.corp.example"].group == "lab"


def test_an_inventory_as_ansible_prints_it() -> None:
    printed = {
        "_meta": {"hostvars": {"pc-1": {"ansible_host": "10.0.0.1", "ansible_port": 2222}, "pc-2": "nonsense"}},
        "all": {"children": ["lab"]},
        "lab": {"hosts": ["pc-1", "pc-2", 7]},
    }
    assert from_ansible(json.dumps(printed)) == (
        Target("pc-1", "10.0.0.1", 2222, group="lab"),
        Target("pc-2", "pc-2", group="lab"),
    )


@pytest.mark.parametrize("text", ["{", '{"lab": {"hosts": ["-x"]}}', "[lab]\npc ansible_port=x", "[" * 100_000 + "x"])
def test_a_broken_inventory_is_told(text: str) -> None:
    with pytest.raises(MusterError):
        from_ansible(text)


def test_no_more_than_a_limit_at_once() -> None:
    with pytest.raises(MusterError, match=str(MAX_TARGETS)):
        from_list("10.0.0.0/15 11.0.0.0/15")
