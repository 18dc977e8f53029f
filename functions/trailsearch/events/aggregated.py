"""Aggregated events: what CloudTrail sums up of five minutes of data events, told as an event is.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aggregated-events.html,
with examples in https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html.
Their summary has a primary dimension, such as ``eventName`` or ``resourceARN``, whose statistics count calls by its values,
and counts the same calls by other dimensions.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from trailsearch.events.decoding import NO_JSON, read_part

AGGREGATED: Final = "Aggregated"
"""The ``eventCategory`` of every aggregated event, and of no other."""


class Aggregate(NamedTuple):
    """What an aggregated event says, by what an event says it with.

    What is one value is that of all calls in the window: of 12 calls from two addresses, neither address is that of all.
    ``identity`` is an ARN, or whatever else names who made them.
    """

    event_time: str | None
    event_id: str | None
    account_id: str | None
    event_name: str | None
    source_ip_address: str | None
    user_agent: str | None
    error_code: str | None
    identity: str | None
    resource_arns: tuple[str, ...]


class _TimeWindow(msgspec.Struct, rename="camel"):
    window_start: str | None = None


class _Statistic(msgspec.Struct):
    name: str | None = None
    value: msgspec.Raw = NO_JSON


class _Dimension(msgspec.Struct):
    dimension: str | None = None
    statistics: list[_Statistic] | None = None


class _Summary(msgspec.Struct, rename="camel"):
    primary_dimension: _Dimension | None = None
    details: list[_Dimension] | None = None


class _Record(msgspec.Struct, rename="camel"):
    account_id: str | None = None
    event_id: str | None = None
    time_window: _TimeWindow | None = None
    summary: _Summary | None = None


_decoder = msgspec.json.Decoder(_Record | None)


def read_aggregate(record: str) -> Aggregate:
    """Read an aggregated event, the JSON text of any value. What is missing, or has another type, is left out."""
    read = read_part(record, _decoder) or _Record()
    dimensions = list(_dimensions(read.summary or _Summary()))
    of_all = dict(_of_all_calls(dimensions))
    return Aggregate(
        event_time=read.time_window.window_start if read.time_window else None,
        event_id=read.event_id,
        account_id=read.account_id,
        event_name=of_all.get("eventname"),
        source_ip_address=of_all.get("sourceipaddress"),
        user_agent=of_all.get("useragent"),
        error_code=of_all.get("errorcode") or of_all.get("errorcodes"),
        identity=of_all.get("useridentity"),
        resource_arns=tuple(
            statistic.name
            for name, statistics in dimensions
            if name == "resourcearn"
            for statistic in statistics
            if statistic.name
        ),
    )


def _dimensions(summary: _Summary) -> Iterator[tuple[str, list[_Statistic]]]:
    """Give each dimension, the primary one first, by its name in lower case.

    The reference writes ``sourceIpAddress`` and ``errorCodes``, where events have ``sourceIPAddress`` and ``errorCode``.
    """
    for dimension in filter(None, [summary.primary_dimension, *(summary.details or ())]):
        yield (dimension.dimension or "").lower(), dimension.statistics or []


def _of_all_calls(dimensions: list[tuple[str, list[_Statistic]]]) -> Iterator[tuple[str, str]]:
    """Give each dimension of which all calls have the same value: the one that is counted as often as there were calls."""
    if not dimensions or len(dimensions[0][1]) != 1:
        return
    calls = bytes(dimensions[0][1][0].value)
    for name, statistics in dimensions:
        if len(statistics) == 1 and statistics[0].name and bytes(statistics[0].value) == calls:
            yield name, statistics[0].name
