import pytest
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from tests.local_cloud.gaps.stepfunctions.paths import extract_json


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a", 1),
        ("$.list[0].x", [1, 2]),
        ("$.list[*].x[*]", [1, 2, 3]),
        ("$.list[1:].x", [[3]]),
        ("$.none[*]", []),
        ("$.none[*].x[*]", []),
        ("$.list[*].no", []),
        ("$..no", []),
        ("$.one[*].x", [7]),
        ("$.list[?(@.x[0]==3)].x", [[3]]),
        ("$['*']", "star"),
    ],
)
def test_an_indefinite_path_finds_a_list_and_a_definite_one_a_value(path: str, found: object) -> None:
    data = {"a": 1, "list": [{"x": [1, 2]}, {"x": [3]}], "none": [], "one": [{"x": 7}], "*": "star"}
    assert extract_json(path, data) == found


def test_a_definite_path_must_find_something() -> None:
    with pytest.raises(NoSuchJsonPathError):
        extract_json("$.a.b", {"a": {}})
