"""Tasks: what is under way and what was done, with one verdict for each machine."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.base.errors import Code, Misconfigured, Refused
from muster.console.core.verdict import DONE
from muster.console.service.access import ACT, READ
from muster.console.service.inventory import task_page, tasks_of
from muster.console.service.keeping import INSTALL, unsealing
from muster.console.web.operations import OPERATIONS
from muster.console.web.site import Sent, Site
from muster.platform.pages.pages import see_other

NEWEST = 100
SIZE = 100
LOOK_AGAIN_SECONDS = 3
MAX_MARK = 253


def tasks(site: Site) -> APIRouter:
    """The router of ``/tasks``."""
    router = site.router()

    @router.get("/tasks")
    def list_(request: Request) -> Response:
        who = site.who(request, READ)
        found = tasks_of(site.console, NEWEST)
        rows = [(task, _title(task.kind), site.workers.is_running(task.id)) for task in found]
        return site.show(request, who, "tasks.html", rows=rows, most=NEWEST)

    @router.get("/tasks/{number:int}")
    def one(request: Request, number: int) -> Response:
        who, asked = site.who(request, READ), request.query_params
        only_bad, after = asked.get("only") == "bad", asked.get("after", "")[:MAX_MARK].replace("\0", "")
        found = task_page(site.console, number, after, SIZE, only_bad=only_bad)
        is_running = site.workers.is_running(number)
        follow = asked.get("follow") == "yes" and is_running
        answer = site.show(
            request,
            who,
            "task.html",
            task=found.task,
            title=_title(found.task.kind),
            parts=found.parts[:SIZE],
            more=found.parts[SIZE - 1].name.lower() if len(found.parts) > SIZE else "",
            outcomes=[(code, count) for code, count in found.outcomes.items() if code],
            good=found.outcomes.get(DONE, 0),
            total=found.task.waiting + found.task.done,
            is_running=is_running,
            follow=follow,
            failure_text=site.workers.failure(number),
            only_bad=only_bad,
            may_act=who.may(ACT),
            needs_key=found.task.kind == INSTALL,
        )
        if follow:
            answer.headers["refresh"] = str(LOOK_AGAIN_SECONDS)
        return answer

    @router.post("/tasks/{number:int}/{action}")
    def act(request: Request, number: int, action: str, form: Sent) -> Response:
        who = site.form_of(request, form, ACT)
        task = task_page(site.console, number, "", 0, only_bad=False).task
        if action == "stop":
            site.workers.stop(number)
        elif action == "go-on":
            if not task.waiting:
                raise Misconfigured(Code.USAGE, "every machine has its verdict", "Nothing is left to do.")
            console = site.acting(who)
            if task.kind == INSTALL:
                vault = site.keys.open(form.text("passphrase"))
                site.workers.start(console, number, unsealing(console, lambda: vault))
            else:
                site.workers.start(console, number)
        else:
            raise Refused(Code.NOT_FOUND)
        return see_other(f"/tasks/{number}")

    return router


def _title(kind: str) -> str:
    return OPERATIONS[kind].title if kind in OPERATIONS else kind
