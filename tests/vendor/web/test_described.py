"""Everything that /openapi.json allows, and much that it does not, asked by schemathesis: no answer that it does not announce."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from muster.platform.accounts.memory import MemoryAccounts
from muster.vendor.service.access import ROLES, vendor_accounts
from muster.vendor.web.limits import Limits, Pace
from muster.vendor.web.serving import create_app
from tests.worlds.effort import LIGHT
from tests.worlds.vendor_world import Acme

EXAMPLES = 6
WIDE = Pace(10_000_000, timedelta(microseconds=1))
TOO_LARGE, SERVER_ERROR = 413, 500

# No schema can say that check digits are right, that a number is one that was issued, or that a day is to come.
EXCLUDED = [positive_data_acceptance]


@schemathesis.serializer("application/toml")
def toml(_context: object, value: object) -> bytes:
    """A product definition travels as text; schemathesis knows no such media type."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[schemathesis.BaseSchema, str]]:
    """The service's description, and a token that may do everything."""
    with closing(Acme(tmp_path_factory.mktemp("acme"))) as acme:
        accounts = vendor_accounts(acme.vendor, MemoryAccounts(), LIGHT)
        accounts.add("setup", "anna", "admin", password="a password of some length")
        token = accounts.issue_token("setup", "all", "anna", ROLES["admin"], 30)
        acme.mak()
        acme.host_key()
        app = create_app(acme.vendor, accounts, Limits(acme.clock, WIDE, WIDE))
        yield schemathesis.openapi.from_asgi("/openapi.json", app), token


def ask_all(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, token: str, statuses: Counter[int]
) -> Exception | None:
    """Ask one operation in many ways; what was wrong with the answers."""
    headers = {"authorization": f"Bearer {token}"} if "/admin/" in operation.path else {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers=headers)
        statuses[answer.status_code] += 1
        # It does not count "too large" among refusals. Parameters of a query that are not known are ignored, and the
        # token is sent whatever it makes of that header.
        is_excused = answer.status_code == TOO_LARGE or "/admin/" in operation.path
        excluded = [*EXCLUDED, negative_data_rejection] if is_excused else EXCLUDED
        case.validate_response(answer, excluded_checks=excluded, headers=headers)

    try:
        ask()
    except Unsatisfiable:  # nothing that is forbidden can be asked of a request without parameters
        assert mode is GenerationMode.NEGATIVE
    except Exception as error:  # noqa: BLE001 - told together, so that one run shows every failure
        return error
    return None


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as allowed", "as forbidden"])
def test_no_answer_surprises(described: tuple[schemathesis.BaseSchema, str], mode: GenerationMode) -> None:
    schema, token = described
    statuses: Counter[int] = Counter()
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > EXAMPLES
    failures = {one.label: error for one in operations if (error := ask_all(one, mode, token, statuses))}
    assert not failures, "\n\n".join(f"{label}: {error}" for label, error in failures.items())
    assert sum(statuses.values()) > EXAMPLES * len(operations) / 4
    assert not [status for status in statuses if status >= SERVER_ERROR]
