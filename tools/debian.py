"""Makes the Debian packages `muster-client`, for machines, and `muster`, for everything: tools/debian.py WHEEL [--out DIR].

Each holds an environment of its own below /usr/lib/muster, filled from the packages that `make setup` and `make parts` installed.
Nothing is fetched. The packages are for the Debian whose Python that is, and for this processor.
"""

from __future__ import annotations

import argparse
import compileall
import gzip
import hashlib
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from muster.platform.completion import SCRIPTS  # noqa: E402 - the path above is what makes tools importable
from tools.staging import clamp_times, copy_package, needed, read_wheel, unpack_wheel  # noqa: E402

PACKAGING = ROOT / "packaging"
MINOR = sys.version_info.minor
PYTHON = f"python3.{MINOR}"
REVISION = 1
LIBRARIES = "libc6 (>= 2.34), libldap-2.5-0, libsasl2-2, libgssapi-krb5-2, libkrb5-3"
"""What the packages within are linked with, by the names of Debian 12."""

LIBRARY = Path("usr/lib/muster")
MAINTAINER = "Muster maintainers <maintainers@muster.example>"
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/muster",
    "zsh": "usr/share/zsh/vendor-completions/_muster",
    "fish": "usr/share/fish/vendor_completions.d/muster.fish",
}


class Kind(NamedTuple):
    """A package: its name, the programs that it can run, the extras that they need, what it is for."""

    name: str
    programs: tuple[str, ...]
    extras: tuple[str, ...]
    summary: str
    other: str


KINDS = (
    Kind("muster-client", ("client",), ("client", "directory"), "volume activation: the machine", "muster"),
    Kind(
        "muster",
        ("client", "host", "vendor", "console"),
        ("client", "host", "vendor", "console", "directory"),
        "volume activation: machine, activation host, vendor, console",
        "muster-client",
    ),
)


def build(kind: Kind, wheel: Path, out: Path, *, compiled: bool = True, compression: str = "xz") -> Path:
    """Make one package in `out`; its file."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or "1577836800")
    version = f"{read_wheel(wheel).version}-{REVISION}"
    with tempfile.TemporaryDirectory(prefix="muster-deb-") as folder:
        root = Path(folder) / kind.name
        _environment(kind, wheel, root, compiled=compiled)
        _system(kind, root)
        _documents(kind, version, epoch, root)
        _control(kind, version, root)
        clamp_times(root, epoch)
        architecture = _told("dpkg", "--print-architecture")
        out.mkdir(parents=True, exist_ok=True)
        file = out / f"{kind.name}_{version}_{architecture}.deb"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", str(root), str(file)],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    return file


def _environment(kind: Kind, wheel: Path, root: Path, *, compiled: bool) -> None:
    """What `python3 -m venv` makes, without what depends on where it was made."""
    site = root / LIBRARY / "lib" / PYTHON / "site-packages"
    (root / LIBRARY / "bin").mkdir(parents=True)
    (root / LIBRARY / "bin" / "python3").symlink_to(f"/usr/bin/{PYTHON}")
    (root / LIBRARY / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    try:
        packages = needed(read_wheel(wheel), kind.extras)
    except PackageNotFoundError as error:
        raise SystemExit(f"debian: {error.name} is not in this environment: make parts") from error
    for package in packages:
        copy_package(package, site)
    unpack_wheel(wheel, site)
    if compiled:
        # Not compared with the source when they are loaded: nothing is ever written below /usr/lib.
        how = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(site, quiet=1, stripdir=str(root), prependdir="/", invalidation_mode=how)


def _system(kind: Kind, root: Path) -> None:
    _copy(PACKAGING / "debian" / "muster", root / "usr/bin/muster", 0o755)
    for unit in units(kind):
        _copy(PACKAGING / "systemd" / unit, root / "usr/lib/systemd/system" / unit)
    for name in ("sysusers.d", "tmpfiles.d"):
        lines = (PACKAGING / name / "muster.conf").read_text().splitlines()
        if ours := [line for line in lines if _concerns(kind, line)]:
            _write(root / "usr/lib" / name / "muster.conf", "".join(f"{line}\n" for line in ours))
    for program in kind.programs:
        _copy(PACKAGING / "etc" / f"{program}.toml", root / "etc/muster" / f"{program}.toml")
    for shell, place in COMPLETIONS.items():
        _write(root / place, SCRIPTS[shell])


def units(kind: Kind) -> list[str]:
    """Names of the units of its programs."""
    every = sorted(path.name for path in (PACKAGING / "systemd").iterdir())
    return [name for name in every if name.removeprefix("muster-").split(".")[0].split("-")[0] in kind.programs]


def _concerns(kind: Kind, line: str) -> bool:
    """Whether a line about users or folders is about one of the programs, or about all."""
    others = {"client", "host", "vendor", "console"} - set(kind.programs)
    return not any(f"muster-{other}" in line or f"/{other}/" in line for other in others)


def _documents(kind: Kind, version: str, epoch: int, root: Path) -> None:
    folder = root / "usr/share/doc" / kind.name
    when = format_datetime(datetime.fromtimestamp(epoch, UTC))
    entry = (
        f"{kind.name} ({version}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- {_maintainer()}  {when}\n"
    )
    _copy(PACKAGING / "debian" / "copyright", folder / "copyright")
    _copy(PACKAGING / "debian" / "lintian-overrides", root / "usr/share/lintian/overrides" / kind.name)
    _pack((ROOT / "CHANGELOG.md").read_bytes(), folder / "changelog.gz")
    _pack(entry.encode(), folder / "changelog.Debian.gz")
    _pack((PACKAGING / "debian" / "muster.1").read_bytes(), root / "usr/share/man/man1/muster.1.gz")


def _control(kind: Kind, version: str, root: Path) -> None:
    control = root / "DEBIAN"
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    kibibytes = sum(-(-path.stat().st_size // 1024) for path in files)
    fields = {
        "Package": kind.name,
        "Version": version,
        "Architecture": _told("dpkg", "--print-architecture"),
        "Maintainer": _maintainer(),
        "Installed-Size": str(kibibytes),
        "Depends": f"python3 (>= 3.{MINOR}), python3 (<< 3.{MINOR + 1}), {PYTHON}, {LIBRARIES}",
        "Recommends": "systemd, libsasl2-modules-gssapi-mit",
        "Provides": "muster-client" if kind.name == "muster" else "",
        "Conflicts": kind.other,
        "Replaces": kind.other,
        "Section": "admin",
        "Priority": "optional",
        "Description": f"{kind.summary}\n Programs: {', '.join(kind.programs)}. No service is started by the package.",
    }
    _write(control / "control", "".join(f"{name}: {text}\n" for name, text in fields.items() if text))
    _write(control / "conffiles", "".join(f"/etc/muster/{program}.toml\n" for program in kind.programs))
    sums = ((hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(), path) for path in files)
    _write(control / "md5sums", "".join(f"{digest}  {path.relative_to(root)}\n" for digest, path in sums))
    for name in ("postinst", "prerm", "postrm"):
        script = (PACKAGING / "debian" / name).read_text().replace("@UNITS@", " ".join(units(kind)))
        _write(control / name, script, 0o755)


def _maintainer() -> str:
    return os.environ.get("MUSTER_DEB_MAINTAINER") or MAINTAINER


def _copy(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _write(target: Path, text: str, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def _pack(data: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(data, mtime=0))


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: list[str]) -> int:
    """Make both packages."""
    parser = argparse.ArgumentParser(description="Makes the Debian packages of Muster.")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    asked = parser.parse_args(arguments)
    if Path(sys.base_prefix) != Path("/usr"):
        print(f"debian: note: made with {sys.base_prefix}, not with Debian's Python, which make deb takes where it is")
    for kind in KINDS:
        print(build(kind, asked.wheel, asked.out))
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
