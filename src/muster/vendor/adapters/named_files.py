"""What is wrong with what ``vendor.toml`` names: a database, a secret, roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from muster.base.errors import SettingMistake
from muster.platform.openid.named_files import openid_mistakes
from muster.platform.settings_file import database_mistakes
from muster.vendor.core.settings import VendorSettings


def named(
    settings: VendorSettings, home: Path, environment: Mapping[str, str], roles: Mapping[str, object]
) -> Iterator[SettingMistake]:
    """What is wrong with what the settings of a home name; `roles` are those that an identity provider may give."""
    del home, environment  # the client's secret is named as the process sees it
    yield from database_mistakes("database", settings.database)
    yield from openid_mistakes(settings.openid, roles)
