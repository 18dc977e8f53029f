"""What is run of a pipe, and which pipes are not run at all."""

from dataclasses import dataclass
from typing import Self

from moto.pipes.models import Pipe


class UnsupportedPipeError(ValueError):
    """The pipe uses what the local cloud cannot run; the message names it."""


@dataclass(frozen=True)
class PipeConfiguration:
    """What is run of a pipe."""

    name: str
    region: str
    queue_arn: str
    enrichment_arn: str | None
    state_machine_arn: str
    batch_size: int
    window_seconds: int

    @classmethod
    def of(cls, pipe: Pipe) -> Self:
        """Read the configuration of a pipe.

        Raises:
            UnsupportedPipeError: It has another source, enrichment or target, filters or an input template, or does
                not start executions with FIRE_AND_FORGET, the only type for Standard workflows.
        """
        source, target = pipe.source_parameters or {}, pipe.target_parameters or {}
        queue = source.get("SqsQueueParameters", {})
        state_machine = target.get("StepFunctionStateMachineParameters", {})
        requirements = {
            "a source other than an SQS queue": ":sqs:" in pipe.source,
            "a target other than a state machine": ":states:" in pipe.target,
            "an enrichment other than a function": not pipe.enrichment or ":lambda:" in pipe.enrichment,
            "FilterCriteria": not source.get("FilterCriteria", {}).get("Filters"),
            "an InputTemplate": not (
                target.get("InputTemplate") or (pipe.enrichment_parameters or {}).get("InputTemplate")
            ),
            "an InvocationType other than FIRE_AND_FORGET": state_machine.get("InvocationType")
            == "FIRE_AND_FORGET",
        }
        missing = [feature for feature, met in requirements.items() if not met]
        if missing:
            raise UnsupportedPipeError(
                f"Pipe {pipe.name}: the local cloud does not run {', '.join(missing)}."
            )
        return cls(
            name=pipe.name,
            region=pipe.region_name,
            queue_arn=pipe.source,
            enrichment_arn=pipe.enrichment or None,
            state_machine_arn=pipe.target,
            batch_size=queue.get("BatchSize", 10),
            window_seconds=queue.get("MaximumBatchingWindowInSeconds", 0),
        )
