"""Which files have changed, in a repository made for it."""

import subprocess
from pathlib import Path

import pytest

from tests.checks.changes import UnknownBase, changed_files


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A branch ``work`` off ``main``, which has gone on since."""
    git(tmp_path, "init", "--initial-branch=main")
    for name in ("kept.py", "changed.py", "gone.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("ignored\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "switch", "-c", "work")
    (tmp_path / "committed.py").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "work")
    git(tmp_path, "switch", "main")
    (tmp_path / "of others.py").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "others")
    git(tmp_path, "switch", "work")
    return tmp_path


def test_nothing_has_changed_at_first(repository: Path) -> None:
    assert changed_files(repository, "HEAD") == []


def test_what_is_not_committed_has_changed_whether_git_knows_it_or_not(repository: Path) -> None:
    (repository / "changed.py").write_text("else")
    (repository / "gone.py").unlink()
    (repository / "staged.py").touch()
    git(repository, "add", "staged.py")
    (repository / "größer.py").touch()
    (repository / "ignored").touch()
    assert changed_files(repository, "HEAD") == ["changed.py", "gone.py", "größer.py", "staged.py"]


def test_what_was_committed_since_the_base_has_changed_and_not_what_others_did(repository: Path) -> None:
    (repository / "changed.py").write_text("else")
    assert changed_files(repository, "main") == ["changed.py", "committed.py"]


def test_an_unknown_base_is_said(repository: Path) -> None:
    with pytest.raises(UnknownBase, match="nowhere"):
        changed_files(repository, "nowhere")
