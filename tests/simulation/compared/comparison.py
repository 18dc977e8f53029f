"""Seeds in the simulated world and in the local cloud, and whether their outcomes are the same: ``make simulate COMPARE=``."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Self

from rich.console import Console
from rich.markup import escape

from tests.chaos.__main__ import deploy
from tests.chaos.pipeline import WAIT_FACTOR, Pipeline
from tests.chaos.retention import KEPT_DAYS
from tests.local_cloud.pipeline.idle import NotIdle
from tests.local_cloud.process import LocalCloud
from tests.simulation.compared import in_local_cloud, in_simulation
from tests.simulation.compared.in_local_cloud import Played
from tests.simulation.compared.outcome import Outcome, differences
from tests.simulation.compared.portable import deployed_locally, portable
from tests.simulation.plan import Delivery, Plan
from tests.simulation.seeds import draw
from tests.simulation.world import simulated
from trailsearch.cli.console import make_console
from trailsearch.search import Backend

_BACKENDS = tuple(Backend)


class Compared(NamedTuple):
    """What came of one seed: how much there was in it, and what came out otherwise in the local cloud."""

    seed: int
    backend: Backend
    messages: int
    logs: int
    records: int
    faults_met: int
    letters_at_rest: int
    letters_at_the_end: int
    differences: tuple[str, ...]
    seconds: float

    @classmethod
    def of(cls, plan: Plan, simulated: Outcome, played: Played, seconds: float) -> Self:
        """Compare what a plan came to in both."""
        local = played.outcome
        deliveries: Sequence[Delivery] = plan.of(Delivery)
        logs = {log.uri: log for delivery in deliveries for log in delivery.logs}
        return cls(
            plan.seed,
            plan.backend,
            sum(delivery.copies for delivery in deliveries),
            len(logs),
            len({record for log in logs.values() for record, _ in log.records}),
            played.faults_met,
            local.at_rest.letters,
            local.at_the_end.letters,
            tuple(differences(simulated, local)),
            seconds,
        )


def backend_of(seed: int) -> Backend:
    """Say on which backend a seed is compared, unless one is chosen: on one as often as on the other."""
    return _BACKENDS[seed % len(_BACKENDS)]


def compare(seeds: range, backend: Backend | None, console: Console) -> bool:
    """Compare seeds, each backend in a process of its own, and tell whether all came out the same."""
    began = time.monotonic()
    shares = [
        (chosen, [seed for seed in seeds if chosen is (backend or backend_of(seed))]) for chosen in _BACKENDS
    ]
    console.print("Deploying Trailsearch into a local cloud for each backend …", highlight=False)
    with ProcessPoolExecutor(len(_BACKENDS)) as pool:
        shared = [pool.submit(_compare_share, *share) for share in shares if share[1]]
        compared = [each for share in shared for each in share.result()]
    console.print(sum_up(compared, time.monotonic() - began), highlight=False, soft_wrap=True)
    return not any(each.differences for each in compared)


def _compare_share(backend: Backend, seeds: Sequence[int]) -> list[Compared]:
    console = make_console()
    with tempfile.TemporaryDirectory(prefix="compared-") as name:
        folder = Path(name)
        with LocalCloud(log_file=folder / "cloud.log", wait_factor=WAIT_FACTOR) as cloud:
            pipeline = deploy(cloud, backend, folder, Console(quiet=True))
            compared = []
            for each in compared_with(pipeline, seeds, {"search_retention_days": KEPT_DAYS}):
                show(each, console)
                compared.append(each)
            return compared


def compared_with(
    pipeline: Pipeline, seeds: Sequence[int], settings: Mapping[str, Any]
) -> Iterator[Compared]:
    """Play seeds in the simulated world and against a deployment in the local cloud, one after the other.

    Args:
        pipeline: the deployment.
        seeds: the seeds.
        settings: of the deployment, beside its backend and what every local one has.
    """
    backend = pipeline.backend
    settings = {**settings, "search_backend": backend.value}
    deployed = deployed_locally(settings, pipeline.outputs["log_bucket_names"])
    plans = [portable(draw(seed, backend), pipeline.log_bucket) for seed in seeds]
    with simulated():
        expected = [in_simulation.play(plan, deployed) for plan in plans]
    for plan, outcome in zip(plans, expected, strict=True):
        began = time.monotonic()
        try:
            played = in_local_cloud.play(plan, pipeline)
        except NotIdle as error:
            raise RuntimeError(f"Seed {plan.seed}: {error}") from error
        yield Compared.of(plan, outcome, played, time.monotonic() - began)


def show(compared: Compared, console: Console) -> None:
    """Print what came of one seed."""
    mark = "[red]✗[/]" if compared.differences else "[green]✓[/]"
    console.print(
        f"{mark} Seed {compared.seed} on {compared.backend}: {compared.messages} messages, {compared.records} records,"
        f" {compared.faults_met} faults met, {compared.letters_at_rest} letters, {compared.letters_at_the_end} at the end;"
        f" {compared.seconds:.0f} s",
        highlight=False,
    )
    for difference in compared.differences:
        console.print(f"  {escape(difference)}", highlight=False, soft_wrap=True)


def sum_up(compared: Sequence[Compared], seconds: float) -> str:
    """Say what the seeds came to."""
    same = sum(not each.differences for each in compared)
    return (
        f"{len(compared)} seeds: {sum(each.messages for each in compared):,} messages about"
        f" {sum(each.logs for each in compared):,} logs with {sum(each.records for each in compared):,} records,"
        f" {sum(each.faults_met for each in compared):,} faults met, {sum(each.letters_at_rest for each in compared):,} letters,"
        f" {sum(each.letters_at_the_end for each in compared):,} after the redrives:"
        f" {same} with the same outcome, {len(compared) - same} with another; {seconds:,.0f} s."
    )
