"""What is wrong with what ``console.toml`` names: a database, keys for SSH and Kerberos, a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import SettingMistake
from muster.console.core.carriage import SshSettings
from muster.console.core.settings import ConsoleSettings
from muster.platform.settings_file import database_mistakes, file_mistakes

HEAD_BYTES = 4096
_PRIVATE = b"PRIVATE KEY"


def named(settings: ConsoleSettings, home: Path, environment: Mapping[str, str]) -> Iterator[SettingMistake]:
    """What is wrong with what the settings name."""
    del home, environment  # keys are named as the process sees them
    yield from database_mistakes("store", settings.store)
    for number, name in enumerate(settings.ssh.keys):
        yield from _key_mistakes(f"ssh.keys[{number}]", Path(name).expanduser())
    for name in ("keytab", "authority"):
        if file := getattr(settings.directory, name):
            yield from file_mistakes(
                f"directory.{name}", Path(file), "name a file that exists", is_secret=name == "keytab"
            )
    if settings.openid.secret_file:
        path = Path(settings.openid.secret_file)
        yield from file_mistakes("openid.secret_file", path, "write the client's secret into it", is_secret=True)
    if settings.ssh.known_hosts != SshSettings().known_hosts:
        path = Path(settings.ssh.known_hosts).expanduser()
        yield from file_mistakes("ssh.known_hosts", path, "ssh-keyscan makes one; compare what it tells")


def _key_mistakes(key: str, path: Path) -> Iterator[SettingMistake]:
    wrong = list(file_mistakes(key, path, "ssh-keygen -t ed25519 makes one", is_secret=True))
    yield from wrong
    if not wrong:
        with path.open("rb") as file:
            if _PRIVATE not in file.read(HEAD_BYTES):
                yield SettingMistake(key, f"{path} is no private key", "name the file without .pub")
