"""The console's API: what programs with a token read, and what they have done. The pages' services stand behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from muster.base.errors import Code, Malformed, Misconfigured, Refused
from muster.console.core.conditions import MAX_CONDITIONS, parse_conditions
from muster.console.core.target_files import from_file
from muster.console.core.views import View
from muster.console.service.access import ACT, AUDIT, READ, REMOVE
from muster.console.service.deeds import DEPOSIT
from muster.console.service.importing import discover_each, keep_collected, read_collected
from muster.console.service.inventory import Chosen, begin_chosen, chosen_machines, task_page
from muster.console.service.keeping import INSTALL
from muster.console.service.reporting import DAYS, MAX_DAYS, SIGNED, report
from muster.console.web.files import lines_json
from muster.console.web.operations import BUNDLE, FLEET, ONLINE, OPERATIONS, REMOVAL, Operation
from muster.console.web.site import Site
from muster.platform.pages.bearer import Asking, Gate, token_router
from muster.platform.pages.forms import MAX_FORM_BYTES, too_large
from muster.platform.pages.problems import malformed

PREFIX = "/v1"
SCOPES = frozenset({READ, ACT, REMOVE, AUDIT})
"""What tokens open; the other scopes are of people, who know passphrases and passwords."""
MAX_ROWS = 1_000
MAX_TASK_BYTES = 64 * 1024
ASKED = tuple(name for name in OPERATIONS if name not in {INSTALL, BUNDLE, DEPOSIT, FLEET, ONLINE, REMOVAL})
"""Operations that machines are asked without a passphrase and without files."""

Where = Annotated[list[str] | None, Query(max_length=MAX_CONDITIONS, description="Conditions; all of them must hold.")]
Text = Annotated[str, Field(max_length=400)]


class FoundAnswer(BaseModel):
    """Machines that a file named."""

    found: int
    new: int


class RefusedState(BaseModel):
    """What was not understood."""

    machine: str
    problem: str


class StatesAnswer(BaseModel):
    """States that were taken in; how many machines, and what was refused."""

    kept: int
    refused: list[RefusedState]


class NewTask(BaseModel):
    """What machines are asked: those that fit all conditions. `count`: how many that must be, where it is dangerous."""

    operation: Text
    where: Annotated[list[Text], Field(max_length=MAX_CONDITIONS)] = []
    parameters: dict[Text, Text] = {}
    count: int | None = None


class MadeTask(BaseModel):
    """A task that was begun."""

    task: int


class MachineVerdict(BaseModel):
    """A machine's part in a task; `code` is DONE or one of spec/errors.md, None while nothing came."""

    machine: str
    code: str | None
    text: str


class TaskAnswer(BaseModel):
    """A task, and a page of its machines by name; `after` leads to the next page."""

    task: int
    operation: str
    actor: str
    started_at: datetime
    waiting: int
    done: int
    is_running: bool
    outcomes: dict[str, int]
    verdicts: list[MachineVerdict]
    after: str | None


class AuditAnswer(BaseModel):
    """Who did what to what, and when."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


async def body_of(request: Request) -> bytes:
    """The body as it is, read once the token was let in; `Malformed` for one that is too large."""
    return await _read(request, MAX_FORM_BYTES)


async def task_of(request: Request) -> NewTask:
    """The task in a body; `Malformed` for one that is too large or none."""
    body = await _read(request, MAX_TASK_BYTES)
    try:
        return NewTask.model_validate_json(body)
    except ValidationError as error:
        raise malformed(RequestValidationError(error.errors())) from error


async def _read(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise too_large(most)
    return bytes(body)


def _described(media: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """What the API's description says of a body that is read here."""
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}}


Body = Annotated[bytes, Depends(body_of)]
Task = Annotated[NewTask, Depends(task_of)]
_TEXT = {"type": "string"}
_STATES = _described("application/x-ndjson", _TEXT)
_MACHINES = _described("text/plain", _TEXT)
_TASK = _described("application/json", {"$ref": "#/components/schemas/NewTask"})


def programs(site: Site) -> APIRouter:
    """The router of ``/v1``."""
    router, gate = token_router(PREFIX, "console"), Gate(site.visitors.accounts)

    @router.get("/machines", dependencies=gate.needs(READ))
    def machines(where: Where = None, sort: str = "name") -> Response:
        """The inventory: one line for each edition on each machine, as `muster console machines --json` prints it."""
        # Judged before the first line is sent.
        View("-", tuple(where or ()), sort)
        lines = lines_json(site.console, parse_conditions(where or ()), sort)
        return StreamingResponse(lines, media_type="application/json")

    @router.post("/machines", dependencies=gate.needs(REMOVE), openapi_extra=_MACHINES)
    def add(who: Asking, body: Body) -> FoundAnswer:
        """Add the machines that a file names: a list, a table, an inventory of Ansible or of a host."""
        kind, targets = from_file(_text(body))
        each = discover_each(site.acting(who), targets, kind)
        return FoundAnswer(found=len(each), new=sum(is_new for _, is_new in each))

    @router.post("/states", dependencies=gate.needs(ACT), openapi_extra=_STATES)
    def states(who: Asking, body: Body) -> StatesAnswer:
        """Take in what `muster client status --json` printed: lines of {"machine": …, "status": …}."""
        rows = read_collected("", body)
        kept = keep_collected(site.acting(who), rows)
        refused = [RefusedState(machine=row.name, problem=row.problem) for row in rows if row.problem]
        return StatesAnswer(kept=kept, refused=refused)

    @router.get("/reports/{name}", dependencies=gate.needs(READ))
    def made(
        name: Annotated[str, Path(max_length=40)],
        days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = DAYS,
    ) -> dict[str, Any]:
        """A report, as `muster console report --json` prints it."""
        if name == SIGNED:
            raise Refused(Code.NOT_FOUND, "signed reports are merged from files", "Use the page, or the command line.")
        found = report(site.console, name, days=days)
        return {"report": name, "made_at": found.made_at, "rows": found.rows}

    @router.post("/tasks", dependencies=gate.needs(ACT), status_code=201, openapi_extra=_TASK)
    def begin(who: Asking, asked: Task) -> MadeTask:
        """Have machines asked, in the background; the number of the task."""
        chosen = Chosen(parse_conditions(asked.where))
        _check(site, asked, chosen)
        console = site.acting(who)
        task = begin_chosen(console, asked.operation, asked.parameters, chosen)
        site.workers.start(console, task)
        return MadeTask(task=task)

    @router.get("/tasks/{number}", dependencies=gate.needs(READ))
    def task(number: int, after: Annotated[str, Query(max_length=253)] = "") -> TaskAnswer:
        """How far a task is, with up to 1,000 verdicts by name."""
        found = task_page(site.console, number, after.replace("\0", ""), MAX_ROWS, only_bad=False)
        parts = found.parts[:MAX_ROWS]
        return TaskAnswer(
            task=number,
            operation=found.task.kind,
            actor=found.task.actor,
            started_at=found.task.started_at,
            waiting=found.task.waiting,
            done=found.task.done,
            is_running=site.workers.is_running(number),
            outcomes={code: count for code, count in found.outcomes.items() if code},
            verdicts=[
                MachineVerdict(
                    machine=part.name,
                    code=part.verdict.code if part.verdict else None,
                    text=part.verdict.text if part.verdict else "",
                )
                for part in parts
            ],
            after=parts[-1].name.lower() if len(found.parts) > MAX_ROWS else None,
        )

    @router.get("/audit", dependencies=gate.needs(AUDIT))
    def audit(last: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 50) -> list[AuditAnswer]:
        """Who did what, the newest first."""
        rows = site.console.store.run(lambda books: books.audited(last))
        return [
            AuditAnswer(at=row.at, actor=row.actor, action=row.action, subject=row.subject, details=dict(row.details))
            for row in rows
        ]

    return router


def _check(site: Site, asked: NewTask, chosen: Chosen) -> None:
    if asked.operation not in ASKED:
        raise Misconfigured(Code.USAGE, f"no program begins {asked.operation[:40]!r}", f"one of: {', '.join(ASKED)}")
    operation: Operation = OPERATIONS[asked.operation]
    if unknown := set(asked.parameters) - set(operation.asks):
        hint = f"it takes: {', '.join(operation.asks) or 'nothing'}"
        raise Misconfigured(Code.USAGE, f"{asked.operation} takes no {min(unknown)[:40]!r}", hint)
    if operation.warning and asked.count != (number := len(chosen_machines(site.console, chosen))):
        problem = f"{number} machines fit, and count says {asked.count}"
        raise Misconfigured(Code.USAGE, problem, "This is dangerous: say in count how many it must be.")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(Code.MESSAGE_MALFORMED, "the body is no text in UTF-8", "Send it as UTF-8.") from error
