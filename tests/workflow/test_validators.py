"""Independent validators of the Amazon States Language accept the definitions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.workflow import definition

TOOLS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
ASL_VALIDATOR = REPOSITORY / "node_modules" / ".bin" / "asl-validator"
COMMANDS = {
    "statelint": [sys.executable, "-m", "statelint"],
    "asl-validator": [str(ASL_VALIDATOR), "--json-path"],
}


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    """The command line of a validator, to which a file is added."""
    if request.param == "asl-validator" and not (ASL_VALIDATOR.exists() and shutil.which("node", path=TOOLS)):
        pytest.skip("needs Node.js and node_modules: make setup")
    return COMMANDS[request.param]


@pytest.mark.parametrize("machine", definition.MACHINES)
def test_the_definition_is_valid(command: list[str], machine: str, tmp_path: Path) -> None:
    loaded = definition.load(machine)
    # It knows what the specification of the language knows.
    specified = definition.as_specified(loaded) if "statelint" in command else loaded
    result = validate(command, json.dumps(specified), tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_mistake_is_found(command: list[str], tmp_path: Path) -> None:
    machine = definition.load()
    machine["States"]["Fetch Logs"]["Next"] = "Nowhere"
    result = validate(command, json.dumps(machine), tmp_path)
    assert result.returncode != 0
    assert "Nowhere" in result.stdout + result.stderr


def validate(command: list[str], text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "machine.asl.json"
    file.write_text(text)
    environment = {**os.environ, "PATH": TOOLS}
    return subprocess.run([*command, str(file)], capture_output=True, text=True, env=environment, check=False)
