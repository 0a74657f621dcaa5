"""The bundle for networks without the Internet: made, signed, verified, installed from, and refused when it was changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from muster import __version__
from tests.packaging.conftest import ROOT
from tests.worlds.parts import part
from tools.offline_bundle import NAMESPACE, bundle, main
from tools.staging import files_of

SIGNER = "releases@muster.example"


def packed_again(name: str, folder: Path) -> Path:
    """The wheel that an installed package came as, with what it consists of."""
    package = distribution(name)
    target = folder / f"{package.name.replace('-', '_')}-{package.version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in files_of(package):
            archive.write(str(package.locate_file(path)), str(path))
    return target


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "release"
    subprocess.run([part("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", SIGNER, "-f", file], check=True)
    return file


@pytest.fixture(scope="module")
def unpacked(wheel: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle with a few wheels, as it lies on a machine after `tar xf`."""
    folder = tmp_path_factory.mktemp("bundle")
    wheels = folder / "wheels"
    wheels.mkdir()
    for name in ("pip", "segno", "typer"):
        packed_again(name, wheels)
    assert main([str(wheel), "--wheels", str(wheels), "--key", str(key), "--out", str(folder)]) == 0
    (made,) = folder.glob("*.tar")
    assert made.name == f"muster-{__version__}-offline.tar"
    with tarfile.open(made) as archive:
        archive.extractall(folder / "here", filter="data")
    return folder / "here" / f"muster-{__version__}"


def verified(bundle_folder: Path, key: Path) -> bool:
    """As packaging/README.md tells to do it."""
    signers = key.with_name("allowed_signers")
    signers.write_text(f'{SIGNER} namespaces="{NAMESPACE}" {key.with_suffix(".pub").read_text()}')
    names = ["-f", str(signers), "-I", SIGNER, "-n", NAMESPACE, "-s", str(bundle_folder / "SHA256SUMS.sig")]
    with (bundle_folder / "SHA256SUMS").open("rb") as sums:
        done = subprocess.run(
            [part("ssh-keygen"), "-Y", "verify", *names], stdin=sums, capture_output=True, check=False
        )
    return done.returncode == 0


def install(bundle_folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(target.parent)}
    # An index that answers nothing: whoever asks one fails.
    environment["PIP_INDEX_URL"] = "http://127.0.0.1:9/"
    return subprocess.run(
        [bundle_folder / "install.sh", target], capture_output=True, text=True, check=False, env=environment
    )


def test_what_is_signed_is_verified_and_a_changed_list_is_not(unpacked: Path, key: Path) -> None:
    assert verified(unpacked, key)
    sums = unpacked / "SHA256SUMS"
    before = sums.read_bytes()
    sums.write_bytes(before.replace(b"a", b"b", 1))
    assert not verified(unpacked, key)
    sums.write_bytes(before)


def works_with_requirements(environment: Path) -> None:
    """What was installed runs, once it finds what else it needs, in the present environment: that names no program of ours."""
    (site,) = environment.glob("lib/*/site-packages")
    (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def told(*command: str | Path) -> str:
        home = {"MUSTER_HOME": str(environment / "home")}
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=environment, env=home).stdout

    where = told(environment / "bin/python", "-c", "import muster; print(muster.__file__)")
    assert where.startswith(str(environment))
    assert "nothing is installed" in told(environment / "bin/muster", "client", "status")
    assert "--machines" in told(environment / "bin/muster", "demo", "--help")


def test_it_installs_without_an_index_and_refuses_a_wheel_that_was_changed(unpacked: Path, tmp_path: Path) -> None:
    done = install(unpacked, tmp_path / "muster")
    assert (done.returncode, done.stdout) == (0, f"muster {__version__}\n"), done.stderr
    names = {path.name.partition("-")[0] for path in (tmp_path / "muster").glob("lib/*/site-packages/*.dist-info")}
    assert names == {"muster_activation", "segno", "typer"}
    works_with_requirements(tmp_path / "muster")
    (segno,) = (unpacked / "wheels").glob("segno-*.whl")
    before = segno.read_bytes()
    segno.write_bytes(before + b"\0")
    refused = install(unpacked, tmp_path / "other")
    assert (refused.returncode != 0, (tmp_path / "other").exists()) == (True, False)
    assert segno.name in refused.stderr + refused.stdout
    segno.write_bytes(before)


def test_the_list_of_parts_names_each_with_release_licence_hash_and_needs(unpacked: Path) -> None:
    told = json.loads((unpacked / "sbom.cdx.json").read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["purl"] == f"pkg:pypi/muster-activation@{__version__}"
    parts = {row["name"]: row for row in told["components"]}
    assert set(parts) == {"pip", "segno", "typer"}
    assert parts["segno"]["version"] == distribution("segno").version
    assert all(row["licenses"] for row in parts.values())
    (segno,) = (unpacked / "wheels").glob("segno-*.whl")
    (digest,) = (row["content"] for row in parts["segno"]["hashes"])
    assert f"{digest}  wheels/{segno.name}\n" in (unpacked / "SHA256SUMS").read_text()
    needs = {row["ref"]: row["dependsOn"] for row in told["dependencies"]}
    assert set(needs[f"pkg:pypi/muster-activation@{__version__}"]) == {
        parts[name]["purl"] for name in ("segno", "typer")
    }


def test_made_twice_it_is_the_same(wheel: Path, tmp_path: Path) -> None:
    packed_again("segno", tmp_path)
    first, again = (bundle(wheel, tmp_path, tmp_path / name) for name in ("first", "again"))
    assert first.read_bytes() == again.read_bytes()


def test_what_is_downloaded_is_pinned() -> None:
    for name in ("run", "bundle"):
        assert "--hash=sha256:" in (ROOT / "requirements" / f"{name}.txt").read_text()
