"""Readers of the vectors in spec/vectors/control and spec/vectors/remote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from muster.client.core.control import decode_request, encode_request
from muster.client.core.remote import decode_remote
from muster.client.core.rights import Ownership, Peer, role_of

Given = dict[str, Any]
Found = dict[str, Any]


def request(given: Given) -> Found:
    found = decode_request(given["body"].encode())
    assert decode_request(encode_request(found)) == found
    return {"operation": found.name, "parameters": dict(found.parameters)}


def rights(given: Given) -> Found:
    peer = Peer(given["user"], frozenset(given["groups"]))
    return {"role": str(role_of(peer, Ownership(given["owner"], given["administrators"])))}


def remote(given: Given) -> Found:
    found = decode_remote(given["body"].encode())
    return {"operation": found.name, "parameters": dict(found.parameters)}


READERS: dict[str, Callable[[Given], Found]] = {
    "control_request": request,
    "control_rights": rights,
    "remote_request": remote,
}
