"""What CloudTrail records of one API call, as a template."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.log_generator.templates import cloudtrail_json

Json = Mapping[str, object] | None

GLOBAL_HOSTS: Mapping[str, str] = {
    "iam": "iam.amazonaws.com",
    "organizations": "organizations.us-east-1.amazonaws.com",
}
"""Services that record all their events in one region, and the hosts of their endpoints."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """How a call fails: its share of the calls, errorCode, errorMessage and responseElements (each may be absent)."""

    share: float
    code: str | None
    message: str | None
    response: Json = None


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One API call, or one event of another type, with placeholders in its values.

    `principals` are kinds of principals and their weights. `resources` are pairs of type and ARN. `host` is the
    host of the endpoint the client spoke to, where it is not the service's usual one.
    """

    service: str
    name: str
    weight: float
    principals: Mapping[str, float]
    request: Json = None
    response: Json = None
    read_only: bool = True
    resources: tuple[tuple[str, str], ...] = ()
    additional: Json = None
    errors: tuple[ApiError, ...] = ()
    version: str = "1.11"
    host: str = ""
    request_id: str | None = "{{uuid:request}}"
    event_type: str = "AwsApiCall"
    api_version: str | None = None
    category: str = "Management"
    service_event_details: Json = None

    def record(self, error: ApiError | None, *, direct: bool) -> str:
        """The text of the record, in CloudTrail's order of fields; direct calls have TLS details."""
        record: dict[str, object] = {
            "eventVersion": self.version,
            "userIdentity": "{{identity}}",
            "eventTime": "{{event_time}}",
            "eventSource": f"{self.service}.amazonaws.com",
            "eventName": self.name,
            "awsRegion": "{{region}}",
            "sourceIPAddress": "{{address}}",
            "userAgent": "{{agent}}",
        }
        if error and error.code:
            record["errorCode"] = error.code
        if error and error.message:
            record["errorMessage"] = error.message
        record["requestParameters"] = self.request
        record["responseElements"] = error.response if error else self.response
        if self.additional is not None:
            record["additionalEventData"] = self.additional
        if self.request_id:
            record["requestID"] = self.request_id
        record["eventID"] = "{{event_id}}"
        record["readOnly"] = self.read_only
        if self.resources:
            record["resources"] = [
                {"accountId": "{{account}}", "type": kind, "ARN": arn} for kind, arn in self.resources
            ]
        record["eventType"] = self.event_type
        if self.api_version:
            record["apiVersion"] = self.api_version
        record["managementEvent"] = self.category == "Management"
        record["recipientAccountId"] = "{{account}}"
        return "".join(
            (
                cloudtrail_json(record)[:-1],
                "{{shared_event}}",
                _field("serviceEventDetails", self.service_event_details),
                "{{vpc_endpoint}}",
                _field("eventCategory", self.category),
                _field("tlsDetails", self._tls_details() if direct else None),
                "{{console}}}",
            )
        )

    def _tls_details(self) -> Json:
        usual = GLOBAL_HOSTS.get(self.service, f"{self.service}.{{{{region}}}}.amazonaws.com")
        return {
            "tlsVersion": "{{tls_version}}",
            "cipherSuite": "{{cipher_suite}}",
            "clientProvidedHostHeader": self.host or usual,
        }


def _field(name: str, value: object) -> str:
    return "" if value is None else f',"{name}":{cloudtrail_json(value)}'
