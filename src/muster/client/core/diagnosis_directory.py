"""The steps of a diagnosis that are about the domain: is there one, who answers, what does its directory show.

Pure. No domain, or none of its objects for this edition, is no fault: unless nothing but the directory may activate.
"""

from __future__ import annotations

from collections.abc import Iterator

from muster.base.errors import MusterError
from muster.client.core.choices import ActivationType
from muster.client.core.diagnosis import Facts, Stage, Status, Step, wrong
from muster.client.core.directory import QUIET, Look
from muster.wire.calendar import day_start
from muster.wire.certificate import CertificateClaims

_STAGES = (Stage.DOMAIN, Stage.DIRECTORY_SERVER, Stage.DIRECTORY)


def directory_steps(facts: Facts) -> Iterator[Step]:
    """Domain, directory server, directory."""
    look = facts.look
    if look is None:
        for stage in _STAGES:
            yield Step(stage, Status.NOT_SET_UP, "no directory is asked")
        return
    if look.membership is None:
        yield _failed(facts, Stage.DOMAIN, look.error)
        yield from _not_reached(facts, look, _STAGES[1:])
        return
    yield Step(Stage.DOMAIN, Status.OK, f"{look.membership.name}, by {look.membership.source}")
    if look.found is None:
        yield _failed(facts, Stage.DIRECTORY_SERVER, look.error)
        yield from _not_reached(facts, look, _STAGES[2:])
        return
    yield Step(Stage.DIRECTORY_SERVER, Status.OK, _asked(look))
    if isinstance(facts.choice, CertificateClaims):
        yield Step(Stage.DIRECTORY, Status.OK, _about(facts.choice))
    else:
        yield _failed(facts, Stage.DIRECTORY, facts.choice)


def _asked(look: Look) -> str:
    answered = next((url for url, error in look.trials.items() if error is None), "")
    failed = [url for url, error in look.trials.items() if error is not None]
    return f"{answered} answers" + (f"; not so {', '.join(failed)}" if failed else "")


def _about(claims: CertificateClaims) -> str:
    return f"object {claims.serial}, of organisation {claims.organisation}, to {day_start(claims.end_day):%Y-%m-%d}"


def _failed(facts: Facts, stage: Stage, error: MusterError | None) -> Step:
    if error is None:
        return Step(stage, Status.NOT_REACHED, "")
    # An object that is there and good for nothing was meant to be good for something.
    is_there = facts.look is not None and facts.look.found is not None and bool(facts.look.found.objects)
    if error.code in QUIET and not is_there and not _is_needed(facts):
        return Step(stage, Status.NOT_SET_UP, error.message)
    return wrong(stage, error)


def _is_needed(facts: Facts) -> bool:
    return facts.guidance is not None and facts.guidance.type is ActivationType.DIRECTORY


def _not_reached(facts: Facts, look: Look, stages: tuple[Stage, ...]) -> Iterator[Step]:
    is_quiet = look.error is not None and look.error.code in QUIET and not _is_needed(facts)
    for stage in stages:
        if is_quiet:
            yield Step(stage, Status.NOT_SET_UP, "no directory is asked")
        else:
            yield Step(stage, Status.NOT_REACHED, "")
