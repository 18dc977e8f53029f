"""Sets and removes the rules of a local cloud, from another process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from .rules import CONTROL_PATH, Rule, RuleCount

TIMEOUT_SECONDS = 10


class FaultControl:
    """The fault rules of one local cloud."""

    def __init__(self, endpoint_url: str) -> None:
        """Take the URL of the local cloud."""
        self._url = endpoint_url + CONTROL_PATH
        self._opener = build_opener(ProxyHandler({}))

    @contextmanager
    def inject(self, rules: Sequence[Rule]) -> Iterator[None]:
        """Keep rules in force for the `with` block."""
        self.set(rules)
        try:
            yield
        finally:
            self.clear()

    def set(self, rules: Sequence[Rule]) -> None:
        """Put rules in force, in place of those that were."""
        self._ask("PUT", msgspec.json.encode(rules))

    def counts(self) -> list[RuleCount]:
        """Give the counts of the rules in force."""
        return self._ask("GET")

    def clear(self) -> list[RuleCount]:
        """Switch all faults off, and give the counts of the rules that were in force."""
        return self._ask("DELETE")

    def _ask(self, method: str, body: bytes | None = None) -> list[RuleCount]:
        request = Request(self._url, data=body, method=method)
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return msgspec.json.decode(answer.read(), type=list[RuleCount])
