"""X-Ray subsegments. The only module that knows aws_xray_sdk, which is in maintenance mode.

In Lambda the function's segment is open already and Active tracing sends it; anywhere else there is none, and
a subsegment then does nothing but run what is in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(context_missing="IGNORE_ERROR", service="Trailsearch")


@contextmanager
def subsegment(name: str, **annotations: str | int) -> Iterator[None]:
    """Trace an external call under ``name``, to be found in X-Ray by ``annotations`` (log, batch, …)."""
    with xray_recorder.in_subsegment(name, namespace="remote") as segment:
        if segment is not None:
            for key, value in annotations.items():
                segment.put_annotation(key, value)
        yield
