"""What wakes a service, by the kernel's notices and by looking: the same suite against both."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from muster.base.clock import SystemClock
from muster.client.adapters.wakes_polling import PollingWakes, ways_out
from muster.client.ports import Wake, Wakes

CLOCK = SystemClock()
NOTICED = frozenset({"client.toml", "products.d", "control"})
PATIENCE_SECONDS = 20.0
LOOK_SECONDS = 0.02
Make = Callable[[Path], Wakes]


def by_kernel(home: Path) -> Wakes:
    from muster.client.adapters.wakes_linux import LinuxWakes

    return LinuxWakes(home, "products.d", NOTICED, CLOCK)


def by_looking(home: Path) -> Wakes:
    return PollingWakes(home, "products.d", NOTICED, CLOCK, LOOK_SECONDS)


@pytest.fixture(params=[by_kernel, by_looking], ids=["kernel", "looking"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param is by_kernel and sys.platform != "linux":
        pytest.skip("timerfd, inotify and netlink are Linux's")
    found: Make = request.param
    return found


def woken(make: Make, home: Path, do: Callable[[Wakes], Awaitable[frozenset[Wake]]]) -> frozenset[Wake]:
    async def run() -> frozenset[Wake]:
        wakes = make(home)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await do(wakes)
        finally:
            wakes.close()

    return asyncio.run(run())


async def after(wakes: Wakes, deed: Callable[[], object], until: datetime | None = None) -> frozenset[Wake]:
    """What it wakes for when something is done while it sleeps."""
    sleeping = asyncio.create_task(wakes.next(until))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    deed()
    return await sleeping


@pytest.mark.parametrize(
    "ahead", [timedelta(milliseconds=30), timedelta(), timedelta(days=-400), timedelta(days=-30_000)]
)
def test_it_wakes_at_the_deadline_and_at_once_for_one_that_is_over(
    make: Make, tmp_path: Path, ahead: timedelta
) -> None:
    until = CLOCK.now() + ahead
    assert woken(make, tmp_path, lambda wakes: wakes.next(until)) == {Wake.DEADLINE}
    assert CLOCK.now() >= until


def test_it_wakes_when_told_also_before_it_sleeps(make: Make, tmp_path: Path) -> None:
    far = CLOCK.now() + timedelta(days=180)
    assert woken(make, tmp_path, lambda wakes: after(wakes, wakes.tell, far)) == {Wake.TOLD}

    async def told_before(wakes: Wakes) -> frozenset[Wake]:
        wakes.tell()
        return await wakes.next(None)

    assert woken(make, tmp_path, told_before) == {Wake.TOLD}


@pytest.mark.parametrize("name", ["client.toml", "products.d/acme.muster", "control"])
def test_it_wakes_when_a_file_that_matters_is_written_replaced_or_removed(
    make: Make, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    beside = tmp_path / "beside"
    beside.write_text("2")
    deeds: list[Callable[[], object]] = [lambda: path.write_text("1"), lambda: beside.replace(path), path.unlink]
    for deed in deeds:
        assert woken(make, tmp_path, lambda wakes, d=deed: after(wakes, d)) == {Wake.FILES}  # type: ignore[misc]


def test_a_folder_that_is_made_later_is_watched_too(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "products.d"

    async def both(wakes: Wakes) -> frozenset[Wake]:
        assert await after(wakes, folder.mkdir) == {Wake.FILES}
        return await after(wakes, lambda: (folder / "acme.muster").write_text("1"))

    assert woken(make, tmp_path, both) == {Wake.FILES}


def test_other_files_of_the_home_do_not_matter(make: Make, tmp_path: Path) -> None:
    def write() -> None:
        (tmp_path / "events.jsonl").write_text("1")
        (tmp_path / "vendors").mkdir()

    until = CLOCK.now() + timedelta(milliseconds=100)
    assert woken(make, tmp_path, lambda wakes: after(wakes, write, until)) == {Wake.DEADLINE}


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root may make a network of its own")
@pytest.mark.parametrize("how", ["by_kernel", "by_looking"])
@pytest.mark.parametrize("listens", [True, False])
def test_it_wakes_for_another_network_only_when_that_matters(tmp_path: Path, how: str, listens: bool) -> None:
    words = ["unshare", "--net", sys.executable, __file__, str(tmp_path), how, str(int(listens))]
    around = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=around)
    assert done.stdout.strip() == ("network changed" if listens else "deadline"), done.stderr


def test_the_way_out_is_the_address_that_the_network_would_be_left_by() -> None:
    assert len(ways_out()) == 2
    assert ways_out() == ways_out()


async def _in_a_network_of_its_own(wakes: Wakes, listens: bool) -> frozenset[Wake]:
    """An address and a route appear while it sleeps."""
    until = CLOCK.now() + timedelta(seconds=PATIENCE_SECONDS if listens else 0.5)
    sleeping = asyncio.create_task(wakes.next(until, network=listens))
    await asyncio.sleep(0)
    for words in ("link set lo up", "addr add 10.9.8.7/24 dev lo", "route add default via 10.9.8.1 dev lo"):
        process = await asyncio.create_subprocess_exec("ip", *words.split())
        await process.wait()
    return await sleeping


if __name__ == "__main__":
    home, how, listens = sys.argv[1:]
    with suppress(TimeoutError):
        made = {"by_kernel": by_kernel, "by_looking": by_looking}[how]
        print(*woken(made, Path(home), lambda wakes: _in_a_network_of_its_own(wakes, listens == "1")))  # noqa: T201
