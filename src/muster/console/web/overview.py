"""The first page: states, what expires in the next 180 days, and every host's count against its threshold."""

from __future__ import annotations

from datetime import date, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.console.ports import Books
from muster.console.service.access import ACT, READ
from muster.console.web.listing import exactly
from muster.console.web.site import Site
from muster.platform.pages.charts import Bar, bars, rows

DAYS = 180
WEEK = 7
MAX_HOSTS = 40
STATES = ("LICENSED", "INITIAL_GRACE", "RENEWAL_GRACE", "NOTIFICATION", "UNLICENSED", "")
_STYLES = {"LICENSED": "bar-good", "NOTIFICATION": "bar-bad", "UNLICENSED": "bar-bad", "": "bar-none"}
_NAMES = {"": "not known"}


def overview(site: Site) -> APIRouter:
    """The router of ``/overview``."""
    router = site.router()

    @router.get("/overview")
    def show(request: Request) -> Response:
        who, now = site.who(request, READ), site.console.clock.now()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)

        def work(books: Books) -> tuple[list[tuple[str, int]], dict[date, int], list[tuple[str, str, int, int, int]]]:
            states, found = books.states(), books.hosts()
            hosts = [(h.host, h.edition, h.count or 0, h.threshold or 0, h.machines) for h in found]
            return (
                [(state, states[state]) for state in STATES if states.get(state)],
                books.expiries(today, today + timedelta(days=DAYS)),
                hosts,
            )

        states, days, hosts = site.console.store.run(work)
        last = today.date() + timedelta(days=DAYS - 1)
        return site.show(
            request,
            who,
            "overview.html",
            states=[(_name(state), number, f"state={state}") for state, number in states],
            states_chart=rows([Bar(_name(s), n, style=_STYLES.get(s, "bar-warn")) for s, n in states], _told(states)),
            expiry_chart=bars(days, today.date(), last, "Licences that expire"),
            expire=sum(days.values()),
            may_act=who.may(ACT),
            weeks=_weeks(days, today.date()),
            hosts=[(*host, exactly("host", host[0])) for host in hosts[:MAX_HOSTS]],
            more_hosts=max(0, len(hosts) - MAX_HOSTS),
            hosts_chart=rows([_host(*host) for host in hosts[:MAX_HOSTS]], "Count against threshold of each host"),
            total=sum(number for _, number in states),
            licensed=dict(states).get("LICENSED", 0),
            trouble=dict(states).get("NOTIFICATION", 0) + dict(states).get("UNLICENSED", 0),
            soon=sum(number for day, number in days.items() if day < today.date() + timedelta(days=30)),
        )

    return router


def _name(state: str) -> str:
    return _NAMES.get(state, state.lower().replace("_", " "))


def _told(states: list[tuple[str, int]]) -> str:
    return "States: " + (", ".join(f"{number:,} {_name(state)}" for state, number in states) or "none")


def _host(host: str, edition: str, count: int, threshold: int, machines: int) -> Bar:
    del machines
    style = "bar-good" if count >= threshold else "bar-bad"
    return Bar(host, count, threshold, style, f"{count:,} of {threshold:,}, {edition}")


def _weeks(days: dict[date, int], first: date) -> list[tuple[date, date, int]]:
    """What expires in each week, for those who read numbers."""
    found = []
    for at in range(0, DAYS, WEEK):
        begin, end = first + timedelta(days=at), first + timedelta(days=min(at + WEEK, DAYS) - 1)
        found.append((begin, end, sum(number for day, number in days.items() if begin <= day <= end)))
    return found
