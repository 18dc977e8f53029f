"""The tools that are locked can be installed on every platform that a contributor may have."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.readers import readers_of
from tests.conftest import REPOSITORY

# The third, requirements.txt, is a part of the first.
LOCKS = ("requirements-dev.txt", "requirements-checkov.txt")
PLATFORMS = ("aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-apple-darwin")
# The oldest and the newest that are supported.
PYTHONS = ("3.11", "3.13")
# On macOS it is made from its sources, which are Python alone there: see local_cloud/services/awslambda/runtime_client.py.
NEEDS_NO_COMPILER_ON_MACOS = "awslambdaric"
NOT_REACHED = ("Failed to fetch", "error sending request", "Network connectivity is disabled")


def install(
    lock: Path, folder: Path, platform: str, python: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Have uv say whether a lock could be installed from wheels, with their hashes, on a platform."""
    command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--no-config", "--no-deps"]
    command += [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--python",
        sys.executable,
        "--target",
        str(folder),
    ]
    command += ["--python-platform", platform, "--python-version", python, *options, "-r", str(lock)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", LOCKS)
def test_what_is_locked_is_there_for_every_platform(tmp_path: Path, name: str, platform: str) -> None:
    from_sources = ("--no-binary", NEEDS_NO_COMPILER_ON_MACOS) if "darwin" in platform else ()
    for python in PYTHONS:
        said = install(REPOSITORY / name, tmp_path, platform, python, *from_sources)
        if any(reason in said.stderr for reason in NOT_REACHED):
            pytest.skip("needs a package registry, which cannot be reached from here")
        assert (said.returncode, said.stderr if said.returncode else "") == (0, ""), python


def test_a_package_without_a_wheel_for_a_platform_is_found(tmp_path: Path) -> None:
    lock = (REPOSITORY / "requirements-dev.txt").read_text(encoding="utf-8")
    start = lock.index(f"{NEEDS_NO_COMPILER_ON_MACOS}==")
    (tmp_path / "lock.txt").write_text(lock[start : lock.index("    # via", start)], encoding="utf-8")
    said = install(tmp_path / "lock.txt", tmp_path, "aarch64-apple-darwin", "3.13")
    if any(reason in said.stderr for reason in NOT_REACHED):
        pytest.skip("needs a package registry, which cannot be reached from here")
    assert said.returncode != 0
    assert f"{NEEDS_NO_COMPILER_ON_MACOS}==" in said.stderr


@pytest.mark.parametrize("name", LOCKS)
def test_a_changed_lock_is_checked_at_once(name: str) -> None:
    assert "tests.tooling.test_locks" in readers_of(name)
