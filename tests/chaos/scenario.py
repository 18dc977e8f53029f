"""One row of the table: a fault, the state that meets it, and what is to become of the events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.chaos.delivery import START
from tests.chaos.engine_states import EngineState
from tests.local_cloud.faults import Match, Rule

FETCH, SPLIT, INDEX, KEEP = "Fetch Logs", "Split Records", "Index Batch", "Keep Batch"
DELETE = "Delete Expired"
PLAN, PART = "Plan Backfill", "Index Parts"
AUDIT = "Audit Share"
DEAD_LETTER_SENDS, PIPE, EVERYWHERE = "Dead-letter sends", "Pipe", "Everywhere"
FUNCTIONS = {FETCH: "fetch-logs", SPLIT: "split-records", INDEX: "index-batch"}

# How often a fault that passes is met.
PASSING = 2


@dataclass(frozen=True)
class Scenario:
    """One row of the table: a fault, the state that meets it, and how logs are delivered meanwhile.

    In the patterns of `rules`, `{log_bucket}`, `{staging_bucket}` and `{dead_letter_queue}` stand for their names.
    `engine_state`: the state that an OpenSearch domain's engine is in meanwhile.
    `outlasts_retries`: something must be dead-lettered, or, of Delete Expired, Plan Backfill and Audit Share, the
    execution must fail; otherwise retries must cure it, unless it is drawn by lot how often the fault is met.
    `aborted_in`: executions are stopped in this state.
    `messages_stay_received`: the Pipe cannot pass messages on, and gets them again after the visibility timeout.
    `execution_seconds`: how long an execution may take meanwhile, if not as long as Terraform says.
    `letters`: how each dead letter begins, as `delivery.label` gives it: what it is about, and the error.
    `redrive_kind`: dead letters of that kind are sent back by `make redrive`, instead of all by a message move task.
    `redrive_rules`: the faults while they are redriven.
    `redelivered`: once all is indexed, the logs are delivered again.
    `beside`: how large, in bytes, the messages of others are that are sent between the announcements.
    `resumed_anew`: a backfill that was stopped goes on by another execution, instead of by a redrive.
    `start`, `duration`: when the events happened.
    """

    fault: str
    state: str
    rules: tuple[Rule, ...] = ()
    engine_state: EngineState | None = None
    outlasts_retries: bool = False
    announced: int = 1
    shuffled: bool = False
    beside: tuple[int, ...] = ()
    aborted_in: str = ""
    messages_stay_received: bool = False
    execution_seconds: int | None = None
    letters: str = ""
    redrive_kind: str = ""
    redrive_rules: tuple[Rule, ...] = ()
    redelivered: bool = False
    resumed_anew: bool = False
    start: datetime = START
    duration: timedelta = timedelta(days=1)

    @property
    def is_drawn(self) -> bool:
        """Whether it is drawn by lot which requests fail."""
        return any(rule.share < 1 for rule in self.rules)

    @property
    def name(self) -> str:
        """What selects the scenario on the command line."""
        return f"{self.state}: {self.fault}"


def rules_of(rules: Sequence[Rule], outputs: Mapping[str, Any], seed: int) -> list[Rule]:
    """Fill the names of a deployment into rules of a scenario, and make their draws follow from a seed."""
    names = {
        "{log_bucket}": outputs["log_bucket_names"][0],
        "{staging_bucket}": outputs["staging_bucket_name"],
        "{dead_letter_queue}": outputs["dead_letter_queue_url"].rpartition("/")[2],
    }

    def filled(pattern: str) -> str:
        for placeholder, name in names.items():
            pattern = pattern.replace(placeholder, name)
        return pattern

    return [
        msgspec.structs.replace(
            rule,
            seed=seed * 1000 + number,
            match=Match(*(filled(getattr(rule.match, part)) for part in Match.__struct_fields__)),
        )
        for number, rule in enumerate(rules)
    ]
