"""What joining a domain left on this machine: sssd's settings, Samba's, the keytab; what Windows says of itself.

Elsewhere ``client.toml`` tells.

Reads only. A file that is not there says nothing; one that this user may not read is an error, not a departure.
"""

from __future__ import annotations

import sys
from pathlib import Path

from muster.base.errors import Code, Refused
from muster.client.core.membership import (
    PRIVATE_FOLDER,
    WINDOWS,
    DirectorySettings,
    Membership,
    machine_principal,
    samba_words,
    set_by_people,
    told_by_samba,
    told_by_sssd,
    told_by_windows,
)
from muster.platform.ldap.directory_process import DirectoryProcess
from muster.platform.ldap.port import Directories, Kerberos, Local, Login, Password

MAX_FILE_BYTES = 16 * 1024 * 1024
SECRETS = "secrets.tdb"


class DomainMember:
    """`Domain` by the files of this machine."""

    def __init__(self, settings: DirectorySettings, home: Path) -> None:
        self._settings = settings
        self._home = home
        self.directories: Directories = DirectoryProcess()

    def membership(self) -> Membership | None:
        """See `Domain`."""
        return set_by_people(self._settings) or self._of_system()

    def login(self, membership: Membership) -> Login:
        """See `Domain`."""
        if membership.user:
            return Password(membership.user, _read(self._home / membership.password_file).decode().strip())
        if membership.servers and all(url.lower().startswith("ldapi:") for url in membership.servers):
            return Local()
        if membership.source == WINDOWS:
            # Whoever asks is the machine's account itself: the service runs as the system, and Windows has its tickets.
            return Kerberos()
        keytab = self._home / membership.keytab
        principal = membership.principal or machine_principal(_read(keytab), membership.realm)
        if not principal:
            raise Refused(
                Code.DIRECTORY_REFUSED,
                f"{keytab} holds no key of this machine",
                "Join the domain again, with a keytab: realm join, or net ads join and net ads keytab create.",
            )
        return Kerberos(principal, str(keytab))

    def _of_system(self) -> Membership | None:
        if sys.platform == "win32":
            from muster.client.adapters.windows_role import primary_domain

            return told_by_windows(*primary_domain())
        else:  # noqa: RET505 - mypy looks at one system at a time
            return self._of_sssd() or self._of_samba()

    def _of_sssd(self) -> Membership | None:
        folder = Path(self._settings.sssd)
        paths = [folder / "sssd.conf", *sorted(_listed(folder / "conf.d"))]
        texts = [_read(path).decode(errors="replace") for path in paths]
        return told_by_sssd(texts) if any(texts) else None

    def _of_samba(self) -> Membership | None:
        words = samba_words(_read(Path(self._settings.samba)).decode(errors="replace"))
        if words.get("security", "").lower() != "ads":
            return None
        return told_by_samba(words, _read(Path(words.get("private dir", PRIVATE_FOLDER)) / SECRETS))


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".conf"]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _closed(folder, error) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise _closed(path, error) from error


def _closed(path: Path, error: OSError) -> Refused:
    reason = (error.strerror or type(error).__name__).lower()
    return Refused(
        Code.DIRECTORY_REFUSED,
        f"the domain of this machine is not known: {path} cannot be read: {reason}",
        "Let the licensing service do it (muster client serve), or run as root.",
    )
