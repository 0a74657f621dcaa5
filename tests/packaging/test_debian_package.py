"""The Debian packages: what is in them, and what they do when they are really installed, removed and purged."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from hashlib import sha256
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from muster import __version__
from tests.worlds.parts import library, part
from tools.debian import KINDS, PYTHON, build, units
from tools.staging import copy_package, needed, read_wheel

SYSTEM_PYTHON = Path("/usr/bin") / PYTHON
PATIENCE_SECONDS = 120
CLIENT, EVERYTHING = KINDS


@pytest.fixture(scope="module")
def packages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both, by name; as `make deb` makes them, but neither compiled nor compressed, and with fewer of the packages within."""
    part("dpkg-deb")
    folder, few = tmp_path_factory.mktemp("debian"), {"muster-client": (), "muster": ("client",)}
    kinds = [kind._replace(extras=few[kind.name]) for kind in KINDS]
    return {kind.name: build(kind, wheel, folder, compiled=False, compression="none") for kind in kinds}


def told(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(package: Path) -> dict[str, str]:
    """Mode and owner of every file, by its path."""
    rows = (line.split(maxsplit=5) for line in told("dpkg-deb", "--contents", package).splitlines())
    return {row[5].split(" -> ")[0].removeprefix("."): f"{row[0]} {row[1]}" for row in rows}


def test_a_package_says_what_it_needs_and_that_the_two_exclude_each_other(packages: dict[str, Path]) -> None:
    for kind in KINDS:
        fields = told("dpkg-deb", "--field", packages[kind.name])
        assert f"Package: {kind.name}\nVersion: {__version__}-1\n" in fields
        assert re.search(rf"^Depends: .*\b{re.escape(PYTHON)}, libc6 ", fields, re.MULTILINE)
        assert f"Conflicts: {kind.other}\n" in fields
    assert "Provides: muster-client\n" in told("dpkg-deb", "--field", packages[EVERYTHING.name])


def test_a_package_holds_its_programs_units_completions_and_settings(packages: dict[str, Path]) -> None:
    for kind in KINDS:
        files = contents(packages[kind.name])
        settings = {path for path in files if path.startswith("/etc/") and path.endswith(".toml")}
        assert settings == {f"/etc/muster/{program}.toml" for program in kind.programs}
        here = {path.rpartition("/")[2] for path in files if path.startswith("/usr/lib/systemd/system/muster")}
        assert here == set(units(kind))
        assert {"/usr/share/bash-completion/completions/muster", "/usr/share/man/man1/muster.1.gz"} <= set(files)
        assert files["/usr/bin/muster"] == "-rwxr-xr-x root/root"
        assert f"/usr/share/lintian/overrides/{kind.name}" in files
        assert {mode for path, mode in files.items() if path.endswith(".so")} <= {"-rw-r--r-- root/root"}
        assert all(owner.endswith("root/root") for owner in files.values())
        assert not [path for path in files if "/tests/" in path and "/muster/" in path.partition("site-packages")[2]]
    assert "muster-host.service" in units(EVERYTHING)
    assert "/usr/lib/sysusers.d/muster.conf" not in contents(packages[CLIENT.name]), "a machine has no users of ours"
    assert set(units(CLIENT)) == {
        "muster-client.service",
        *(f"muster-client-demand.{x}" for x in ("service", "socket", "timer")),
    }


def test_what_programs_import_is_within(wheel: Path) -> None:
    library("bonsai")
    within = {kind.name: {package.name for package in needed(read_wheel(wheel), kind.extras)} for kind in KINDS}
    assert {"cryptography", "cffi", "dnspython", "httpx2", "typer", "bonsai", "gssapi"} <= within["muster-client"]
    assert within["muster-client"] < within["muster"]
    assert {"SQLAlchemy", "alembic", "fastapi", "psycopg-binary", "uvloop", "asyncssh", "pillow"} <= within["muster"]
    assert not {"SQLAlchemy", "uvicorn", "pillow"} & within["muster-client"]
    assert not {"pytest", "muster-activation"} & within["muster"]


def test_a_file_that_was_changed_since_it_was_installed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "site" / "small-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
    (folder / "RECORD").write_text(
        f"small.py,sha256={base64.urlsafe_b64encode(sha256(b'x').digest()).decode()[:-1]},1\n"
    )
    (tmp_path / "site" / "small.py").write_text("x")
    package = PathDistribution(folder)
    copy_package(package, tmp_path / "copy")
    assert (tmp_path / "copy" / "small.py").read_text() == "x"
    (tmp_path / "site" / "small.py").write_text("y")
    with pytest.raises(SystemExit, match="is not what was installed"):
        copy_package(package, tmp_path / "copy")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
def test_installed_it_runs_removed_it_keeps_state_purged_it_keeps_a_vendors_keys(
    packages: dict[str, Path], tmp_path: Path
) -> None:
    part(str(SYSTEM_PYTHON))
    root = system_of(tmp_path)
    install(root, packages[EVERYTHING.name])
    muster = (root / "usr/lib/muster/bin/python3", "-I", "-B", root / "usr/bin/muster")
    assert told(*muster, "--version") == f"muster {__version__}\n"
    assert told(*muster, "client", "--home", root / "var/lib/muster/client", "status").startswith(
        "nothing is installed"
    )
    where = told(*muster[:3], "-c", "import muster, dns; print(muster.__file__, dns.__file__)").split()
    assert all(path.startswith(str(root)) for path in where)
    users = {line.split(":")[0]: int(line.split(":")[2]) for line in (root / "etc/passwd").read_text().splitlines()}
    for program in ("host", "vendor", "console"):
        home = root / "var/lib/muster" / program
        assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (users[f"muster-{program}"], 0o700)
        assert (home / f"{program}.toml").readlink() == Path(f"/etc/muster/{program}.toml")
    (root / "etc/muster/host.toml").write_text('renewal = "1d"\n')
    for program in ("client", "host", "vendor"):
        (root / "var/lib/muster" / program / "kept").touch()
    dpkg(root, "--remove", "muster")
    assert not (root / "usr/bin/muster").exists()
    assert not (root / "usr/lib/muster").exists()
    assert (root / "etc/muster/host.toml").read_text() == 'renewal = "1d"\n'
    assert (root / "var/lib/muster/host/kept").exists()
    told_last = dpkg(root, "--purge", "muster")
    assert not (root / "etc/muster").exists()
    assert sorted(path.name for path in (root / "var/lib/muster").rglob("*")) == ["kept", "vendor"]
    assert "vendor's keys" in told_last


def system_of(folder: Path) -> Path:
    """A root folder of another system, with nothing installed."""
    root = folder / "root"
    for name in ("etc", "var/lib/dpkg/updates", "var/lib/dpkg/info", "var/log", "usr"):
        (root / name).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    return root


def install(root: Path, package: Path) -> None:
    """Its dependencies are the system's around it."""
    dpkg(root, "--force-depends", "--install", str(package))


def dpkg(root: Path, *words: str) -> str:
    """In `root` alone: scripts of packages are told so by DPKG_ROOT (dpkg(1), --force-script-chrootless)."""
    command = [
        part("dpkg"),
        f"--root={root}",
        "--force-script-chrootless",
        "--force-unsafe-io",
        "--no-triggers",
        *words,
    ]
    path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_the_manual_page_has_no_mistake() -> None:
    page = Path(__file__).parents[2] / "packaging" / "debian" / "muster.1"
    done = subprocess.run([part("man"), "--warnings", "-l", page], capture_output=True, text=True, check=True)
    assert (done.stderr, "volume activation" in done.stdout) == ("", True)
