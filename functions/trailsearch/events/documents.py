"""What of a CloudTrail record is searchable: record → search document.

Only the fields listed in ``Fields`` are indexed, beside ``raw``, the whole record as text. Nothing else is
flattened: in real data the same path is a string in one event, an object in the next and an array in a third.
The contents of a record:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import hashlib
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from trailsearch.events.aggregated import AGGREGATED, read_aggregate
from trailsearch.events.call_details import (
    call_details,
    names_of_all,
    request_names,
)
from trailsearch.events.decoding import NO_JSON, load, pick, read_part
from trailsearch.events.fields import Fields
from trailsearch.events.outcomes import FAILED, SUCCESS, outcome_of

# https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html
_is_document_id = re.compile(r"[A-Za-z0-9_\-=#;:/?@&]{1,128}").fullmatch
_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:", re.ASCII)
_FRACTION = re.compile(r"[0-5]\d\.\d{1,3}Z", re.ASCII)
_SECONDS = frozenset(f"{second:02}Z" for second in range(60))
# Together at most 32 MB of text.
_REMEMBERED_BYTES = 4096
_NULL_BYTES = len(b"null")
# A path before the name of a user or role is no part of the name, and CloudTrail's userName has none:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names. Neither a role nor
# its session has a slash in its name. What others than IAM call a user is its own affair.
_ACTOR_IN_ARN = re.compile(
    r":iam::[^:]*:(?:user|role)/(?:.*/)?([^/]+)$"
    r"|:assumed-role/(?:.*/)?([^/]+/[^/]+)$"
    r"|:(?:user|assumed-role|federated-user)/(.+)$"
    r"|:(?:assumed-)?(root)$",
    re.DOTALL,
)
# The role that IAM Identity Center makes of a permission set; its sessions have the name of the user:
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_IDENTITY_CENTER_SESSION = re.compile(r":assumed-role/AWSReservedSSO_[^/]+/(.+)$", re.DOTALL)
_FEDERATED_USER = re.compile(r":federated-user/(.+)$", re.DOTALL)
# Who somebody is to the provider: the claim sub of OpenID Connect, and what Login with Amazon and Facebook have in its place.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
_SUBJECT_ENDINGS = (":sub", ":user_id", ":id")
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)


class Document(msgspec.Struct, frozen=True, gc=False):
    """A search document. The same event always has the same ``id``, however often it is delivered."""

    id: str
    fields: Fields


# What is decoded holds no references in circles, and there is much of it: gc=False spares the garbage collector.


class _SessionIssuer(msgspec.Struct, rename="camel", gc=False):
    arn: str | None = None
    account_id: str | None = None


class _SessionAttributes(msgspec.Struct, rename="camel", gc=False):
    creation_date: str | None = None
    mfa_authenticated: bool | str | None = None


class _SessionContext(msgspec.Struct, rename="camel", gc=False):
    session_issuer: _SessionIssuer | None = None
    web_id_federation_data: msgspec.Raw = NO_JSON
    attributes: _SessionAttributes | None = None
    source_identity: str | None = None


class _OnBehalfOf(msgspec.Struct, rename="camel", gc=False):
    user_id: str | None = None


class _InvokedByDelegate(msgspec.Struct, rename="camel", gc=False):
    account_id: str | None = None


class _InScopeOf(msgspec.Struct, rename="camel", gc=False):
    source_account: str | None = None


class _UserIdentity(msgspec.Struct, rename="camel", gc=False):
    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    session_context: _SessionContext | None = None
    on_behalf_of: _OnBehalfOf | None = None
    # The guide's text calls it an account id, its example has an object with one.
    invoked_by_delegate: _InvokedByDelegate | str | None = None
    in_scope_of: _InScopeOf | None = None


class _Resource(msgspec.Struct, rename="camel", gc=False):
    arn_upper: str | None = msgspec.field(default=None, name="ARN")
    arn: str | None = None
    arn_prefix: str | None = msgspec.field(default=None, name="ARNPrefix")
    account_id: str | None = None
    type: str | None = None


class _TlsDetails(msgspec.Struct, rename="camel", gc=False):
    tls_version: str | None = None


class _InsightDetails(msgspec.Struct, rename="camel", gc=False):
    event_source: str | None = None
    event_name: str | None = None
    error_code: str | None = None


class _Record(msgspec.Struct, rename="camel", gc=False):
    """The part of a record that is indexed by field; ``_who``, ``_about`` and ``call_details`` read what is raw here.

    In the order in which CloudTrail writes them: msgspec looks first for what comes next.
    """

    user_identity: msgspec.Raw = NO_JSON
    event_time: str | None = None
    event_source: str | None = None
    event_name: str | None = None
    aws_region: str | None = None
    source_ip_address: str | None = msgspec.field(default=None, name="sourceIPAddress")
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_parameters: msgspec.Raw = NO_JSON
    response_elements: msgspec.Raw = NO_JSON
    additional_event_data: msgspec.Raw = NO_JSON
    request_id: str | None = msgspec.field(default=None, name="requestID")
    event_id: str | None = msgspec.field(default=None, name="eventID")
    read_only: bool | str | None = None
    resources: msgspec.Raw = NO_JSON
    event_type: str | None = None
    recipient_account_id: str | None = None
    shared_event_id: str | None = msgspec.field(default=None, name="sharedEventID")
    service_event_details: msgspec.Raw = NO_JSON
    vpc_endpoint_id: str | None = None
    vpc_endpoint_account_id: str | None = None
    event_category: str | None = None
    tls_details: _TlsDetails | None = None
    session_credential_from_console: bool | str | None = None
    insight_details: _InsightDetails | None = None


class _Who(msgspec.Struct, frozen=True, gc=False):
    """What a ``userIdentity`` says, as far as it is indexed; ``account_ids`` are those of the event and the identity.

    ``identity`` has no empty strings.
    """

    identity: _UserIdentity
    session_issuer_arn: str | None
    actor: str | None
    account_ids: tuple[str, ...]
    mfa: str | None
    source_identity: str | None
    federated_user: str | None
    session_created: str | None
    cross_account: str | None


class _About(NamedTuple):
    """What ``resources`` say, as far as it is indexed: everything once, in the order of its mention."""

    arns: tuple[str, ...]
    types: tuple[str, ...]
    account_ids: tuple[str, ...]


_NO_IDENTITY = _UserIdentity()
_NO_CONTEXT = _SessionContext()
_NO_ISSUER = _SessionIssuer()
_NO_ATTRIBUTES = _SessionAttributes()
_NO_INSIGHT = _InsightDetails()
_record_decoder = msgspec.json.Decoder(_Record)
_identity_decoder = msgspec.json.Decoder(_UserIdentity | None)
_resources_decoder = msgspec.json.Decoder(list[_Resource] | None)


def build_document(record: bytes, log_file: str) -> Document:
    """Build the search document of a CloudTrail record.

    Any JSON value gives a document: what is missing, or has another type than CloudTrail documents, is left
    out of the fields and stays in ``raw``, and so is everything of a record that is nested too deep to be
    read (hundreds of levels). Insight events give the source, name and error code that they
    are about, aggregated events what ``aggregated`` says.

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
    text = record.decode()
    return _document(_read(text), text, log_file)


def build_documents(lines: bytes, log_file: str) -> list[Document]:
    """Build the search documents of some records of a log, each as ``build_document`` does, in order.

    Args:
        lines: the records, one a line, without a line break after the last.
        log_file: the ``s3://`` URI of the log that they are from.

    Raises:
        ValueError: a record is not JSON.
    """
    # One by one: where a record is not ASCII, the others take no more time and memory for it. A file looks for line breaks
    # at the speed of memory, which bytes.split does not.
    records = [line.removesuffix(b"\n").decode() for line in io.BytesIO(lines)]
    try:
        events = _record_decoder.decode_lines(lines)  # All at once takes less time.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        events = [_read(record) for record in records]  # One of them is odd: each alone.
    return [_document(event, record, log_file) for event, record in zip(events, records, strict=True)]


def _document(event: _Record, record: str, log_file: str) -> Document:
    if event.event_category == AGGREGATED:
        event = _as_event(event, record)
    recipient, endpoint_owner = event.recipient_account_id, event.vpc_endpoint_account_id
    user_identity = bytes(event.user_identity)
    # Of another length than an account id's it is none: nothing long is remembered.
    who = (_remembered_who if len(user_identity) <= _REMEMBERED_BYTES else _who)(
        user_identity, recipient if recipient and len(recipient) == 12 else None
    )
    account_ids = who.account_ids
    if endpoint_owner and len(endpoint_owner) == 12:
        account_ids = _and_account_id(account_ids, endpoint_owner)
    identity, mfa = who.identity, who.mfa
    insight = event.insight_details or _NO_INSIGHT
    request = event.request_parameters
    names = request_names(bytes(request)) if len(request) > _NULL_BYTES else ()
    issued_access_key_id, is_failure = None, False
    # Most events have no more than parameters; what is not there is null.
    if (
        len(event.response_elements) > _NULL_BYTES
        or event.additional_event_data is not NO_JSON
        or event.service_event_details is not NO_JSON
    ):
        names, issued_access_key_id, mfa_used, is_failure = _details(event, names)
        if mfa_used and event.event_name == "ConsoleLogin":
            mfa = mfa_used
    arns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    if event.resources is not NO_JSON:  # Most have none.
        resources = bytes(event.resources)
        arns, types, account_ids = (_remembered_about if len(resources) <= _REMEMBERED_BYTES else _about)(
            resources, account_ids
        )
    read_only = event.read_only
    event_id, from_console, tls = event.event_id, event.session_credential_from_console, event.tls_details
    return Document(
        event_id if event_id and _is_document_id(event_id) else hashlib.sha256(record.encode()).hexdigest(),
        # By position, in the order of Fields: so many keywords take three times as long. No field is an empty string:
        # what a search domain makes of those is not documented.
        Fields(
            _event_time(event.event_time),
            event.event_source or insight.event_source or None,
            event.event_name or insight.event_name or None,
            event.aws_region or None,
            event.event_type or None,
            event.event_category or None,
            ("true" if read_only else "false") if isinstance(read_only, bool) else read_only or None,
            event.source_ip_address or None,
            recipient or None,
            event.error_code or insight.error_code or None,
            _outcome(event, is_failure),
            identity.type,
            identity.arn,
            identity.account_id,
            identity.user_name,
            identity.invoked_by,
            who.session_issuer_arn,
            who.actor,
            mfa,
            who.source_identity,
            who.federated_user,
            from_console if from_console is None else _yes_or_no(from_console),
            who.cross_account,
            tls.tls_version or None if tls else None,
            event_id or None,
            event.request_id or None,
            event.shared_event_id or None,
            identity.access_key_id,
            issued_access_key_id,
            identity.principal_id,
            event.vpc_endpoint_id or None,
            log_file,
            who.session_created,
            names,
            arns,
            types,
            account_ids,
            event.user_agent or None,
            event.error_message or None,
            record,
        ),
    )


def _yes_or_no(value: bool | str | None) -> str | None:
    return ("true" if value else "false") if isinstance(value, bool) else value or None


def _details(event: _Record, names: tuple[str, ...]) -> tuple[tuple[str, ...], str | None, str | None, bool]:
    """Read the parts that are of each API's own shape, beside the parameters, whose ``names`` come before theirs."""
    key, mfa_used, is_failure = None, None, False
    if len(event.response_elements) > _NULL_BYTES:
        details = call_details(bytes(event.response_elements))
        key, is_failure = details.issued_access_key_id, details.is_failure
        names = names_of_all(names, details.resource_names)
    if event.additional_event_data is not NO_JSON:
        details = call_details(bytes(event.additional_event_data))
        mfa_used = details.mfa_used
        names = names_of_all(names, details.resource_names)
    if event.service_event_details is not NO_JSON:
        names = names_of_all(names, call_details(bytes(event.service_event_details)).resource_names)
    return names, key, mfa_used, is_failure


def _outcome(event: _Record, is_failure: bool) -> str | None:
    if event.error_code:
        return None if event.insight_details else outcome_of(event.error_code)
    if event.error_message or (is_failure and event.event_type == "AwsConsoleSignIn"):
        return FAILED  # A failed sign-in has no code.
    # An Insights event is no call, and an aggregated one many, which may have ended otherwise each.
    return None if event.insight_details or event.event_category == AGGREGATED else SUCCESS


def _as_event(event: _Record, record: str) -> _Record:
    """Tell an aggregated event as one event is told; what it says as an event does is kept."""
    aggregate = read_aggregate(record)
    return msgspec.structs.replace(
        event,
        event_time=event.event_time or aggregate.event_time,
        event_id=event.event_id or aggregate.event_id,
        recipient_account_id=event.recipient_account_id or aggregate.account_id,
        event_name=event.event_name or aggregate.event_name,
        source_ip_address=event.source_ip_address or aggregate.source_ip_address,
        user_agent=event.user_agent or aggregate.user_agent,
        error_code=event.error_code or aggregate.error_code,
        user_identity=_or_raw(event.user_identity, _identity_of(aggregate.identity)),
        resources=_or_raw(event.resources, [{"ARN": arn} for arn in aggregate.resource_arns]),
    )


def _identity_of(name: str | None) -> dict[str, str]:
    """Give a ``userIdentity`` by the name that a summary has for it, of which no example is documented."""
    if not name:
        return {}
    return {"arn" if name.startswith("arn:") else "principalId": name}


def _or_raw(own: msgspec.Raw, other: object) -> msgspec.Raw:
    return own if bytes(own) != bytes(NO_JSON) else msgspec.Raw(json.dumps(other).encode())


def _read(record: str) -> _Record:
    try:
        try:
            return _record_decoder.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            picked: _Record = pick(_Record, load(record))
            return picked
    except RecursionError:
        # How deep JSON may be nested depends on how deep the calls are: less here than where the log was read.
        return _Record()


def _who(user_identity: bytes, recipient_account_id: str | None) -> _Who:
    """Read a ``userIdentity``, the JSON text of any value, of an event in some account."""
    identity = read_part(user_identity, _identity_decoder) or _NO_IDENTITY
    for name in identity.__struct_fields__:
        if getattr(identity, name) == "":
            setattr(identity, name, None)
    context = identity.session_context or _NO_CONTEXT
    issuer = context.session_issuer or _NO_ISSUER
    attributes = context.attributes or _NO_ATTRIBUTES
    delegate = identity.invoked_by_delegate
    account_ids = _account_ids(
        [
            recipient_account_id,
            identity.account_id,
            issuer.account_id,
            delegate.account_id if isinstance(delegate, _InvokedByDelegate) else delegate,
            identity.in_scope_of.source_account if identity.in_scope_of else None,
        ]
    )
    return _Who(
        identity,
        issuer.arn or None,
        _actor(identity),
        account_ids,
        mfa=_true_or_false(attributes.mfa_authenticated),
        source_identity=context.source_identity or None,
        federated_user=_federated_user(identity, context),
        session_created=_event_time(attributes.creation_date),
        cross_account=_cross_account(identity.account_id, recipient_account_id),
    )


def _true_or_false(value: bool | str | None) -> str | None:
    text = str(value).lower()
    return text if text in {"true", "false"} else None


def _cross_account(caller: str | None, recipient: str | None) -> str | None:
    """Say whether somebody called into another account. A service, and whoever is anonymous, is of none."""
    if not (caller and recipient and _ACCOUNT_ID.fullmatch(caller) and _ACCOUNT_ID.fullmatch(recipient)):
        return None
    return "false" if caller == recipient else "true"


def _federated_user(identity: _UserIdentity, context: _SessionContext) -> str | None:
    """Give the name by which an identity provider knows who is behind this, as far as the record has it.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF
    """
    if identity.type in {"SAMLUser", "WebIdentityUser"} and identity.user_name:
        return identity.user_name
    arn = identity.arn or ""
    if match := _IDENTITY_CENTER_SESSION.search(arn) or _FEDERATED_USER.search(arn):
        return match[1]
    if identity.on_behalf_of and identity.on_behalf_of.user_id:
        return identity.on_behalf_of.user_id
    return _subject_of(bytes(context.web_id_federation_data))


def _subject_of(web_id_federation_data: bytes) -> str | None:
    try:
        attributes = load(web_id_federation_data).get("attributes", {}).items()
    except (AttributeError, RecursionError):
        return None  # Nothing, or of another type.
    return next(
        (
            value
            for key, value in attributes
            if key.endswith(_SUBJECT_ENDINGS) and isinstance(value, str) and value
        ),
        None,
    )


def _about(resources: bytes, account_ids: tuple[str, ...]) -> _About:
    """Read ``resources``, the JSON text of any value; ``account_ids`` are mentioned before those in it."""
    arns: dict[str | None, None] = {}
    types: dict[str | None, None] = {}
    ids: dict[str | None, None] = dict.fromkeys(account_ids)
    for resource in read_part(resources, _resources_decoder) or ():
        arns[resource.arn_upper or resource.arn] = None
        arns[resource.arn_prefix] = None
        types[resource.type] = None
        ids[resource.account_id] = None
    return _About(_present(arns), _present(types), _account_ids(ids))


# A log repeats a few identities, and nine in ten of its resources: those of up to so many bytes are remembered.
_remembered_who = lru_cache(maxsize=4096)(_who)
_remembered_about = lru_cache(maxsize=4096)(_about)


def _present(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple([value for value in values if value])


@lru_cache(maxsize=4096)
def _and_account_id(account_ids: tuple[str, ...], another: str) -> tuple[str, ...]:
    return _account_ids([*account_ids, another])


def _account_ids(values: Iterable[str | None]) -> tuple[str, ...]:
    """Give each account id once: ``accountId`` says ``ANONYMOUS_PRINCIPAL``, or the name of a service, too."""
    return tuple([value for value in dict.fromkeys(values) if value and _ACCOUNT_ID.fullmatch(value)])


# Many events of a log happen in the same second.
@lru_cache(maxsize=4096)
def _event_time(text: str | None) -> str | None:
    """Give the time in the form that search domains take, or nothing if it is no point in time."""
    if not text:
        return None
    # A log that was busy has some minutes, but hundreds of seconds.
    if _is_minute(text[:17]) and (text[17:] in _SECONDS or _FRACTION.fullmatch(text[17:])):
        return text
    try:
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time.isoformat(timespec="milliseconds" if time.microsecond else "seconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _is_minute(text: str) -> bool:
    """Tell whether this is a minute as CloudTrail writes it, with the colon after it."""
    if not _MINUTE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text[:16])
    except ValueError:
        return False
    return True


def _actor(identity: _UserIdentity) -> str | None:
    """Say who: the name in the ARN (role sessions as ``role/session``), else the best name there is."""
    if identity.arn and (match := _ACTOR_IN_ARN.search(identity.arn)) and match.lastindex:
        return match[match.lastindex]
    return (
        identity.user_name
        or identity.invoked_by
        or (identity.on_behalf_of.user_id if identity.on_behalf_of else None)
        or identity.arn
        or identity.principal_id
        or identity.account_id
    )
