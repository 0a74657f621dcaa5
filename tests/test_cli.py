from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from muster import __version__
from muster.cli import PROGRAMS, Program, run
from muster.platform.missing_parts import DEBIAN_PACKAGE, INSTALLING, remedy
from tools.debian import LIBRARY

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = {"sample": Program("tests.worlds.sample_program", "does everything", "host")}
Output = pytest.CaptureFixture[str]


def test_help_lists_every_program_with_one_line(capsys: Output) -> None:
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, program in PROGRAMS.items():
        assert sum(line.split()[:1] == [name] and program.summary in line for line in lines) == 1


def test_no_words_at_all_show_the_help_and_count_as_bad_usage(capsys: Output) -> None:
    assert run([]) == 2
    assert "usage: muster PROGRAM" in capsys.readouterr().out


def test_version_is_one_line(capsys: Output) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"muster {__version__}\n"


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_overview_and_version_import_no_program_and_no_typer(option: str) -> None:
    code = (
        "import sys; from muster.cli import run; code = run([sys.argv[1]]);"
        "bad = {'typer', 'rich', 'cryptography', 'cbor2', 'muster.wire', 'muster.host'};"
        "sys.exit(str(sorted(bad & set(sys.modules))) if bad & set(sys.modules) else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, option],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_that_serve_nobody_import_no_server_no_ssh_and_no_migrations() -> None:
    code = (
        "import sys, muster.vendor.cli, muster.console.cli;"
        "bad = {'fastapi', 'uvicorn', 'starlette', 'jinja2', 'alembic', 'asyncssh', 'httpx2', 'joserfc', 'PIL'};"
        "sys.exit(str(sorted(bad & set(sys.modules))) if bad & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_installed_command_answers() -> None:
    command = Path(sys.executable).with_name("muster")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"muster {__version__}\n")


def test_an_unknown_program_names_the_nearest(capsys: Output) -> None:
    assert run(["hots"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "muster: error: there is no program 'hots'" in err
    assert "muster: hint: did you mean 'muster host'?" in err


def test_a_program_does_its_work_with_its_options(capsys: Output) -> None:
    assert run(["sample", "work", "--number", "7"], SAMPLE) == 0
    assert capsys.readouterr() == ("done 7\n", "")


def test_a_program_may_end_with_its_own_exit_code() -> None:
    assert run(["sample", "answer"], SAMPLE) == 3


def test_program_help_names_the_whole_command(capsys: Output) -> None:
    assert run(["sample", "work", "--help"], SAMPLE) == 0
    assert "muster sample work" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "code"),
    [("refused", 1), ("store", 1), ("misconfigured", 2), ("unreachable", 3), ("untrusted", 4)],
)
def test_every_kind_of_failure_has_its_exit_code(kind: str, code: int) -> None:
    assert run(["sample", "fail", kind], SAMPLE) == code


def test_a_failure_is_an_error_and_a_hint_on_stderr(capsys: Output) -> None:
    run(["sample", "fail", "refused"], SAMPLE)
    out, err = capsys.readouterr()
    assert out == ""
    error, hint = err.splitlines()
    assert error.startswith("muster: error: 4 of 5 machines have asked")
    assert "COUNT_BELOW_THRESHOLD" in error
    assert hint.startswith("muster: hint: ")


def test_with_json_a_failure_is_one_object_on_stdout(capsys: Output) -> None:
    assert run(["sample", "fail", "refused", "--json"], SAMPLE) == 1
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert err == ""
    assert error["code"] == "COUNT_BELOW_THRESHOLD"
    assert error["message"] == "4 of 5 machines have asked"
    assert error["hint"]


def test_json_after_two_hyphens_is_an_argument_and_no_option(capsys: Output) -> None:
    assert run(["sample", "fail", "--", "refused", "--json"], SAMPLE) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["work", "--speed"], "--speed"),
        (["work", "--number", "many"], "'--number'"),
        (["fail"], "'kind'"),
        (["wrok"], "wrok"),
    ],
)
def test_bad_usage_exits_2_and_points_to_the_help(words: list[str], told: str, capsys: Output) -> None:
    assert run(["sample", *words], SAMPLE) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert "muster: hint: see 'muster sample" in err
    assert len(err.splitlines()) == 2


def test_a_program_without_a_command_shows_its_help(capsys: Output) -> None:
    assert run(["sample"], SAMPLE) == 2
    out, err = capsys.readouterr()
    assert "Does its work." in out
    assert "muster: error: a command is missing" in err


def test_what_nobody_expected_is_internal_with_an_incident_and_no_details(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MUSTER_DEBUG", raising=False)
    assert run(["sample", "crash"], SAMPLE) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "INTERNAL" in err
    assert "incident" in err
    assert "42" not in err.replace(err.split("incident ")[1][:8], "")
    assert "Traceback" not in err


def test_two_incidents_have_two_ids(capsys: Output) -> None:
    run(["sample", "crash", "--json"], SAMPLE)
    first = json.loads(capsys.readouterr().out)["error"]
    run(["sample", "crash", "--json"], SAMPLE)
    second = json.loads(capsys.readouterr().out)["error"]
    assert first["code"] == second["code"] == "INTERNAL"
    assert first["message"] != second["message"]


def test_details_are_shown_on_stderr_when_asked_for(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_DEBUG", "1")
    run(["sample", "crash", "--json"], SAMPLE)
    out, err = capsys.readouterr()
    assert "RuntimeError: the secret is 42" in err
    assert "the secret" not in out


def test_giving_up_at_a_question_is_told(capsys: Output) -> None:
    assert run(["sample", "question"], SAMPLE) == 2
    assert "stopped at a question" in capsys.readouterr().err


def test_an_interrupt_exits_130_without_a_word(capsys: Output) -> None:
    assert run(["sample", "interrupted"], SAMPLE) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_part_names_the_extra_that_brings_it(capsys: Output) -> None:
    assert run(["sample", "unequipped"], SAMPLE) == 2
    err = capsys.readouterr().err
    assert "a_part_that_nobody_installed" in err
    assert "pip install 'muster_activation-….whl[host]'" in err


def test_where_debians_package_is_too_small_the_larger_one_is_named() -> None:
    assert "muster_….deb" in remedy("host", DEBIAN_PACKAGE)
    assert "….whl[simulate]" in remedy("simulate", DEBIAN_PACKAGE)
    assert "….whl[host]" in remedy("host", "/opt/muster")
    assert f"/{LIBRARY}" == DEBIAN_PACKAGE


def test_how_missing_parts_come_is_the_way_of_the_page_about_installing_and_no_index() -> None:
    told = remedy("host", "/opt/muster")
    page = (ROOT / INSTALLING).read_text()
    assert INSTALLING in told
    assert "pip install 'muster_activation-….whl[client]'" in page
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in {program.extra for program in PROGRAMS.values()} - {"all"}:
        assert extra in extras
        assert f"`[{extra}]`" in page or f"[{extra}]'`" in page
    asked_of_an_index = re.compile(r"pip install[^\n`]*muster-activation")
    said = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    assert [str(path) for path in said if asked_of_an_index.search(path.read_text())] == []


def test_a_reader_that_goes_away_causes_no_traceback() -> None:
    code = "import sys; from muster.cli import run; sys.exit(run(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert err == b""
