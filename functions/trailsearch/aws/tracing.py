"""X-Ray subsegments. The only module that knows aws_xray_sdk, which is in maintenance mode.

Lambda opens the function's segment, and says in the environment whether this invocation is sampled
(https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html). Most are not, and anywhere else none is: a
subsegment then does nothing but run what is in it. The SDK is imported once one is, as that takes a third of the time
that a function needs to start.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_xray_sdk.core import AsyncAWSXRayRecorder

_TRACE_HEADER = "_X_AMZN_TRACE_ID"


@contextmanager
def subsegment(name: str, **annotations: str | int) -> Iterator[None]:
    """Trace an external call under ``name``, to be found in X-Ray by ``annotations`` (log, batch, …)."""
    if "Sampled=1" not in os.environ.get(_TRACE_HEADER, ""):
        yield
        return
    with _recorder().in_subsegment(name, namespace="remote") as segment:
        if segment is not None:
            for key, value in annotations.items():
                segment.put_annotation(key, value)
        yield


@cache
def _recorder() -> "AsyncAWSXRayRecorder":
    from aws_xray_sdk.core import xray_recorder  # noqa: PLC0415  # See above.

    xray_recorder.configure(context_missing="IGNORE_ERROR", service="Trailsearch")
    return xray_recorder
