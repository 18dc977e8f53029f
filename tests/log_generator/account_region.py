"""An account in a region: its resources, its principals, its templates."""

from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate
from random import Random

from tests.log_generator.api_call import GLOBAL_HOSTS, ApiCall, ApiError
from tests.log_generator.calls import API_CALLS
from tests.log_generator.inventory import build_inventory
from tests.log_generator.principals import Principal, Principals, build_people, build_workloads
from tests.log_generator.story import Story
from tests.log_generator.templates import Template


class AccountRegion:
    """Where the events of a log happen. Built once for all logs of an account and region."""

    def __init__(
        self, seed: int, account: str, region: str, accounts: tuple[str, ...], story: Story, *, home: bool
    ) -> None:
        """`home` is the region that records the events of global services."""
        self.account = account
        self.region = region
        rng = Random(f"{seed}/{account}/{region}")
        others = tuple(number for number in accounts if number != account)[:3] or ("999988887777",)
        people = build_people(Random(f"{seed}/{account}"), account)
        if account == story.account_id:
            people = {**people, "cli_user": (*people["cli_user"], story.owner())}
        self.principals: Principals = {**people, **build_workloads(rng, account, region, others)}
        self.calls = [call for call in API_CALLS if home or call.service not in GLOBAL_HOSTS]
        self.call_weights = list(accumulate(call.weight for call in self.calls))
        self._pools = build_inventory(rng, account, region)
        self._constants = {"account": account, "region": region, **story.constants}
        self._callers: dict[int, tuple[list[Principal], list[float]]] = {}
        self._templates: dict[tuple[int, int, bool], Template] = {}
        self._seed = seed
        self._sessions: dict[str, tuple[int, Mapping[str, str]]] = {}

    def session(self, principal: Principal, at: datetime) -> Mapping[str, str]:
        """The userIdentity and ARN of the principal's session at the time; the last session of each is kept."""
        number = principal.session_number(at)
        found = self._sessions.get(principal.name)
        if found is None or found[0] != number:
            found = self._sessions[principal.name] = (number, principal.session(self._seed, number))
        return found[1]

    def callers(self, call: ApiCall) -> tuple[list[Principal], list[float]]:
        """Who makes the call, and cumulated weights."""
        found = self._callers.get(id(call))
        if found is None:
            principals, weights = [], []
            for kind, weight in call.principals.items():
                for principal in self.principals[kind]:
                    principals.append(principal)
                    weights.append(weight / len(self.principals[kind]))
            found = self._callers[id(call)] = (principals, list(accumulate(weights)))
        return found

    def template(self, call: ApiCall, error: ApiError | None, *, direct: bool) -> Template:
        """The compiled record of the call."""
        # Calls and errors are constants of modules, so their identity is their name; hashing their contents costs
        # more than filling in the record.
        name = (id(call), id(error), direct)
        found = self._templates.get(name)
        if found is None:
            found = self._templates[name] = self.compile(call.record(error, direct=direct))
        return found

    def compile(self, text: str) -> Template:
        """Compile any text with this account's and region's constants and resources."""
        return Template.compile(text, self._constants, self._pools)
