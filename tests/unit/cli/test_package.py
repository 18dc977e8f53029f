import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from trailsearch.cli.package import (
    _AUDIT_DISTRIBUTIONS,
    AUDIT_REQUIREMENTS,
    FUNCTIONS,
    audit_package,
    installed_files,
    library_files,
    source_files,
    write_zip,
)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


FILES = {"b.py": "b", "a/é.py": "a", "a.py": "", "lib.so": "x" * 1000}


def test_the_same_contents_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "first", FILES), write(tmp_path / "elsewhere", FILES)
    for name in FILES:
        os.utime(second / name, (1, 1_600_000_000))
        (second / name).chmod(0o700)
    write_zip(tmp_path / "1.zip", {name: first / name for name in FILES})
    write_zip(tmp_path / "build" / "2.zip", {name: second / name for name in reversed(FILES)})
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "build" / "2.zip").read_bytes()


def test_other_contents_give_other_bytes(tmp_path: Path) -> None:
    folder = write(tmp_path, FILES)
    write_zip(tmp_path / "1.zip", {"a.py": folder / "a.py"})
    write_zip(tmp_path / "2.zip", {"a.py": folder / "b.py"})
    assert (tmp_path / "1.zip").read_bytes() != (tmp_path / "2.zip").read_bytes()


def test_a_zip_holds_what_it_was_given_and_lambda_may_read_it(tmp_path: Path) -> None:
    folder = write(tmp_path, FILES)
    (folder / "b.py").chmod(0o600)
    write_zip(tmp_path / "p.zip", {name: folder / name for name in FILES})
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == FILES
        assert archive.namelist() == sorted(FILES)
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_the_handlers_are_at_the_top_and_the_operator_commands_left_out() -> None:
    names = {name for name, _ in source_files(FUNCTIONS)}
    assert {"fetch_logs.py", "split_records.py", "index_batch.py", "trailsearch/__init__.py"} <= names
    assert {name for name in names if "/" not in name} == {
        "admit_messages.py",
        "fetch_logs.py",
        "split_records.py",
        "index_batch.py",
        "delete_expired.py",
        "plan_backfill.py",
    }
    assert not [name for name in names if {"audit", "cli"} & set(name.split("/"))]
    assert not [
        name for name in names if re.search("question|quer|highlight|structured|addresses|/domain", name)
    ]
    assert not [name for name in names if not name.endswith(".py")]


def test_the_package_of_the_audit_has_what_it_needs_beside_all_that_the_other_has(tmp_path: Path) -> None:
    names = {name for name, _ in source_files(FUNCTIONS)}
    with_audit = {name for name, _ in source_files(FUNCTIONS, with_audit=True)}
    assert names < with_audit
    assert {"audit_logs.py", "trailsearch/audit/signatures.py"} <= with_audit - names
    assert not [
        name for name in with_audit - names if not name.startswith(("audit_logs", "trailsearch/audit/"))
    ]
    assert audit_package(Path("build/lambda.zip")) == Path("build/lambda-audit.zip")


def test_what_the_audit_needs_is_locked_and_this_python_has_it() -> None:
    locked = set(re.findall(r"^([a-z-]+)==", AUDIT_REQUIREMENTS.read_text(), re.MULTILINE))
    assert locked == set(_AUDIT_DISTRIBUTIONS)
    names = {name for name, _ in installed_files(_AUDIT_DISTRIBUTIONS)}
    assert "cryptography/hazmat/primitives/asymmetric/rsa.py" in names
    assert not [name for name in names if name.startswith(("..", "/", "bin/")) or name.endswith(".pyc")]


def test_the_audit_runs_from_its_package_alone(tmp_path: Path) -> None:
    """On this machine: the wheel for Lambda's has the same files but for what is compiled."""
    contents = {
        **dict(installed_files(_AUDIT_DISTRIBUTIONS)),
        **dict(source_files(FUNCTIONS, with_audit=True)),
    }
    write_zip(tmp_path / "p.zip", contents)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    program = (
        "import sys; sys.path.insert(0, 'unpacked'); import audit_logs, cryptography;"
        "from trailsearch.audit import signatures;"
        "print(audit_logs.__file__, cryptography.__file__, signatures.load_der_public_key.__module__,"
        "'trailsearch.cli' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("unpacked/") == 2
    assert done.stdout.endswith("False\n")


def test_the_handlers_are_imported_from_the_zip_without_the_operator_commands(tmp_path: Path) -> None:
    write_zip(tmp_path / "p.zip", dict(source_files(FUNCTIONS)))
    program = (
        "import sys; sys.path.insert(0, 'p.zip'); import admit_messages, fetch_logs, split_records, index_batch, delete_expired, plan_backfill;"
        "from trailsearch.search import search_backend, Backend, SearchSettings as S;"
        "[(b.batch_format, b.index('e'), b.retention('e', 'e')) for b in map(search_backend, (S(n, 'p') for n in Backend))];"
        "print([m.handler.__name__ + m.__file__ for m in (fetch_logs, split_records, index_batch)],"
        "'trailsearch.cli' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path,
        env=os.environ | {"AWS_XRAY_SDK_ENABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("handlerp.zip/") == 3
    assert done.stdout.endswith("False\n")


def test_of_the_wheels_only_what_depends_on_when_and_how_they_were_installed_is_left_out(
    tmp_path: Path,
) -> None:
    wheels = write(
        tmp_path,
        {
            "msgspec/__init__.py": "",
            "msgspec/_core.so": "",
            "msgspec/bin/tool.py": "",
            "msgspec-1.dist-info/METADATA": "",
            "msgspec-1.dist-info/RECORD": "",
            "msgspec-1.dist-info/INSTALLER": "",
            "msgspec-1.dist-info/REQUESTED": "",
            "msgspec-1.dist-info/direct_url.json": "",
            "bin/igzip": "",
            "msgspec/__init__.pyi": "",
            "wrapt/_wrappers.c": "",
            "aws_lambda_powertools/event_handler/openapi/swagger_ui/swagger-ui-bundle.min.js": "",
            "aws_lambda_powertools/utilities/__init__.py": "",
            "aws_lambda_powertools/utilities/parser/__init__.py": "",
            "aws_lambda_powertools/utilities/typing/__init__.py": "",
        },
    )
    assert {name for name, _ in library_files(wheels)} == {
        "msgspec/__init__.py",
        "msgspec/_core.so",
        "msgspec/bin/tool.py",
        "msgspec-1.dist-info/METADATA",
        "aws_lambda_powertools/utilities/__init__.py",
        "aws_lambda_powertools/utilities/typing/__init__.py",
    }


def test_a_package_of_the_real_sources_is_reproducible(tmp_path: Path) -> None:
    contents = dict(source_files(FUNCTIONS))
    write_zip(tmp_path / "1.zip", contents)
    write_zip(tmp_path / "2.zip", dict(reversed(contents.items())))
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
