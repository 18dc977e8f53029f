"""The same job as Trailsearch's data path, written plainly: what the benchmarks compare with.

Logs, gzip'd, become batches of documents for Amazon CloudSearch, or bulk bodies for Amazon OpenSearch Service. Nothing
is tuned and nothing is left out that makes a difference to the documents (a test holds the two together): every field,
the characters and lengths that CloudSearch forbids, the words that JSON's escapes hide from it, the index of the month,
the limits of a batch. What it does without:
odd input (a record of undocumented types or without eventID, an aggregated event, a document over 1 MB, a lone surrogate, a log that is no
log), the staging between the steps, and ``raw`` as the very bytes that CloudTrail wrote (its JSON is encoded anew, with
the same values).
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import orjson

MAX_BATCH_BYTES = 5_000_000
INDICES = "trailsearch-bench-events"
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")
ACTOR = re.compile(
    r":iam::[^:]*:(?:user|role)/(?:.*/)?([^/]+)$|:assumed-role/(?:.*/)?([^/]+/[^/]+)$"
    r"|:(?:user|assumed-role|federated-user)/(.+)$|:(?:assumed-)?(root)$"
)
ACCOUNT_ID = re.compile("[0-9]{12}")
IDENTITY_CENTER_SESSION = re.compile(r":assumed-role/AWSReservedSSO_[^/]+/(.+)$")
DENIED = re.compile(
    r"Unauthorized|Denied|NotAuthorized|NoAuthorization|Authorization(?:Error|Exception)|AuthFailure|Forbidden"
    r"|Insufficient\w*(?:Permission|Privilege)"
)


# What JSON, or ``escape``, writes with a backslash, and a word behind it, which would be another one then.
HIDES_WORDS = re.compile("[\x00-\x1f\ufffe\uffff\U00010000-\U0010ffff][\\w.:']")


class Json(NamedTuple):
    """A JSON library: ``dumps`` gives UTF-8."""

    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]


STANDARD = Json(
    json.loads, lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
)
ORJSON = Json(orjson.loads, orjson.dumps)

Change = Callable[[str, "str | list[str]"], "str | list[str]"] | None

gunzip = gzip.decompress


def batches_of(logs: Iterable[tuple[str, bytes]], library: Json) -> Iterator[bytes]:
    """Turn logs, each with its ``s3://`` URI, into batches for CloudSearch."""
    return pack(fields_of_logs(logs, library, allowed), library)


def bulk_bodies_of(logs: Iterable[tuple[str, bytes]], library: Json) -> Iterator[bytes]:
    """Turn logs, each with its ``s3://`` URI, into bulk bodies for OpenSearch."""
    return pack_bulk(fields_of_logs(logs, library, None), library)


def fields_of_logs(
    logs: Iterable[tuple[str, bytes]], library: Json, change: Change
) -> Iterator[dict[str, Any]]:
    """Give the fields of the records of all logs, of each event once."""
    seen = set()
    for log_file, log in logs:
        for fields in fields_of_records(parse(gunzip(log), library), log_file, library, change):
            if fields["event_id"] not in seen:
                seen.add(fields["event_id"])
                yield fields


def parse(text: bytes, library: Json) -> list[dict[str, Any]]:
    """Give the records of a log."""
    records: list[dict[str, Any]] = library.loads(text)["Records"]
    return records


def fields_of_records(
    records: Iterable[dict[str, Any]], log_file: str, library: Json, change: Change
) -> Iterator[dict[str, Any]]:
    """Make the fields of each record."""
    for record in records:
        fields = fields_of(record, log_file, library.dumps(record).decode(), change)
        if change is allowed and "\\" in fields["raw"]:
            strings = [each for each in strings_of(record) if HIDES_WORDS.search(each)]
            if strings:
                fields["raw"] += "\n//\n" + FORBIDDEN.sub(" ", "\n".join(strings))
        yield fields


def pack(documents: Iterable[dict[str, Any]], library: Json) -> Iterator[bytes]:
    """Encode documents for CloudSearch, of these fields, and join as many as a batch takes."""
    batch: list[bytes] = []
    size = 0
    for fields in documents:
        document = library.dumps({"type": "add", "id": fields["event_id"], "fields": fields})
        if batch and size + len(document) + 1 > MAX_BATCH_BYTES:
            yield b"[" + b",".join(batch) + b"]"
            batch, size = [], 0
        batch.append(document)
        size += len(document) + 1
    if batch:
        yield b"[" + b",".join(batch) + b"]"


def pack_bulk(documents: Iterable[dict[str, Any]], library: Json) -> Iterator[bytes]:
    """Encode documents for OpenSearch, of these fields, each after its action, and join as many as a batch takes."""
    batch: list[bytes] = []
    size = 0
    for fields in documents:
        index = f"{INDICES}-{fields['event_time'][:7].replace('-', '.')}"
        action = library.dumps({"index": {"_index": index, "_id": fields["event_id"]}})
        document = action + b"\n" + library.dumps(fields) + b"\n"
        if batch and size + len(document) > MAX_BATCH_BYTES:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(document)
        size += len(document)
    if batch:
        yield b"".join(batch)


def fields_of(record: dict[str, Any], log_file: str, raw: str, change: Change) -> dict[str, Any]:
    """Give the fields of a record, without those that it does not have, changed where a backend asks for that."""
    identity = record.get("userIdentity") or {}
    context = identity.get("sessionContext", {})
    issuer = context.get("sessionIssuer", {})
    attributes = context.get("attributes", {})
    response = record.get("responseElements") or {}
    insight = record.get("insightDetails") or {}
    resources = record.get("resources") or []
    accounts = [
        record.get("recipientAccountId"),
        identity.get("accountId"),
        issuer.get("accountId"),
        identity.get("invokedByDelegate", {}).get("accountId"),
        identity.get("inScopeOf", {}).get("sourceAccount"),
        record.get("vpcEndpointAccountId"),
        *[resource.get("accountId") for resource in resources],
    ]
    datetime.fromisoformat(record["eventTime"])  # Fails where it is no point in time.
    fields = {
        "event_time": record["eventTime"],
        "event_source": record.get("eventSource") or insight.get("eventSource"),
        "event_name": record.get("eventName") or insight.get("eventName"),
        "aws_region": record.get("awsRegion"),
        "event_type": record.get("eventType"),
        "event_category": record.get("eventCategory"),
        "read_only": {True: "true", False: "false", None: None}[record.get("readOnly")],
        "source_ip_address": record.get("sourceIPAddress"),
        "recipient_account_id": record.get("recipientAccountId"),
        "error_code": record.get("errorCode") or insight.get("errorCode"),
        "outcome": outcome_of(record, response),
        "user_identity_type": identity.get("type"),
        "user_identity_arn": identity.get("arn"),
        "user_identity_account_id": identity.get("accountId"),
        "user_identity_user_name": identity.get("userName"),
        "user_identity_invoked_by": identity.get("invokedBy"),
        "session_issuer_arn": issuer.get("arn"),
        "actor": actor_of(identity),
        "mfa": mfa_of(record, attributes),
        "source_identity": context.get("sourceIdentity"),
        "federated_user": federated_user_of(identity, context),
        "from_console": record.get("sessionCredentialFromConsole"),
        "cross_account": cross_account_of(identity.get("accountId"), record.get("recipientAccountId")),
        "tls_version": (record.get("tlsDetails") or {}).get("tlsVersion"),
        "event_id": record["eventID"],
        "request_id": record.get("requestID"),
        "shared_event_id": record.get("sharedEventID"),
        "access_key_id": identity.get("accessKeyId"),
        "issued_access_key_id": (response.get("credentials") or response.get("accessKey") or {}).get(
            "accessKeyId"
        ),
        "user_identity_principal_id": identity.get("principalId"),
        "vpc_endpoint_id": record.get("vpcEndpointId"),
        "log_file": log_file,
        "session_created": attributes.get("creationDate"),
        "resource_names": resource_names_of(record),
        "resource_arns": distinct([arn for resource in resources for arn in arns_of(resource)]),
        "resource_types": distinct([resource.get("type") for resource in resources]),
        "account_ids": [each for each in distinct(accounts) if ACCOUNT_ID.fullmatch(each)],
        "user_agent": record.get("userAgent"),
        "error_message": record.get("errorMessage"),
        "raw": raw,
    }
    if change is None:
        return {name: value for name, value in fields.items() if value}
    return {name: change(name, value) for name, value in fields.items() if value}


def allowed(name: str, value: str | list[str]) -> str | list[str]:
    """Escape the characters that CloudSearch forbids, and cut what is longer than it takes."""
    if isinstance(value, list):
        return [FORBIDDEN.sub(escape, item)[:4096] for item in value[:1000]]
    value = FORBIDDEN.sub(escape, value)
    return value if name in {"raw", "error_message"} else value[:4096]


def escape(match: re.Match[str]) -> str:
    """Write a character as JSON does where it keeps to ASCII."""
    return json.dumps(match[0])[1:-1]


def actor_of(identity: dict[str, Any]) -> str | None:
    """Say who: the name in the ARN, else the best name there is."""
    if match := ACTOR.search(identity.get("arn") or ""):
        return match[match.lastindex or 0]
    return (
        identity.get("userName")
        or identity.get("invokedBy")
        or identity.get("onBehalfOf", {}).get("userId")
        or identity.get("arn")
        or identity.get("principalId")
        or identity.get("accountId")
    )


def strings_of(value: Any) -> Iterator[str]:
    """Give all strings of a record, keys too."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from strings_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_of(each)
    elif isinstance(value, str):
        yield value


def outcome_of(record: dict[str, Any], response: dict[str, Any]) -> str | None:
    """Say how a call ended."""
    if "insightDetails" in record:
        return None
    if code := record.get("errorCode"):
        return "denied" if DENIED.search(code) else "failed"
    is_failure = record.get("eventType") == "AwsConsoleSignIn" and "Failure" in response.values()
    return "failed" if record.get("errorMessage") or is_failure else "success"


def mfa_of(record: dict[str, Any], attributes: dict[str, Any]) -> str | None:
    """Say whether the session, or the sign-in, was with MFA."""
    if record.get("eventName") == "ConsoleLogin":
        used = (record.get("additionalEventData") or {}).get("MFAUsed")
        if used in {"Yes", "No"}:
            return "true" if used == "Yes" else "false"
    return attributes.get("mfaAuthenticated")


def federated_user_of(identity: dict[str, Any], context: dict[str, Any]) -> str | None:
    """Give the name by which an identity provider knows who it was."""
    if identity.get("type") in {"SAMLUser", "WebIdentityUser"}:
        return identity.get("userName")
    arn = identity.get("arn") or ""
    if match := IDENTITY_CENTER_SESSION.search(arn):
        return match[1]
    if ":federated-user/" in arn:
        return str(arn.partition(":federated-user/")[2])
    if user_id := identity.get("onBehalfOf", {}).get("userId"):
        return str(user_id)
    for name, value in context.get("webIdFederationData", {}).get("attributes", {}).items():
        if name.endswith((":sub", ":user_id", ":id")):
            return str(value)
    return None


def cross_account_of(caller: str | None, recipient: str | None) -> str | None:
    """Say whether the caller is of another account, where both are account ids."""
    if caller and recipient and ACCOUNT_ID.fullmatch(caller) and ACCOUNT_ID.fullmatch(recipient):
        return "true" if caller != recipient else "false"
    return None


def resource_names_of(record: dict[str, Any]) -> list[str]:
    """Give the names of resources in the parts of a record whose shape is that of the API."""
    names: dict[str, None] = {}
    for part in ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"):
        if record.get(part):
            add_names(record[part], "", names)
    return [name for name in names if name][:50]


def add_names(value: Any, key: str, names: dict[str, None]) -> None:
    """Add the names in a value, which is below this key."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name.lower() != "credentials" and "token" not in name.lower():
                add_names(each, name, names)
    elif isinstance(value, list):
        for each in value:
            add_names(each, key, names)
    elif isinstance(value, str) and len(value) <= 256:
        if value.startswith("arn:") and value.count(":") >= 5:
            names[value] = None
            names[re.split("[:/]", value)[-1]] = None
        elif key.lower().endswith(("name", "id", "arn", "identifier")):
            names[value] = None


def arns_of(resource: dict[str, Any]) -> list[str | None]:
    """Give the ARN of a resource, and what the ARNs of several begin with."""
    return [resource.get("ARN") or resource.get("arn"), resource.get("ARNPrefix")]


def distinct(values: list[str | None]) -> list[str]:
    """Give each value once, in the order of the first."""
    return [value for value in dict.fromkeys(values) if value]
