"""The container files: linted by hadolint and by Compose's own schema, and what they name is there. Nothing is run here."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from muster.cli import run as run_muster
from tests.packaging.conftest import ROOT
from tests.worlds.parts import part

FOLDER = ROOT / "packaging" / "container"
FILES = sorted(FOLDER.glob("Containerfile.*"))
COMPOSE = FOLDER / "compose.yaml"
LINTED_ON = ("linux", "x86_64")


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


@pytest.mark.skipif((sys.platform, platform.machine()) != LINTED_ON, reason="the linter's wheels are for x86_64 Linux")
def test_a_linter_finds_nothing_in_the_container_files(tmp_path: Path) -> None:
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or part("hadolint")
    told = subprocess.run([hadolint, *FILES], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")
    careless = tmp_path / "Containerfile"
    careless.write_text(FILES[0].read_text().replace("USER 10001:10001", "USER root").replace("# hadolint", "#"))
    told = subprocess.run([hadolint, careless], capture_output=True, text=True, check=False)
    assert {"DL3002", "DL3008"} <= set(re.findall(r"DL\d+", told.stdout))


def test_the_composition_is_what_compose_takes(tmp_path: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "--no-cache"]
    careless = tmp_path / "compose.yaml"
    careless.write_text(COMPOSE.read_text().replace("read_only: true", "read_only: [true]"))
    told = subprocess.run([*check, COMPOSE, careless], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert str(careless) in told.stdout
    assert str(COMPOSE) not in told.stdout


def test_every_service_is_hardened_healthy_before_others_lean_on_it_and_keeps_its_secrets_in_files() -> None:
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["volumes"], name
        assert not re.search(r"PASS\w*[:=] *(?!/run/secrets/)\S", yaml.safe_dump(service.get("environment", {}))), name
        for need in service.get("depends_on", {}).values():
            assert need == {"condition": "service_healthy"}
    assert "healthcheck" in services()["database"]
    named = {secret for service in services().values() for secret in service["secrets"]}
    assert named == set(yaml.safe_load(COMPOSE.read_text())["secrets"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.suffix[1:])
def test_an_image_has_a_user_a_health_check_and_a_command_that_exists(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = file.read_text()
    assert re.search(r"^FROM debian:12-slim$", text, re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    words = [re.findall(r'"([^"]+)"', line) for line in re.findall(r"^(?:ENTRYPOINT|CMD) (.+)$", text, re.MULTILINE)]
    (program, *arguments), (command, *_) = words
    assert program == "/usr/bin/muster"
    assert run_muster([*arguments, command, "--help"]) == 0
    assert "Usage: muster" in capsys.readouterr().out
