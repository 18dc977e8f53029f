"""What Step Functions allows an execution of a Standard workflow.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, unless another page stands beside it.
"""

import json
from typing import Any

import orjson

# Of a task, state, or execution, each way: "256 KiB of data as a UTF-8 encoded string".
MAX_PAYLOAD_BYTES = 262_144
# "Maximum execution history size: 25,000 events in a single state machine execution history. If the execution history
# reaches this quota, the execution will fail."
MAX_HISTORY_EVENTS = 25_000
# "Names of state machines, executions, and activity tasks must not exceed 80 characters", and so states' in the language:
# https://states-language.net/#states-fields
MAX_NAME_CHARACTERS = 80
# "In this mode, the Map state supports up to 40 concurrent iterations."
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAX_INLINE_CONCURRENCY = 40
# "The default value is 10,000": of a Distributed Map without MaxConcurrency, or with 0.
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
MAX_DISTRIBUTED_CONCURRENCY = 10_000
# TimeoutSeconds and Wait's Seconds, at most.
# https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
MAX_SECONDS = 99_999_999
# MaxDelaySeconds and IntervalSeconds, and MaxAttempts, at most.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
MAX_DELAY_SECONDS = 31_622_399
MAX_INTERVAL_SECONDS = 99_999_999
MAX_ATTEMPTS = 99_999_999


def payload_bytes(value: Any) -> int:
    """Give the bytes of a payload, as compact JSON in UTF-8."""
    try:
        return len(orjson.dumps(value))
    except TypeError:  # It knows neither integers beyond 64 bits nor halves of surrogate pairs.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return len(text.encode(errors="surrogatepass"))
