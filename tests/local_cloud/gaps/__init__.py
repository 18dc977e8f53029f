"""What moto 5.2 lacks for Terraform's AWS provider and for Trailsearch, one module per service.

Each module is written so that it could be offered to moto: it names the class that it changes, and says what AWS does.
"""

from . import (
    awslambda,
    cloudtrail,
    cloudwatch,
    events,
    logs,
    s3,
    sqs,
    stepfunctions,
    stepfunctions_events,
    stepfunctions_stop,
    stepfunctions_tasks,
)
from .patching import MotoChangedError, require_supported_moto

__all__ = ["MotoChangedError", "register"]

_closed: list[str] = []


def register() -> None:
    """Close the gaps in moto of this process. Call it before a server starts; a second call changes nothing.

    Raises:
        MotoChangedError: moto is not 5.2.x, or what a gap changes is no longer there.
    """
    if _closed:
        return
    require_supported_moto()
    # In this order: of an execution that is stopped, the event must be sent once.
    for service in (
        awslambda,
        cloudtrail,
        cloudwatch,
        events,
        logs,
        s3,
        sqs,
        stepfunctions,
        stepfunctions_events,
        stepfunctions_stop,
        stepfunctions_tasks,
    ):
        service.close_gaps()
        _closed.append(service.__name__)
