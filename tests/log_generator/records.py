"""The records of one log."""

from bisect import bisect
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

from tests.log_generator.account_region import AccountRegion
from tests.log_generator.api_call import ApiCall, ApiError
from tests.log_generator.draws import Draws
from tests.log_generator.principals import Principal
from tests.log_generator.story import ACTS, Story, step_second
from tests.log_generator.templates import Template, cloudtrail_json

WINDOW = timedelta(minutes=5)
_WINDOW_SECONDS = int(WINDOW.total_seconds())
_CALLS_AT_ONCE = 1024
_SECONDS = tuple(f"{second:02}Z" for second in range(60))

Record = tuple[str, str]
"""eventID and JSON text of a record."""

_INSIGHTS = (
    ("ssm", "UpdateInstanceInformation", "ApiCallRateInsight", "null"),
    ("ec2", "RunInstances", "ApiCallRateInsight", "null"),
    ("iam", "GetRole", "ApiErrorRateInsight", "NoSuchEntityException"),
)


class RecordWriter:
    """Writes records whose events happen in the 5 minutes from `window_start` on."""

    def __init__(self, place: AccountRegion, window_start: datetime, rng: Random) -> None:
        self._place = place
        self._window_start = window_start
        self._rng = rng
        self._draws = Draws(rng, window_start)
        self._sessions: dict[str, Mapping[str, str]] = {}
        minutes = range(_WINDOW_SECONDS // 60)
        self._minutes = [
            (window_start + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:") for minute in minutes
        ]

    def ordinary(self, count: int) -> Iterator[Record]:
        """Calls as they happen all day."""
        rng, place = self._rng, self._place
        while count > 0:
            calls = rng.choices(place.calls, cum_weights=place.call_weights, k=min(count, _CALLS_AT_ONCE))
            for call in calls:
                principals, weights = place.callers(call)
                principal = principals[bisect(weights, rng.random() * weights[-1], 0, len(weights) - 1)]
                yield self._record(call, self._error(call), principal, int(rng.random() * _WINDOW_SECONDS))
            count -= len(calls)

    def story(self, story: Story, act: int) -> Iterator[Record]:
        """One act of the story."""
        thief, created = story.thief(), story.created()
        for number, step in enumerate(ACTS[act]):
            principal = created if step.created else thief
            yield self._record(step.call, step.error, principal, step_second(act, number))

    def network_activity(self, count: int) -> Iterator[Record]:
        """Calls through an interface endpoint of a VPC, some of which its policy denies.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
        """
        principals = [*self._place.principals["instance"], *self._place.principals["other_account"]]
        for _ in range(count):
            service, name = self._rng.choice(
                (("kms", "Decrypt"), ("secretsmanager", "GetSecretValue"), ("ec2", "DescribeInstances"))
            )
            denied = self._rng.random() < 0.3
            head = {
                "eventVersion": "1.11",
                "userIdentity": "{{identity}}",
                "eventTime": "{{event_time}}",
                "eventSource": f"{service}.amazonaws.com",
                "eventName": name,
                "awsRegion": "{{region}}",
                "sourceIPAddress": "{{instance.address}}",
            }
            error = {
                "errorCode": "VpceAccessDenied",
                "errorMessage": "The request was denied due to a VPC endpoint policy",
            }
            tail = {
                "requestID": "{{uuid:request}}",
                "eventID": "{{event_id}}",
                "eventType": "AwsVpceEvent",
                "recipientAccountId": "{{account}}",
                "sharedEventID": "{{uuid:shared}}",
                "vpcEndpointId": "vpce-0{{hex16}}",
                "vpcEndpointAccountId": "{{account}}",
                "eventCategory": "NetworkActivity",
            }
            template = self._place.compile(cloudtrail_json({**head, **(error if denied else {}), **tail}))
            values = dict(self._session(self._rng.choice(principals)))
            yield self._fill(template, values, int(self._rng.random() * _WINDOW_SECONDS))

    def insights(self, count: int) -> Iterator[Record]:
        """Insights events: a start and an end for each unusual rate.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
        """
        for number in range(count):
            if number % 2 == 0:
                service, name, kind, code = self._rng.choice(_INSIGHTS)
                baseline, unusual = round(self._rng.random(), 10), round(20 + 600 * self._rng.random(), 4)
                role = self._rng.choice(self._place.principals["deployer"])
                arn = self._session(role)["principal_arn"].partition("/aws-go-sdk")[0]
                shared = self._draws.uuid()
            ended = number % 2 == 1
            attributes = (
                ("userIdentityArn", arn),
                ("userAgent", "{{agent}}"),
                ("errorCode", code),
            )
            details = {
                "state": "End" if ended else "Start",
                "eventSource": f"{service}.amazonaws.com",
                "eventName": name,
                "insightType": kind,
                "insightContext": {
                    "statistics": {
                        "baseline": {"average": baseline},
                        "insight": {"average": unusual},
                        **({"insightDuration": 2} if ended else {}),
                        "baselineDuration": 11336,
                    },
                    "attributions": [
                        {
                            "attribute": attribute,
                            "insight": [{"value": value, "average": unusual}],
                            "baseline": [{"value": value, "average": baseline}],
                        }
                        for attribute, value in attributes
                    ],
                },
            }
            record = {
                "eventVersion": "1.08",
                "eventTime": "{{event_time}}",
                "awsRegion": "{{region}}",
                "eventID": "{{event_id}}",
                "eventType": "AwsCloudTrailInsight",
                "recipientAccountId": "{{account}}",
                "sharedEventID": shared,
                "insightDetails": details,
                "eventCategory": "Insight",
            }
            template = self._place.compile(cloudtrail_json(record))
            yield self._fill(template, dict(role.origins[0]), 180 if ended else 60)

    def _error(self, call: ApiCall) -> ApiError | None:
        if not call.errors:
            return None
        luck = self._rng.random()
        for error in call.errors:
            luck -= error.share
            if luck < 0:
                return error
        return None

    def _record(self, call: ApiCall, error: ApiError | None, principal: Principal, second: int) -> Record:
        template = self._place.template(call, error, direct=principal.direct)
        values = dict(self._session(principal))
        origins = principal.origins
        values.update(origins[int(self._draws.random() * len(origins))])
        values["console"] = ',"sessionCredentialFromConsole":"true"' if principal.console else ""
        values["shared_event"] = f',"sharedEventID":"{self._draws.uuid()}"' if principal.shared else ""
        endpoint = principal.vpc_endpoint
        values["vpc_endpoint"] = f',"vpcEndpointId":"{endpoint}"' if endpoint else ""
        return self._fill(template, values, second)

    def _fill(self, template: Template, values: dict[str, str], second: int) -> Record:
        event_id = self._draws.uuid()
        self._draws.second = second
        values["event_id"] = event_id
        values["event_time"] = self._minutes[second // 60] + _SECONDS[second % 60]
        return event_id, template.fill(self._draws, values)

    def _session(self, principal: Principal) -> Mapping[str, str]:
        found = self._sessions.get(principal.name)
        if found is None:
            found = self._sessions[principal.name] = self._place.session(principal, self._window_start)
        return found
