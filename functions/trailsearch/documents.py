"""What of a CloudTrail record is searchable: record → search document.

Only the fields listed in ``Fields`` are indexed, beside ``raw``, the whole record as text. Nothing else is
flattened: in real data the same path is a string in one event, an object in the next and an array in a third.
The contents of a record:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

# https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html
_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_\-=#;:/?@&]{1,128}")
_EVENT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z", re.ASCII)
_ACTOR_IN_ARN = re.compile(r":(?:user|assumed-role|federated-user)/(.+)$|:(root)$")


class Fields(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The fields of a search document, under the names and in the order of the search domain's schema.

    A field that the record does not have stays out of the document. ``actor`` is who did it, in one field
    for users, roles and services alike. ``event_time`` is ISO 8601 in UTC. ``log_file`` is the log's
    ``s3://`` URI. ``raw`` is the JSON text of the record. (``user_agent_exact``, the 31st field, is filled
    by the search domain from ``user_agent``.)
    """

    event_time: str | None = None
    event_source: str | None = None
    event_name: str | None = None
    aws_region: str | None = None
    event_type: str | None = None
    event_category: str | None = None
    read_only: str | None = None
    source_ip_address: str | None = None
    recipient_account_id: str | None = None
    error_code: str | None = None
    user_identity_type: str | None = None
    user_identity_arn: str | None = None
    user_identity_account_id: str | None = None
    user_identity_user_name: str | None = None
    user_identity_invoked_by: str | None = None
    session_issuer_arn: str | None = None
    actor: str | None = None
    event_id: str | None = None
    request_id: str | None = None
    shared_event_id: str | None = None
    access_key_id: str | None = None
    user_identity_principal_id: str | None = None
    vpc_endpoint_id: str | None = None
    log_file: str
    resource_arns: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    account_ids: tuple[str, ...] = ()
    user_agent: str | None = None
    error_message: str | None = None
    raw: str


class Document(msgspec.Struct, frozen=True):
    """A search document. The same event always has the same ``id``, however often it is delivered."""

    id: str
    fields: Fields


class _SessionIssuer(msgspec.Struct, rename="camel"):
    arn: str | None = None
    account_id: str | None = None


class _SessionContext(msgspec.Struct, rename="camel"):
    session_issuer: _SessionIssuer | None = None


class _OnBehalfOf(msgspec.Struct, rename="camel"):
    user_id: str | None = None


class _UserIdentity(msgspec.Struct, rename="camel"):
    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    session_context: _SessionContext | None = None
    on_behalf_of: _OnBehalfOf | None = None


class _Resource(msgspec.Struct, rename="camel"):
    arn_upper: str | None = msgspec.field(default=None, name="ARN")
    arn: str | None = None
    account_id: str | None = None
    type: str | None = None


class _InsightDetails(msgspec.Struct, rename="camel"):
    event_source: str | None = None
    event_name: str | None = None
    error_code: str | None = None


class _Record(msgspec.Struct, rename="camel"):
    """The part of a record that is indexed by field."""

    event_time: str | None = None
    event_source: str | None = None
    event_name: str | None = None
    aws_region: str | None = None
    event_type: str | None = None
    event_category: str | None = None
    read_only: bool | str | None = None
    source_ip_address: str | None = msgspec.field(default=None, name="sourceIPAddress")
    recipient_account_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    user_agent: str | None = None
    event_id: str | None = msgspec.field(default=None, name="eventID")
    request_id: str | None = msgspec.field(default=None, name="requestID")
    shared_event_id: str | None = msgspec.field(default=None, name="sharedEventID")
    vpc_endpoint_id: str | None = None
    user_identity: _UserIdentity | None = None
    resources: list[_Resource] | None = None
    insight_details: _InsightDetails | None = None


_NO_IDENTITY = _UserIdentity()
_NO_ISSUER = _SessionIssuer()
_NO_INSIGHT = _InsightDetails()
_record_decoder = msgspec.json.Decoder(_Record)


def build_document(record: bytes, log_file: str) -> Document:
    """Build the search document of a CloudTrail record.

    Any JSON value gives a document: what is missing, or has another type than CloudTrail documents, is left
    out of the fields and stays in ``raw``, and so is everything of a record that is nested too deep to be
    read (hundreds of levels). Insight events give the source, name and error code that they
    are about.

    Args:
        record: the UTF-8 encoded JSON text of the record.
        log_file: the ``s3://`` URI of the log that the record is from.

    Returns:
        The document. Its id is the eventID, or, where that is missing or no valid document id, the SHA-256
        of the record. What the search domain cannot take as it is (characters, lengths) is for the search
        index to change.

    Raises:
        ValueError: ``record`` is not JSON. ``trail_log.raw_records`` gives none such.
    """
    event = _read(record)
    identity = event.user_identity or _NO_IDENTITY
    context = identity.session_context
    issuer = (context.session_issuer if context else None) or _NO_ISSUER
    insight = event.insight_details or _NO_INSIGHT
    resources = event.resources or []
    return Document(
        id=_document_id(event.event_id, record),
        fields=Fields(
            event_time=_event_time(event.event_time),
            event_source=event.event_source or insight.event_source,
            event_name=event.event_name or insight.event_name,
            aws_region=event.aws_region,
            event_type=event.event_type,
            event_category=event.event_category,
            read_only=_boolean(event.read_only),
            source_ip_address=event.source_ip_address,
            recipient_account_id=event.recipient_account_id,
            error_code=event.error_code or insight.error_code,
            user_identity_type=identity.type,
            user_identity_arn=identity.arn,
            user_identity_account_id=identity.account_id,
            user_identity_user_name=identity.user_name,
            user_identity_invoked_by=identity.invoked_by,
            session_issuer_arn=issuer.arn,
            actor=_actor(identity),
            event_id=event.event_id,
            request_id=event.request_id,
            shared_event_id=event.shared_event_id,
            access_key_id=identity.access_key_id,
            user_identity_principal_id=identity.principal_id,
            vpc_endpoint_id=event.vpc_endpoint_id,
            log_file=log_file,
            resource_arns=_distinct(resource.arn_upper or resource.arn for resource in resources),
            resource_types=_distinct(resource.type for resource in resources),
            account_ids=_distinct(
                (
                    event.recipient_account_id,
                    identity.account_id,
                    issuer.account_id,
                    *(resource.account_id for resource in resources),
                )
            ),
            user_agent=event.user_agent,
            error_message=event.error_message,
            raw=record.decode(),
        ),
    )


def _read(record: bytes) -> _Record:
    try:
        try:
            return _record_decoder.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A field of another type than documented, or a lone surrogate, which msgspec does not read.
            picked: _Record = _pick(_Record, json.loads(record, parse_int=str, parse_float=str))
            return picked
    except RecursionError:
        # How deep JSON may be nested depends on how deep the calls are: less here than where the log was read.
        return _Record()


def _pick(struct: Any, value: Any) -> Any:
    """Read ``value`` into ``struct``, leaving out what does not fit. Numbers come as their text."""
    if not isinstance(value, dict):
        return struct()
    return struct(**{field.name: _fit(field.type, value.get(field.encode_name)) for field in _fields(struct)})


def _fit(wanted: Any, value: Any) -> Any:
    for choice in wanted.__args__:
        if choice is str and isinstance(value, str | bool):
            return value if isinstance(value, str) else _boolean(value)
        if isinstance(choice, type) and issubclass(choice, msgspec.Struct) and isinstance(value, dict):
            return _pick(choice, value)
        if getattr(choice, "__origin__", None) is list and isinstance(value, list):
            return [_pick(choice.__args__[0], item) for item in value]
    return None


_fields = lru_cache(msgspec.structs.fields)


def _document_id(event_id: str | None, record: bytes) -> str:
    if event_id and _DOCUMENT_ID.fullmatch(event_id):
        return event_id
    return hashlib.sha256(record).hexdigest()


def _event_time(text: str | None) -> str | None:
    """Give the time in the form that search domains take, or nothing if it is no point in time."""
    if not text:
        return None
    if _EVENT_TIME.fullmatch(text) and _is_time(text[:16]) and text[17:19] < "60":
        return text
    try:
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time.isoformat(timespec="milliseconds" if time.microsecond else "seconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _is_time(minute: str) -> bool:
    try:
        datetime.fromisoformat(minute)
    except ValueError:
        return False
    return True


def _boolean(value: bool | str | None) -> str | None:
    return value if value is None or isinstance(value, str) else ("true" if value else "false")


def _actor(identity: _UserIdentity) -> str | None:
    """Say who: the name in the ARN (role sessions as ``role/session``), else the best name there is."""
    if identity.arn and (match := _ACTOR_IN_ARN.search(identity.arn)):
        return match[1] or match[2]
    return (
        identity.user_name
        or identity.invoked_by
        or (identity.on_behalf_of.user_id if identity.on_behalf_of else None)
        or identity.arn
        or identity.principal_id
        or identity.account_id
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
