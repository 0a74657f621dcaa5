"""The quick way of signing gives the very bytes of the plain one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from muster.host.core.sealing import Seal
from muster.trust.chain import sign_answer
from muster.wire.activation import RefusalClaims, ReplyClaims
from muster.wire.sign1 import MAX_CERTIFICATE_BYTES
from tests.worlds.host_world import private

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
KEY = private(5)


@given(
    body=st.binary(max_size=249),
    certificate=st.binary(max_size=MAX_CERTIFICATE_BYTES),
    numbers=st.tuples(U16, U32, U16, U16),
)
def test_replies_are_those_of_the_definition(
    body: bytes, certificate: bytes, numbers: tuple[int, int, int, int]
) -> None:
    seal = Seal(certificate, KEY)
    plain = sign_answer(KEY, body, certificate, ReplyClaims(*numbers))
    assert [seal.reply(body, *numbers) for _ in range(2)] == [plain, plain]


@given(body=st.binary(max_size=249), code=st.integers(0, 255), now=U32, retry=U16)
def test_refusals_are_those_of_the_definition(body: bytes, code: int, now: int, retry: int) -> None:
    claims = RefusalClaims(code, now, retry)
    assert Seal(b"certificate", KEY).refusal(body, claims) == sign_answer(KEY, body, b"certificate", claims)


def test_the_memory_of_payloads_is_bounded() -> None:
    seal = Seal(b"", KEY)
    for count in range(1_000):
        seal.reply(b"", count, 0, 0, 0)
    assert len(seal._payloads) <= 256
