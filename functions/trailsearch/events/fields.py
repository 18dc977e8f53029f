"""The fields of an event that are searched: the one list of them.

Terraform's list (``local.index_fields`` in ``terraform/cloudsearch.tf``) has the same fields, kinds and facets, and
``functions/README.md`` shows them; tests hold the three together.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from inspect import get_annotations
from typing import Annotated, Any, NamedTuple

import msgspec


class FieldKind(StrEnum):
    """What the values of a field are, and how they are searched."""

    TIME = "time"
    """A point in time: by range."""
    LITERAL = "literal"
    """A text: as a whole, in its case."""
    LITERALS = "literals"
    """Any number of texts: each as a whole, in its case."""
    TEXT = "text"
    """A text: by its words."""


class Field(NamedTuple):
    """How a field is searched, and what of a record fills it: ``source``, in Markdown, names it as the record does.

    ``facet`` says whether its values can be counted. ``of`` is the field that the search domain fills it from by
    itself; it is in no document then.
    """

    kind: FieldKind
    source: str
    facet: bool = False
    of: str | None = None


_Text = str | None
_Texts = tuple[str, ...]
_time = partial(Field, FieldKind.TIME, facet=True)
_literal = partial(Field, FieldKind.LITERAL)
_facet = partial(Field, FieldKind.LITERAL, facet=True)
_facets = partial(Field, FieldKind.LITERALS, facet=True)
_text = partial(Field, FieldKind.TEXT)


class Fields(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The fields of a document, in the order of the schema. One that the record does not have stays out of it.

    ``event_time`` and ``session_created`` are ISO 8601 in UTC.
    """

    event_time: Annotated[_Text, _time("`eventTime`, or of aggregated events `timeWindow.windowStart`")] = (
        None
    )
    event_source: Annotated[
        _Text, _facet("`eventSource`, or of Insights events `insightDetails.eventSource`")
    ] = None
    event_name: Annotated[
        _Text,
        _facet(
            "`eventName`, or of Insights events `insightDetails.eventName`, or of aggregated events the one of all calls"
        ),
    ] = None
    aws_region: Annotated[_Text, _facet("`awsRegion`")] = None
    event_type: Annotated[_Text, _facet("`eventType`")] = None
    event_category: Annotated[_Text, _facet("`eventCategory`")] = None
    read_only: Annotated[_Text, _facet("`readOnly`")] = None
    source_ip_address: Annotated[
        _Text, _facet("`sourceIPAddress`, or of aggregated events the one of all calls")
    ] = None
    recipient_account_id: Annotated[
        _Text, _facet("`recipientAccountId`, or of aggregated events `accountId`")
    ] = None
    error_code: Annotated[
        _Text,
        _facet(
            "`errorCode`, or of Insights events `insightDetails.errorCode`, or of aggregated events the one of all calls"
        ),
    ] = None
    outcome: Annotated[
        _Text,
        _facet(
            "how the call ended: `success`, `denied` (`AccessDenied`, `Client.UnauthorizedOperation` and their like) or `failed` (any other `errorCode`, or an `errorMessage` alone, as of a failed sign-in)"
        ),
    ] = None
    user_identity_type: Annotated[_Text, _facet("`userIdentity.type`")] = None
    user_identity_arn: Annotated[_Text, _facet("`userIdentity.arn`")] = None
    user_identity_account_id: Annotated[_Text, _facet("`userIdentity.accountId`")] = None
    user_identity_user_name: Annotated[_Text, _facet("`userIdentity.userName`")] = None
    user_identity_invoked_by: Annotated[_Text, _facet("`userIdentity.invokedBy`")] = None
    session_issuer_arn: Annotated[_Text, _facet("`userIdentity.sessionContext.sessionIssuer.arn`")] = None
    actor: Annotated[
        _Text,
        _facet(
            "who did it: the name in `userIdentity.arn` without a path (role sessions as `role/session`), else the first that there is of `userName`, `invokedBy`, `onBehalfOf.userId`, `arn`, `principalId` and `accountId` of `userIdentity`"
        ),
    ] = None
    mfa: Annotated[
        _Text,
        _facet(
            "`true` or `false`: `mfaAuthenticated` of the session, or of `ConsoleLogin` `additionalEventData.MFAUsed`"
        ),
    ] = None
    source_identity: Annotated[_Text, _facet("`userIdentity.sessionContext.sourceIdentity`")] = None
    federated_user: Annotated[
        _Text,
        _facet(
            "who is behind it by an identity provider: `userName` of a `SAMLUser` or `WebIdentityUser`, the name of a session of IAM Identity Center or of a `FederatedUser`, `onBehalfOf.userId`, or the subject in `webIdFederationData`"
        ),
    ] = None
    from_console: Annotated[_Text, _facet("`sessionCredentialFromConsole`")] = None
    cross_account: Annotated[
        _Text,
        _facet(
            "`true` or `false`: whether `userIdentity.accountId` is another than `recipientAccountId`, where both are account ids"
        ),
    ] = None
    tls_version: Annotated[_Text, _facet("`tlsDetails.tlsVersion`")] = None
    event_id: Annotated[_Text, _literal("`eventID`, or of aggregated events `eventId`")] = None
    request_id: Annotated[_Text, _literal("`requestID`")] = None
    shared_event_id: Annotated[_Text, _literal("`sharedEventID`")] = None
    access_key_id: Annotated[_Text, _literal("`userIdentity.accessKeyId`")] = None
    issued_access_key_id: Annotated[
        _Text,
        _literal("`accessKeyId` of `responseElements.credentials`, or of `responseElements.accessKey`"),
    ] = None
    user_identity_principal_id: Annotated[_Text, _literal("`userIdentity.principalId`")] = None
    vpc_endpoint_id: Annotated[_Text, _literal("`vpcEndpointId`")] = None
    log_file: Annotated[str, _literal("the `s3://` URI of the log")] = ""
    session_created: Annotated[
        _Text, Field(FieldKind.TIME, "`userIdentity.sessionContext.attributes.creationDate`")
    ] = None
    resource_names: Annotated[
        _Texts,
        _facets(
            "in `requestParameters`, `responseElements`, `additionalEventData` and `serviceEventDetails`, what has a key that ends in `Name`, `Id`, `Arn` or `Identifier`, in any case, or is an ARN (and of that also the last part), up to 256 characters long, the first 50; nothing of a token or below `credentials`"
        ),
    ] = ()
    resource_arns: Annotated[
        _Texts,
        _facets(
            "`ARN` or `arn`, and `ARNPrefix`, of each of `resources`, or of aggregated events all of the summary"
        ),
    ] = ()
    resource_types: Annotated[_Texts, _facets("`type` of each of `resources`")] = ()
    account_ids: Annotated[
        _Texts,
        _facets(
            "whatever has twelve digits of `recipientAccountId`, `vpcEndpointAccountId`, `accountId` of `userIdentity`, of its session's issuer, of its `invokedByDelegate` and of each of `resources`, and `inScopeOf.sourceAccount` of `userIdentity`"
        ),
    ] = ()
    user_agent: Annotated[_Text, _text("`userAgent`, or of aggregated events the one of all calls")] = None
    error_message: Annotated[_Text, _text("`errorMessage`")] = None
    raw: Annotated[str, _text("the JSON text of the record")] = ""


def change_values(fields: Fields, change: Callable[[str, str], str], max_values: int | None = None) -> Fields:
    """Give fields of which every value is changed: ``change(name, text)``; of a list, ``max_values`` are kept."""
    changes: dict[str, Any] = {}
    for name in Fields.__struct_fields__:
        value = getattr(fields, name)
        if isinstance(value, str):
            changes[name] = change(name, value)
        elif value:
            changes[name] = tuple(change(name, text) for text in value[:max_values])
    return Fields(**changes)


def _schema() -> dict[str, Field]:
    hints = get_annotations(Fields)
    fields = {name: hints[name].__metadata__[0] for name in Fields.__struct_fields__}
    exact = Field(
        FieldKind.LITERAL,
        "`userAgent`, as a whole: the search domain takes it from `user_agent`",
        facet=True,
        of="user_agent",
    )
    return fields | {"user_agent_exact": exact}


SCHEMA: Mapping[str, Field] = _schema()
"""All fields that a search domain has, by their names."""
