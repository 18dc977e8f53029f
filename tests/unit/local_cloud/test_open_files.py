import resource

import pytest

from tests.local_cloud.open_files import OPEN_FILES, OPEN_MAX, allow_open_files

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "most", "becomes"),
    [
        ((256, INFINITE), INFINITE, OPEN_FILES),
        ((256, 4096), INFINITE, 4096),
        ((256, INFINITE), OPEN_MAX, OPEN_MAX),  # as macOS refuses more
        ((256, INFINITE), 100, 256),
        ((INFINITE, INFINITE), INFINITE, INFINITE),
        ((100_000, 200_000), INFINITE, 100_000),
        ((20_000, INFINITE), OPEN_MAX, 20_000),
    ],
)
def test_the_limit_is_raised_as_far_as_the_system_lets_it(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], most: int, becomes: int
) -> None:
    now = [limits]

    def setrlimit(_resource: int, wanted: tuple[int, int]) -> None:
        if most != INFINITE and wanted[0] > most:
            raise ValueError("current limit exceeds maximum limit")
        now[0] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _resource: now[0])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    allow_open_files()
    assert now[0] == (becomes, limits[1])
