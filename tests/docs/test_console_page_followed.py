"""docs/operate/console.md, followed: machines behind a real SSH server, a vendor's service, the console's own API."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.docs.conftest import Reading
from tests.docs.reader import KEY
from tests.programs.console_guide import desk
from tests.worlds.certificates import issue
from tests.worlds.host_world import certified_home
from tests.worlds.name_servers import LOOPBACK
from tests.worlds.ssh_machines import SSHD

pytestmark = pytest.mark.skipif(not Path(SSHD).exists(), reason="no sshd here")
PRO = "acme-cad-pro"
SELL = """muster vendor organisation add "Globex Corporation"
muster vendor key issue --kind mak --scope acme-cad-pro --organisation "Globex Corporation" --activations 3
muster vendor key issue --kind mak --scope acme-cad-server --organisation "Globex Corporation" --activations 3
muster vendor key issue --kind host --scope acme-cad --organisation "Globex Corporation"
"""


@pytest.mark.usefixtures("curl")
def test_machines_are_found_asked_licensed_and_shown(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    with desk(tmp_path / "console") as room, reading("docs/operate/console.md") as reader:
        keys = KEY.findall(reader.run(SELL, home=vendor_home))
        with reader.serving("muster vendor serve --listen 127.0.0.1:0", home=vendor_home) as service:
            definition = (vendor_home / "product.toml").read_text(encoding="utf-8")
            named = re.sub(r"^(\[vendor\].*)$", rf'\1\nservice = "{service}"', definition, count=1, flags=re.MULTILINE)
            (reader.folder / "product.toml").write_text(named)
            reader.run("muster vendor product import product.toml --export acme.muster", home=vendor_home)
            room.add_machine("pc-1", (reader.folder / "acme.muster").read_text(), PRO)
            shutil.copy(room.folder / "machines.csv", reader.folder)
            (reader.folder / "inventory.ini").write_text("[lab]\npc-2.lab.example\n")
            home = room.folder / "console"
            # A page's pipe has two programs, and one home here: that of both.
            certified_home(tmp_path / "both")
            other = tmp_path / "other"
            reader.each("muster console discover", other, home, other, tmp_path / "both")
            assert "pc-40.lab.example" in reader.run("muster console machines", home=other)
            reader.around["MUSTER_HOME"] = str(home)
            assert "pc-1" in reader.follow("muster console refresh")
            for line in reader.take("muster console activate").splitlines():
                said = reader.run(line, typed="yes\nyes\n", code=None)
                # No host is there, and the page comes to keys later: the words are right, and what is missing is told.
                assert reader.code in {0, 1} or "NOT_FOUND" in said, said
            reader.run("muster console set-type any --where group=lab")
            (reader.folder / "keys.csv").write_text(f"key,note\n{keys[1]},servers\n{keys[2]},host\n")
            add, *others, passphrase = reader.take("muster console products add").splitlines()
            reader.run(add)
            for line in others:
                reader.run(line, typed="y\n" if "remove" in line else f"{keys[0]}\n")
            reader.around["MUSTER_NEW_PASSPHRASE"] = "another passphrase of ours"
            reader.run(passphrase)
            reader.around["MUSTER_PASSPHRASE"] = "another passphrase of ours"
            reader.run("muster console refresh\nmuster console install-key 1 --where group=lab")
            proxy, *by_files = reader.take("muster console proxy").splitlines()
            assert "1 of 1 machines activated" in reader.run(proxy)
            # The same by files is for those who have not done the first: another console that knows the machine.
            reader.around["MUSTER_HOME"] = str(room.folder / "online")
            reader.run(
                "muster console discover --csv machines.csv\nmuster console refresh\nmuster console products add acme.muster"
            )
            assert "1 of 1 rows confirmed" in reader.run("\n".join(by_files))
            reader.around["MUSTER_HOME"] = str(home)
        add, plain, secure = reader.take("muster console account add").splitlines()
        reader.run(add)
        paper = issue(tmp_path, "localhost", LOOPBACK)
        reader.names |= {
            "chain.pem": str(paper.certificate),
            "key.pem": str(paper.key),
            "0.0.0.0:8444": f"{LOOPBACK}:0",
        }
        with reader.serving(reader.here(secure)) as url:
            reader.run(f"curl --silent --fail --cacert {paper.authority} {url.replace(LOOPBACK, 'localhost')}/health")
        token = reader.run("muster console account token issue ci --account anna --scope read --scope act").split()
        reader.run(f"export TOKEN={token[0]}")
        status = json.loads(reader.run("muster client status --json", home=room.homes["pc-1"]))
        (reader.folder / "states.jsonl").write_text(json.dumps({"machine": "pc-9", "status": status}) + "\n")
        with reader.serving(f"{plain} --listen 127.0.0.1:0") as url:
            reader.names["https://muster.corp.example"] = url
            said = reader.follow("curl")
        for told in ('"machines": [', '{"kept":1,"refused":[]}', '{"task":'):
            assert told in said, said
