"""Nothing secret of a vendor is ever told but where it was asked for: not in logs, not in messages, not in the database."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from muster.trust.humanid import format_installation
from muster.trust.productkey import ProductKey, parse_key
from muster.vendor.adapters.keybox import KeyBox
from tests.worlds.command_line import muster
from tests.worlds.entropy import SeededEntropy
from tests.worlds.vendor_world import PASSPHRASE, Acme, hardware, host, machine

_COMMAND = [sys.executable, "-c", "import sys; from muster.cli import main; sys.exit(main())", "vendor"]
PASSWORD, WRONG = "a password of Otto's own", "a guess at the passphrase"
SECONDS = 120


class Told:
    """Everything that a vendor's programs say, and the few answers that are secrets themselves."""

    def __init__(self, home: Path) -> None:
        self.home, self.text = home, ""

    def run(self, *words: str, typed: str = "", passphrase: str = PASSPHRASE, answers: bool = False) -> str:
        """One command; with `answers` its output is the secret that was asked for."""
        around = {"MUSTER_HOME": str(self.home), "MUSTER_PASSPHRASE": passphrase}
        done = muster("vendor", *words, environment=around, typed=typed)
        self.text += done.stderr + ("" if answers else done.stdout)
        return done.stdout.strip()


def forms(secret: bytes) -> list[bytes]:
    """The ways in which bytes are usually written."""
    text = base64.b64encode(secret).rstrip(b"=")
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        text,
        text.translate(bytes.maketrans(b"+/", b"-_")),
    ]


def of_key(key: ProductKey) -> list[bytes]:
    return [key.text.encode(), key.formatted.encode(), *forms(key.secret)]


def served(told: Told, mak: ProductKey, host_key: ProductKey, token: str) -> None:
    """A service at its most talkative, asked what it likes and what it does not."""
    with subprocess.Popen(
        [*_COMMAND, "serve", "--listen", "127.0.0.1:0", "--log-level", "debug"],
        env={**os.environ, "MUSTER_HOME": str(told.home), "MUSTER_PASSPHRASE": PASSPHRASE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("listening on ")
        with httpx2.Client(base_url=url, trust_env=False, timeout=SECONDS) as client:
            answers = [
                client.post(
                    "/v1/permanent-activations",
                    json={"installation_id": format_installation(machine(mak, hardware(1)))},
                ),
                client.post("/v1/certificates", json={"installation_id": format_installation(host(host_key, 1))}),
                client.post("/v1/permanent-activations", json={"installation_id": mak.formatted}),
                client.post("/v1/remaining", json={"key": mak.formatted}),
                client.post("/v1/remaining", json={"key": mak.formatted, "more": {"key": [mak.text]}}),
                client.post("/v1/remaining", content=mak.formatted.encode()),
                client.post("/login", data={"name": "otto", "password": PASSWORD}),
                client.get("/v1/admin/keys", headers={"authorization": f"Bearer {token}"}),
                client.get("/v1/admin/keys", headers={"authorization": f"Bearer {token}x"}),
            ]
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=SECONDS)
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert answers[3].json()["total"] == 5
    told.text += out + errors


def test_no_key_no_passphrase_and_no_token_is_in_what_is_logged_or_kept(tmp_path: Path) -> None:
    home = tmp_path / "vendor"
    acme = Acme(home)
    acme.close()
    told = Told(home)
    order = ("--organisation", "Example Bank", "--kind")
    mak = parse_key(
        told.run("key", "issue", *order, "mak", "--scope", "acme-cad-pro", "--activations", "5", answers=True)
    )
    host_key = parse_key(told.run("key", "issue", *order, "host", "--scope", "acme-cad", answers=True))
    once = told.run("account", "add", "anna", "--role", "admin", answers=True)
    told.run("account", "add", "otto", "--role", "operator", "--ask", typed=PASSWORD + "\n")
    words = ("token", "issue", "ci", "--account", "anna", "--scope", "read")
    token = told.run("account", *words, answers=True)
    assert token.startswith("muster_")
    served(told, mak, host_key, token)
    told.run("key", "show", mak.formatted)
    told.run("key", "show", mak.formatted[:-1] + ("2" if mak.formatted[-1] != "2" else "3"))
    told.run("confirm", mak.formatted)
    told.run("product", "export", "--out", str(tmp_path / "acme.muster"), passphrase=WRONG)
    told.run("product", "export", "--out", str(tmp_path / "acme.muster"))
    told.run("audit", "--json", "--last", "100")
    told.run("audit", "export", "--people", "--out", str(tmp_path / "audit.bin"))
    told.run("backup", str(tmp_path / "copy"))
    assert "machine.confirmed" in told.text
    assert "PASSPHRASE_WRONG" in told.text

    box = KeyBox(home, PASSPHRASE, SeededEntropy())
    private = [key.private_bytes_raw() for key in (*box.roots(), *_issuing(acme, box))]
    secrets = [PASSPHRASE.encode(), PASSWORD.encode(), WRONG.encode(), once.encode(), token.encode()]
    secrets += [*of_key(mak), *of_key(host_key), *(form for key in private for form in forms(key))]
    files = [path for path in (*home.rglob("*"), *tmp_path.glob("a*")) if path.is_file()]
    assert {"vendor.db", "issuing.box", "audit.bin"} <= {path.name for path in files}
    for secret in secrets:
        assert secret not in told.text.encode(), secret
        assert [path.name for path in files if secret in path.read_bytes()] == [], secret


def _issuing(acme: Acme, box: KeyBox) -> list[Ed25519PrivateKey]:
    newest = acme.again().keysets().newest
    return [box.issuing(key.public) for key in newest.issuing]
