"""The page of multiple activation keys, followed: online, by telephone, by files. A console has pages of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.docs.conftest import Reading
from tests.docs.reader import KEY, Reader

SELL = 'muster vendor key issue --scope acme-cad-pro --kind mak --organisation "Globex Corporation" --activations 10'


def method(reader: Reader, home: Path) -> tuple[str, str]:
    (row,) = json.loads(reader.run("muster client status --json", home=home))["editions"]
    return row["state"], row["method"]


def test_a_key_activates_online_by_telephone_and_by_files(reading: Reading, vendor_home: Path, tmp_path: Path) -> None:
    online, telephone, files = homes = [tmp_path / name for name in ("online", "telephone", "files")]
    with reading("docs/operate/mak.md") as reader:
        sold = reader.run(
            f'muster vendor organisation add "Globex Corporation"\n{SELL}\nmuster vendor product export --out acme.muster',
            home=vendor_home,
        )
        (key,) = KEY.findall(sold)
        install = reader.take("muster client install acme.muster")
        for home in homes:
            reader.run(install, home=home, typed=f"{key}\n")

        activate = reader.take("muster client activate")
        with reader.serving("muster vendor serve --listen 127.0.0.1:0", home=vendor_home) as url:
            reader.around["MUSTER_CLIENT_SERVICE"] = url
            reader.run(activate, home=online)
            del reader.around["MUSTER_CLIENT_SERVICE"]

        show, confirm = reader.take("muster client installation-id").splitlines()
        (digits,) = re.findall(r"(?:\d{7}-){9}\d{7}", reader.run(show, home=telephone))
        told = reader.run(f"muster vendor confirm {digits}", home=vendor_home)
        (answer,) = re.findall(r"\d+(?:-\d+){5,}", told)
        reader.run(confirm, home=telephone, typed=answer.replace("-", "\n"))

        reader.follow("muster client installation-id --file", home=files)
        reader.follow("muster vendor confirm-file", home=vendor_home)
        reader.follow("muster client confirm --file", home=files)
        assert [method(reader, home) for home in homes] == [("LICENSED", "mak")] * 3
