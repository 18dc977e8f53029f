"""Hunt for every planted bug, from seed 0 on, and print the table of ``found.py``."""

from concurrent.futures import ProcessPoolExecutor

from tests.simulation.planted.bugs import BUGS
from tests.simulation.planted.hunt import Found, hunt
from tests.simulation.world import simulated

SEEDS = 1000


def find(name: str) -> Found | None:
    """Hunt for one bug, in a process of its own."""
    with simulated():
        return hunt(BUGS[name], range(SEEDS))


def main() -> None:
    """Print a row for each bug; one that is not found says so."""
    with ProcessPoolExecutor() as pool:
        for name, found in zip(BUGS, pool.map(find, BUGS), strict=True):
            row = f'Found({found.seed}, "{found.kind}")' if found else f"None,  # not within {SEEDS:,} seeds"
            print(f'    "{name}": {row},', flush=True)


if __name__ == "__main__":
    main()
