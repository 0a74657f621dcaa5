"""Posting to a real receiver over TLS, and everything that is not asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.base.errors import Code, MusterError
from muster.vendor.adapters.https_post import HttpsPost, is_outside
from tests.worlds.webhook_receiver import Receiver, receiving

BODY = b'{"type":"webhook.test"}'


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver:
        yield receiver


def refused(post: HttpsPost, address: str) -> Code:
    with pytest.raises(MusterError) as error:
        post(address, {}, BODY)
    return error.value.code


def test_a_body_arrives_with_its_headers_and_the_name_of_the_receiver(receiver: Receiver) -> None:
    post = HttpsPost(inside=True, tls=receiver.tls)
    assert post(receiver.address, {"webhook-id": "msg_1"}, BODY) == 200
    assert receiver.told == [{"type": "webhook.test"}]
    assert receiver.headers[0]["webhook-id"] == "msg_1"
    assert receiver.headers[0]["host"] == receiver.address.split("/")[2]


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, receiver.address
    assert HttpsPost(inside=True, tls=receiver.tls)(receiver.address, {}, BODY) == 307
    assert len(receiver.told) == 1


def test_an_address_inside_is_not_asked_unless_that_is_meant(receiver: Receiver) -> None:
    assert refused(HttpsPost(tls=receiver.tls), receiver.address) is Code.NOT_ALLOWED
    assert receiver.told == []


def test_a_receiver_without_a_good_certificate_is_told_nothing(receiver: Receiver) -> None:
    assert refused(HttpsPost(inside=True), receiver.address) is Code.SERVICE_UNTRUSTED
    other = receiver.address.replace("localhost", "127.0.0.1")
    assert refused(HttpsPost(inside=True, tls=receiver.tls), other) is Code.SERVICE_UNTRUSTED
    assert receiver.told == []


def test_silence_ends_at_the_deadline_and_a_closed_port_at_once(receiver: Receiver) -> None:
    receiver.silent = True
    assert refused(HttpsPost(inside=True, tls=receiver.tls, deadline=0.5), receiver.address) is Code.SERVICE_UNREACHABLE
    assert refused(HttpsPost(inside=True), "https://127.0.0.1:1/") is Code.SERVICE_UNREACHABLE


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"),
        *("224.0.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "2001:0:1::", "nonsense"),
    ],
)
def test_addresses_inside_are_known(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14"])
def test_addresses_outside_are_known(address: str) -> None:
    assert is_outside(address)
