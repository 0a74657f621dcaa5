"""The name server that finds a domain's directory servers, where the environment names one."""

from __future__ import annotations

import asyncio

import pytest

from muster.base.errors import Code, Misconfigured
from muster.console.directory.app import Where, _name_server, connected


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("", None),
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5300", ("192.0.2.53", 5300)),
        ("::1", ("::1", 53)),
        ("[::1]:5300", ("::1", 5300)),
    ],
)
def test_a_name_server_is_an_address_with_a_port_or_without(text: str, server: tuple[str, int] | None) -> None:
    assert _name_server({"MUSTER_DNS_SERVER": text}) == server


@pytest.mark.parametrize("text", ["ns1", "ns1.corp.example:53", "192.0.2.53:0", "192.0.2.53:dns", "[::1", "::1:99999x"])
def test_a_name_in_its_place_is_told_before_anybody_is_asked(text: str) -> None:
    async def reach() -> None:
        async with connected(Where(domain="corp.example"), {"MUSTER_DNS_SERVER": text}):
            pass

    with pytest.raises(Misconfigured) as told:
        asyncio.run(reach())
    assert told.value.code is Code.SETTINGS_INVALID
    assert "192.0.2.53:53" in told.value.hint
