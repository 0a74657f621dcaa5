"""The vendor's service asked over TLS: what answers in its place, who it trusts, what it tells."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Untrusted
from muster.platform.vendor_api import VendorApi, check_service
from muster.trust.humanid import format_confirmation
from tests.worlds.certificates import issue
from tests.worlds.vendor_service import AcmeService, Answer, problem, serving_acme
from tests.worlds.vendor_world import hardware, machine, packed

CONFIRMATION = format_confirmation(b"\x01" + bytes(64))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeService]:
    with serving_acme(tmp_path_factory.mktemp("vendor")) as service:
        yield service


@pytest.fixture
def service(running: AcmeService) -> Iterator[AcmeService]:
    running.asked.clear()
    running.headers.clear()
    yield running
    running.instead = None


def asked(service: AcmeService, api: VendorApi | None = None) -> object:
    """Ask for the confirmation of some machine."""
    installation = packed(machine(service.acme.mak(), hardware(1)))
    return asyncio.run((api or VendorApi(service.url, tls=service.tls)).activate(installation))


def error(service: AcmeService, instead: Callable[[str], Answer] | None = None) -> MusterError:
    service.instead = instead
    with pytest.raises(MusterError) as raised:
        asked(service)
    assert raised.value.hint
    return raised.value


def fixed(body: object, status: int = 200, media: str = "application/json", **headers: str) -> Callable[[str], Answer]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: Answer(status, media, raw, {name.replace("_", "-"): value for name, value in headers.items()})


def limited(wait: str) -> Callable[[str], Answer]:
    return lambda _: problem(Refused(Code.RATE_LIMITED), 429, **{"Retry-After": wait})


@contextmanager
def listening(
    speaks: bytes = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that says one thing, or nothing, to whoever connects; its address, and what it was told."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                peer, _ = server.accept()
                with tls.wrap_socket(peer, server_side=True) if tls else peer as heard:
                    seen.append(heard.recv(4096))
                    heard.sendall(speaks)
                    heard.recv(4096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", seen
        thread.join(5)


NOT_THE_SERVICE = {
    "a page": fixed(b"<html>Log in</html>", media="text/html"),
    "an error page": fixed(b"<html>Bad gateway</html>", 502, "text/html"),
    "a redirect": fixed(b"", 302, Location="https://localhost:1/v1/permanent-activations"),
    "not modified": fixed(b"", 304),
    "no JSON": fixed(b"{"),
    "a list": fixed([]),
    "deep JSON": fixed(b"[" * 60_000),
    "too much": fixed(b" " * 70_000),
    "a compressed answer": fixed(b"\x1f\x8b", Content_Encoding="gzip"),
    "no confirmation": fixed({"remaining": 1}),
    "a number": fixed({"confirmation_id": 7}),
    "a typing error": fixed({"confirmation_id": CONFIRMATION[:-1] + "x"}),
    "a negative rest": fixed({"confirmation_id": CONFIRMATION, "remaining": -1}),
    "a rest of true": fixed({"confirmation_id": CONFIRMATION, "remaining": True}),
    "no day": fixed({"confirmation_id": CONFIRMATION, "expires_at": "tomorrow"}),
    "a problem that is none": fixed(b"[]", 409, "application/problem+json"),
    "another encoding": fixed(b'{"confirmation_id": "\xff"}'),
}


@pytest.mark.parametrize("instead", NOT_THE_SERVICE.values(), ids=NOT_THE_SERVICE.keys())
def test_what_is_not_the_service_is_told_as_that(service: AcmeService, instead: Callable[[str], Answer]) -> None:
    assert error(service, instead).code is Code.SERVICE_UNREACHABLE


def test_nothing_is_followed(service: AcmeService) -> None:
    error(service, fixed(b"", 307, Location=f"{service.url}/v1/elsewhere"))
    assert [path for path, _ in service.asked] == ["/v1/permanent-activations"]


def test_an_answer_may_say_less_and_more_than_it_must(service: AcmeService) -> None:
    service.instead = fixed({"confirmation_id": CONFIRMATION, "of_the_future": {}})
    found = asked(service)
    assert getattr(found, "remaining", 0) is None


def test_a_refusal_keeps_its_code_and_loses_what_moves_a_cursor(service: AcmeService) -> None:
    told = error(service, lambda _: problem(Refused(Code.KEY_BLOCKED, "no\x1b[2J", "ask\nus"), 409))
    assert told.code is Code.KEY_BLOCKED
    assert (told.message + told.hint).isprintable()


def test_a_limit_tells_when_to_ask_again(service: AcmeService) -> None:
    assert "in 90 seconds" in error(service, limited("90")).message
    for wait in ("soon", "-1", "9" * 400):
        assert error(service, limited(wait)).code is Code.RATE_LIMITED


def test_the_service_cannot_speak_of_things_that_are_not_its_own(service: AcmeService) -> None:
    for code in (Code.CLOCK_SUSPECT, Code.STATE_CORRUPT, Code.NOT_ADMINISTRATOR):
        assert error(service, lambda _, c=code: problem(Refused(c), 409)).code is Code.INTERNAL  # type: ignore[misc]
    for number in ("7", 7.0, 9999, None, True):
        instead = fixed({"number": number, "detail": 3}, 409, "application/problem+json")
        assert error(service, instead).code is Code.INTERNAL


def test_only_what_is_needed_travels(service: AcmeService) -> None:
    asked(service)
    ((path, body),) = service.asked
    assert (path, sorted(json.loads(body))) == ("/v1/permanent-activations", ["installation_id"])
    assert not {"cookie", "authorization", "referer"} & service.headers[0].keys()
    assert service.headers[0]["user-agent"].startswith("muster/")


def test_nothing_is_logged_that_was_sent(service: AcmeService, caplog: pytest.LogCaptureFixture) -> None:
    key = service.acme.mak()
    with caplog.at_level(0):
        asyncio.run(VendorApi(service.url, tls=service.tls).remaining(key.formatted))
    assert key.formatted not in caplog.text


def test_an_unknown_authority_is_not_believed(service: AcmeService, tmp_path: Path) -> None:
    strangers = ssl.create_default_context(cafile=issue(tmp_path, "localhost").authority)
    for api in (VendorApi(service.url, tls=strangers), VendorApi(service.url)):
        with pytest.raises(Untrusted) as raised:
            asked(service, api)
        assert raised.value.code is Code.SERVICE_UNTRUSTED
    assert service.asked == []


def test_a_machine_that_trusts_the_authority_of_its_system_reaches_it(
    service: AcmeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(service.authority))
    assert asked(service, VendorApi(service.url))


def test_the_systems_proxy_is_used_and_may_say_no(service: AcmeService, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (address, seen):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert error(service).code is Code.SERVICE_UNREACHABLE
    assert seen[0].startswith(b"CONNECT localhost:")


def test_a_service_that_stays_silent_is_given_up_at_one_deadline(service: AcmeService) -> None:
    with listening(speaks=b"") as (address, _), pytest.raises(MusterError) as raised:
        asked(service, VendorApi(f"https://{address}", tls=service.tls, deadline=0.2))
    assert raised.value.code is Code.SERVICE_UNREACHABLE


def test_an_answer_that_trickles_is_given_up_at_the_same_deadline(service: AcmeService) -> None:
    service.instead = fixed({}, Content_Length="9")
    with pytest.raises(MusterError, match=r"within 0\.5 seconds") as raised:
        asked(service, VendorApi(service.url, tls=service.tls, deadline=0.5))
    assert raised.value.code is Code.SERVICE_UNREACHABLE


def test_a_server_without_tls_is_not_the_service(service: AcmeService) -> None:
    with listening() as (address, _), pytest.raises(MusterError) as raised:
        asked(service, VendorApi(f"https://{address}", tls=service.tls))
    assert raised.value.code is Code.SERVICE_UNREACHABLE


@pytest.mark.parametrize(
    "address",
    [
        "",
        "activation.acme.example",
        "ftp://acme.example",
        "http://acme.example",
        "https://",
        "https://name:secret@acme.example",
        "https://acme.example/?key=1",
        "https://acme.example:port",
        "https://acme.example/\x1b",
        "https://[::1",
        "https://" + "a" * 300,
    ],
)
def test_what_is_no_address_of_a_service_is_refused_without_showing_secrets(address: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        check_service(address)
    assert refused.value.code is Code.SETTINGS_INVALID
    assert "secret" not in refused.value.message


def test_addresses_with_a_path_and_of_loopback_are_taken() -> None:
    assert check_service(" https://acme.example:8443/activation/ ") == "https://acme.example:8443/activation"
    for address in ("http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"):
        assert check_service(address) == address


def test_only_installation_ids_are_sent(service: AcmeService) -> None:
    with pytest.raises(Malformed):
        asyncio.run(VendorApi(service.url, tls=service.tls).activate(b"anything"))
    assert service.asked == []


def test_a_certificate_for_another_name_is_not_believed(service: AcmeService, tmp_path: Path) -> None:
    paper = issue(tmp_path, "another.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper.certificate, paper.key)
    trusting = ssl.create_default_context(cafile=paper.authority)
    with listening(tls=context) as (address, _), pytest.raises(Untrusted) as raised:
        asked(service, VendorApi(f"https://{address}", tls=trusting))
    assert raised.value.code is Code.SERVICE_UNTRUSTED
