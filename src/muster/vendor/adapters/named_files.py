"""What is wrong with what ``vendor.toml`` names: a database, a secret, roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import Misconfigured, SettingMistake
from muster.platform.openid import provider_of
from muster.platform.settings_file import database_mistakes, file_mistakes
from muster.vendor.core.settings import VendorSettings


def named(
    settings: VendorSettings, home: Path, environment: Mapping[str, str], roles: Mapping[str, object]
) -> Iterator[SettingMistake]:
    """What is wrong with what the settings of a home name; `roles` are those that an identity provider may give."""
    del home, environment  # the client's secret is named as the process sees it
    yield from database_mistakes("database", settings.database)
    wrong: list[SettingMistake] = []
    if settings.openid.secret_file:
        path = Path(settings.openid.secret_file)
        wrong = list(file_mistakes("openid.secret_file", path, "write the client's secret into it", is_secret=True))
        yield from wrong
    try:
        if not wrong:
            provider_of(settings.openid, roles)
    except Misconfigured as error:
        key, _, problem = error.message.partition(": ")
        yield SettingMistake(key, problem, error.hint)
