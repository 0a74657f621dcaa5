"""Debian's nginx and Caddy in front of a service on loopback, set up with the words of docs/operate/vendor-service.md."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.worlds.certificates import issue
from tests.worlds.name_servers import LOOPBACK, free_port
from tests.worlds.parts import part

PAGE = Path(__file__).parents[2] / "docs" / "operate" / "vendor-service.md"
SERVICE = "127.0.0.1:8443"
PATIENCE_SECONDS = 30

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr notice;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen {address} ssl;
        ssl_certificate {paper.certificate}; ssl_certificate_key {paper.key};
        {words}
    }}
}}
"""
CADDY = """
{{
    admin off
    auto_https disable_redirects
    default_bind 127.0.0.1
    storage file_system {folder}/storage
}}
{words}
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy's address, and the authority behind its certificate."""

    url: str
    authority: Path

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


def words_of(first: str) -> str:
    """The block of the page that begins with `first`."""
    every: list[str] = re.findall(r"^```\w*\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (found,) = (block for block in every if block.startswith(first))
    return found


@contextmanager
def nginx(folder: Path, service: str) -> Iterator[Proxy]:
    """Nginx before a service at ``host:port``."""
    program, paper, port = part("nginx"), issue(folder, "localhost"), free_port()
    words = words_of("location").replace(SERVICE, service)
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, address=f"{LOOPBACK}:{port}", paper=paper, words=words))
    command = [program, "-c", str(settings), "-p", str(folder), "-e", "stderr"]
    with _running(command, folder, dict(os.environ), "event method"):
        yield Proxy(f"https://localhost:{port}", paper.authority)


@contextmanager
def caddy(folder: Path, service: str) -> Iterator[Proxy]:
    """Caddy before a service at ``host:port``, with a certificate of the test's in place of a public one."""
    program, paper, port = part("caddy"), issue(folder, "localhost"), free_port()
    site, _, inside = words_of("activate.acme.example").replace(SERVICE, service).partition("{")
    assert site.strip() == "activate.acme.example"
    named = f"https://localhost:{port} {{\n    tls {paper.certificate} {paper.key}{inside}"
    settings = folder / "Caddyfile"
    settings.write_text(CADDY.format(folder=folder, words=named))
    command = [program, "run", "--adapter", "caddyfile", "--config", str(settings)]
    homes = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with _running(command, folder, {**os.environ, **homes}, "serving initial configuration"):
        yield Proxy(f"https://localhost:{port}", paper.authority)


@contextmanager
def _running(command: list[str], folder: Path, around: dict[str, str], ready: str) -> Iterator[None]:
    """A program from when it says `ready`, which it does after it listens, until the block ends."""
    with subprocess.Popen(command, cwd=folder, env=around, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if ready in line:
                    break
            else:
                raise AssertionError("".join(said))
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
