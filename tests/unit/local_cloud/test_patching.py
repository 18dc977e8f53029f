import pytest

from tests.local_cloud.patching import MotoChangedError, add, replace, require_supported_moto


class Owner:
    present = 1


def test_replace_demands_that_the_attribute_is_there() -> None:
    with pytest.raises(MotoChangedError, match="Owner no longer has absent"):
        replace(Owner, "absent", 2)


def test_add_demands_that_the_attribute_is_not_there() -> None:
    with pytest.raises(MotoChangedError, match="Owner has present now"):
        add(Owner, "present", 2)


def test_another_version_of_moto_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.__version__", "5.3.0")

    with pytest.raises(MotoChangedError, match=r"5\.3\.0"):
        require_supported_moto()
