"""What moto 5.2 lacks in the services that it has, for Terraform's AWS provider and for Trailsearch.

One module or package for each service, named as moto names it. Each is written so that it could be offered to moto: it
names the class that it changes, and says what AWS does.
"""

from ..patching import require_supported_moto
from . import (
    awslambda,
    cloudtrail,
    cloudwatch,
    events,
    logs,
    opensearch,
    pipes,
    s3,
    sqs,
    stepfunctions,
)

_closed: list[str] = []


def register() -> None:
    """Close the gaps in moto of this process. Call it before a server starts; a second call changes nothing.

    Raises:
        MotoChangedError: moto is not 5.2.x, or what a gap changes is no longer there.
    """
    if _closed:
        return
    require_supported_moto()
    for service in (
        awslambda,
        cloudtrail,
        cloudwatch,
        events,
        logs,
        opensearch,
        pipes,
        s3,
        sqs,
        stepfunctions,
    ):
        service.close_gaps()
        _closed.append(service.__name__)
