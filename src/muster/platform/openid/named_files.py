"""What is wrong with what ``[openid]`` names: roles, and the file of the client's secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import SettingMistake
from muster.platform.openid.settings import SECRET_FILE, OpenIdSettings, read_secret, role_mistakes
from muster.platform.settings_file import file_mistakes, found_by


def openid_mistakes(settings: OpenIdSettings, known_roles: Mapping[str, object]) -> Iterator[SettingMistake]:
    """Told whether an identity provider is asked already or not. The secret is named as the process sees it."""
    yield from role_mistakes(settings, known_roles)
    if settings.secret_file:
        remedy = "write the client's secret into it"
        wrong = list(file_mistakes(SECRET_FILE, Path(settings.secret_file), remedy, is_secret=True))
        yield from wrong or found_by(SECRET_FILE, lambda: read_secret(settings.secret_file))
