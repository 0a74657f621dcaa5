"""`muster vendor serve` behind the proxies of its page: TLS there, and only the proxy is believed about who asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from muster.trust.humanid import format_installation
from muster.vendor import app as vendor
from muster.vendor.ports import Search
from tests.worlds.proxies import Proxy, caddy, nginx
from tests.worlds.vendor_world import PASSPHRASE, Acme, hardware, machine

pytestmark = pytest.mark.parts

_MAIN = "import sys; from muster.cli import main; sys.exit(main())"
SERVE = (sys.executable, "-c", _MAIN, "vendor", "serve", "--listen", "127.0.0.1:0", "--proxy", "127.0.0.1")
STOP_SECONDS = 30
PASSWORD = "a password of some length"
START = {"nginx": nginx, "caddy": caddy}


@dataclass
class World:
    acme: Acme
    service: str
    proxy: Proxy

    def ask(self, source: str, url: str, **headers: str) -> httpx2.Client:
        """A client whose connections come from an address of loopback."""
        return httpx2.Client(
            transport=httpx2.HTTPTransport(verify=self.proxy.tls, local_address=source),
            base_url=url,
            headers=headers,
            trust_env=False,
        )

    def place_of_log_in(self, source: str, url: str, **headers: str) -> object:
        """Where the service thinks that a wrong log-in came from."""
        with self.ask(source, url, **headers) as client:
            answer = client.post("/login", data={"name": "nobody", "password": "wrong"})
            assert answer.status_code == 401, answer.text
        row = self.acme.vendor.store.run(lambda books: books.list_audit(Search(text="login.refused", size=1))).rows[0]
        return row.details["from"]


@contextmanager
def serving(home: Path) -> Iterator[str]:
    around = {**os.environ, "MUSTER_HOME": str(home), "MUSTER_PASSPHRASE": PASSPHRASE}
    with subprocess.Popen(SERVE, env=around, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().removeprefix("listening on http://")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    acme = Acme(tmp_path_factory.mktemp("acme"))
    accounts = vendor.open_accounts(acme.home, acme.vendor, environment=acme.environment)
    accounts.add("setup", "anna", "admin", password=PASSWORD)
    yield acme
    acme.close()


@pytest.fixture(scope="module")
def service(acme: Acme) -> Iterator[str]:
    with serving(acme.home) as address:
        yield address


@pytest.fixture(scope="module", params=sorted(START))
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, acme: Acme, service: str
) -> Iterator[World]:
    with START[request.param](tmp_path_factory.mktemp(request.param), service) as proxy:
        yield World(acme, service, proxy)


def test_whoever_asks_is_known_by_the_proxys_word_and_by_no_other(world: World) -> None:
    assert world.place_of_log_in("127.1.1.5", world.proxy.url) == "127.1.1.0/24"
    forged = {"x-forwarded-for": "203.0.113.9"}
    assert world.place_of_log_in("127.1.2.5", world.proxy.url, **forged) == "127.1.2.0/24"
    assert world.place_of_log_in("127.1.3.5", f"http://{world.service}", **forged) == "127.1.3.0/24"


def test_machines_and_people_reach_it_and_strangers_see_no_figures(world: World) -> None:
    with world.ask("127.1.4.5", world.proxy.url) as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/ready").json()["status"] == "ready"
        digits = format_installation(machine(world.acme.mak(), hardware(1)))
        answer = client.post("/v1/permanent-activations", json={"installation_id": digits})
        assert (answer.status_code, answer.json()["remaining"]) == (200, 2)
        page = client.post("/login", data={"name": "anna", "password": PASSWORD})
        assert (page.status_code, page.headers["location"]) == (303, "/home")
        assert "__Host-muster" in client.cookies
        assert client.get("/overview").status_code == 200


def test_a_form_of_the_largest_size_passes(world: World) -> None:
    with world.ask("127.1.5.5", world.proxy.url) as client:
        answer = client.post("/bundle", files={"file": ("bundle.txt", b"x" * (19 * 1024 * 1024))}, timeout=60)
    assert answer.status_code == 422
    assert "muster" in answer.text.lower()
