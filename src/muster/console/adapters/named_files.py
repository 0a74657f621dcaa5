"""What is wrong with what ``console.toml`` names: a database, keys for SSH and Kerberos, a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import SettingMistake
from muster.console.core.carriage import SshSettings
from muster.console.core.settings import ConsoleSettings
from muster.platform.openid.named_files import openid_mistakes
from muster.platform.settings_file import certificate_mistakes, database_mistakes, file_mistakes, keytab_mistakes

HEAD_BYTES = 4096
_PRIVATE = b"PRIVATE KEY"


def named(
    settings: ConsoleSettings, home: Path, environment: Mapping[str, str], roles: Mapping[str, object]
) -> Iterator[SettingMistake]:
    """What is wrong with what the settings name; `roles` are those that an identity provider may give."""
    del home, environment  # keys are named as the process sees them
    yield from database_mistakes("store", settings.store)
    for number, name in enumerate(settings.ssh.keys):
        yield from _key_mistakes(f"ssh.keys[{number}]", Path(name).expanduser())
    if settings.directory.keytab:
        yield from keytab_mistakes("directory.keytab", Path(settings.directory.keytab))
    if settings.directory.authority:
        yield from certificate_mistakes("directory.authority", Path(settings.directory.authority))
    yield from openid_mistakes(settings.openid, roles)
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
