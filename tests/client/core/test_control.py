"""Requests and answers of the control protocol, from honest and other hands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.base.errors import Code, Malformed, Misconfigured, MusterError, Refused, Unreachable, Untrusted
from muster.client.core.control import (
    MAX_WORDS,
    OPERATIONS,
    Kind,
    Request,
    decode_answer,
    decode_request,
    encode_answer,
    encode_failure,
    encode_request,
    make_request,
    read_error,
)

VALUES = {
    Kind.WORDS: st.text(max_size=40),
    Kind.FILE: st.text(max_size=200),
    Kind.FLAG: st.booleans(),
    Kind.NUMBER: st.integers(0, 1000),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.data(), st.sampled_from(sorted(OPERATIONS)))
def test_what_is_asked_arrives(data: st.DataObject, name: str) -> None:
    operation = OPERATIONS[name]
    parameters = {
        p: data.draw(VALUES[k] if p in operation.required else st.none() | VALUES[k])
        for p, k in operation.parameters.items()
    }
    request = make_request(name, parameters)
    assert decode_request(encode_request(request)) == request
    assert request.parameters == parameters


@given(
    JSON
    | st.fixed_dictionaries(
        {"version": st.just(1) | JSON, "operation": st.sampled_from(sorted(OPERATIONS)) | JSON, "parameters": JSON}
    )
)
def test_anything_else_is_refused_by_code(plain: Any) -> None:
    code, request = outcome(json.dumps(plain).encode())
    if request is None:
        assert code in {Code.MESSAGE_MALFORMED, Code.VERSION_NOT_SUPPORTED, Code.USAGE}
    else:
        assert plain["operation"] == request.name
        assert set(plain.get("parameters", {})) <= set(request.parameters)


def outcome(body: bytes) -> tuple[Code | None, Request | None]:
    try:
        return None, decode_request(body)
    except MusterError as error:
        return error.code, None


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("reboot", {}, "reboot"),
        ("status", {"user": "root"}, "user"),
        ("status", {"edition": 7}, "edition"),
        ("log", {"last": True}, "last"),
        ("log", {"last": -1}, "last"),
        ("set-caching", {"on": "yes"}, "on"),
        ("set-host", {}, "hosts"),
        ("install-key", {"key": None}, "key"),
        ("set-type", {"way": "x" * (MAX_WORDS + 1)}, "way"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        make_request(name, parameters)
    assert refused.value.code is Code.USAGE
    assert named in refused.value.message


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[1]", b"[" * 100_000, b'{"version": 1, "operation": "status", "user": 0}']
)
def test_what_is_no_request_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode_request(body)


def test_another_version_is_told_which_is_spoken() -> None:
    for version in ("2", "true", "null"):
        with pytest.raises(Refused) as refused:
            decode_request(b'{"version": %s, "operation": "status"}' % version.encode())
        assert refused.value.code is Code.VERSION_NOT_SUPPORTED


@pytest.mark.parametrize("kind", [Refused, Misconfigured, Unreachable, Untrusted])
def test_a_failure_arrives_with_code_words_and_exit_code(kind: type[MusterError]) -> None:
    error = kind(Code.NO_KEY, "none here", "install one")
    with pytest.raises(kind) as told:
        decode_answer(encode_failure(error))
    assert (told.value.code, told.value.message, told.value.hint) == (error.code, error.message, error.hint)


def test_an_answer_arrives_and_what_is_none_is_malformed() -> None:
    assert decode_answer(encode_answer({"editions": [], "name": "Ä"})) == {"editions": [], "name": "Ä"}
    for body in (b"{}", b'{"version": 2, "answer": {}}', b'{"version": 1, "answer": 7}', b"rubbish"):
        with pytest.raises(Malformed):
            decode_answer(body)


@pytest.mark.parametrize("plain", [None, [], {"number": "x", "exit": "y"}, {"number": 250, "exit": 99}])
def test_an_error_of_a_stranger_is_internal(plain: Any) -> None:
    assert read_error(plain).code is Code.INTERNAL


def test_what_is_reserved_for_administrators_is_told_only_when_it_was_given() -> None:
    assert make_request("activate", {"service": "https://vendor.example"}).reserved == ("service",)
    assert make_request("activate", {"edition": "acme-cad-pro", "service": None}).reserved == ()
