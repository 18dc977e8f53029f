"""Retriers: how often, and after how long, a Task is tried again.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

from collections.abc import Sequence
from random import Random

from msgspec import UNSET

from .definition import Retrier
from .errors import matches


class Retries:
    """The attempts that are left to one visit of a state: each retrier counts for itself."""

    def __init__(self, retriers: Sequence[Retrier], random: Random) -> None:
        self._retriers = retriers
        self._random = random
        self._made = [0] * len(retriers)

    def wait_after(self, error: str) -> float | None:
        """Give the seconds to the next attempt; None if there is none.

        The first retrier that matches the error decides, also when its attempts are used up.
        """
        for number, retrier in enumerate(self._retriers):
            if matches(error, retrier.error_equals):
                made = self._made[number]
                if made >= retrier.max_attempts:
                    return None
                self._made[number] += 1
                return self._wait(retrier, made)
        return None

    def _wait(self, retrier: Retrier, made: int) -> float:
        seconds = retrier.interval_seconds * retrier.backoff_rate**made
        if retrier.max_delay_seconds is not UNSET:
            seconds = min(seconds, retrier.max_delay_seconds)
        # "FULL": a random number between 0 and the delay.
        return self._random.uniform(0, seconds) if retrier.jitter_strategy == "FULL" else seconds
