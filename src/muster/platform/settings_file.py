"""A program's settings file as its ``config`` commands see it; and checks of what settings name: files, databases.

Reads only. What is found wrong is a `SettingMistake`; `muster.base.config` adds file and line.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from muster.base.config import Examined, examine, example
from muster.base.errors import MusterError, SettingMistake

Settings = TypeVar("Settings")
_BY_OTHERS = stat.S_IRWXO
_KEYTAB_MAGIC = b"\x05\x02"
_PEM = b"CERTIFICATE-----"
MAX_CERTIFICATE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SettingsFile(Generic[Settings]):
    """``PROGRAM.toml``. `further` gives what is wrong with what settings name, seen from a folder and an environment."""

    settings: type[Settings]
    program: str
    prefix: str
    further: Callable[[Settings, Path, Mapping[str, str]], Iterable[SettingMistake]]

    @property
    def name(self) -> str:
        """The file in a home."""
        return f"{self.program}.toml"

    def example(self) -> str:
        """The file with every setting at its default, commented out."""
        return example(self.settings, self.program, self.prefix)

    def examine(self, path: Path, environment: Mapping[str, str]) -> Examined[Settings]:
        """All that is wrong with the file at `path`, in the folder of which relative names are looked for."""
        return examine(
            self.settings,
            path,
            environment=environment,
            prefix=self.prefix,
            further=lambda made: self.further(made, path.parent, environment),
        )


def found_by(key: str, look: Callable[[], object]) -> Iterator[SettingMistake]:
    """What `look` refuses, as the mistake of `key`."""
    try:
        look()
    except SettingMistake as error:
        yield error
    except MusterError as error:
        yield SettingMistake(key, error.message, error.hint)


def file_mistakes(key: str, path: Path, remedy: str, *, is_secret: bool = False) -> Iterator[SettingMistake]:
    """Whether a file that a setting names can be read, and a secret one by nobody else."""
    try:
        found = path.stat()
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except FileNotFoundError:
        yield SettingMistake(key, f"there is no file {path}", remedy)
        return
    except IsADirectoryError:
        yield SettingMistake(key, f"{path} is a folder", "name the file in it")
        return
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        yield SettingMistake(key, f"{path} cannot be read: {reason}", "let the account of the service read it")
        return
    if is_empty:
        yield SettingMistake(key, f"{path} is empty", remedy)
    if is_secret and os.name == "posix" and found.st_mode & _BY_OTHERS:
        yield SettingMistake(key, f"every account of this machine may use {path}", f"chmod o= {path}")


def keytab_mistakes(key: str, path: Path) -> Iterator[SettingMistake]:
    """Whether a keytab can be read, is one, and is nobody else's to read."""
    wrong = list(file_mistakes(key, path, "export it in the domain, or let joining make it", is_secret=True))
    yield from wrong
    if not wrong:
        with path.open("rb") as file:
            if file.read(len(_KEYTAB_MAGIC)) != _KEYTAB_MAGIC:
                yield SettingMistake(key, f"{path} is no keytab", "klist -kt FILE shows what is in one")


def certificate_mistakes(key: str, path: Path) -> Iterator[SettingMistake]:
    """Whether a file of authorities' certificates can be read, and holds one."""
    wrong = list(file_mistakes(key, path, "name the file with the authority's certificate"))
    yield from wrong
    if not wrong:
        with path.open("rb") as file:
            if _PEM not in file.read(MAX_CERTIFICATE_BYTES):
                remedy = "convert it: openssl x509 -inform DER -in FILE -out FILE.pem"
                yield SettingMistake(key, f"{path} holds no certificate in PEM, which begins with -----BEGIN", remedy)


def database_mistakes(key: str, url: str) -> Iterator[SettingMistake]:
    """Whether the address of a PostgreSQL database can be read. Nobody is asked, and it is not shown: it may hold a password."""
    if "://" not in url:
        return
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    remedy = 'write it like "postgresql://USER@SERVER:5432/DATABASE"'
    try:
        words = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://", 1))
    except psycopg.ProgrammingError as error:
        told = str(error).strip().partition('"')[0].strip().rstrip(":")
        yield SettingMistake(key, f"no address of a database ({told})", remedy)
        return
    if not words.get("dbname") and "service" not in words:
        yield SettingMistake(key, "the address names no database", remedy)
    ports = str(words.get("port") or "5432").split(",")
    if not all(port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16 for port in ports):
        yield SettingMistake(key, f"there is no port {','.join(ports)}", remedy)
