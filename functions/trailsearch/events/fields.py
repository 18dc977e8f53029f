"""The fields of an event that are searched: the one list of them.

Terraform's list (``local.index_fields`` in ``terraform/search.tf``) has the same fields, kinds and facets, and
``functions/README.md`` shows them; tests hold the three together.
"""

from collections.abc import Mapping
from enum import StrEnum
from inspect import get_annotations
from typing import Annotated, NamedTuple

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
    """How a field is searched, and what of a record fills it.

    ``facet`` says whether its values can be counted. ``of`` is the field that the search domain fills it from by
    itself; it is in no document then.
    """

    kind: FieldKind
    source: str
    facet: bool = False
    of: str | None = None


class Fields(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The fields of a document, in the order of the schema. One that the record does not have stays out of it.

    ``event_time`` is ISO 8601 in UTC.
    """

    event_time: Annotated[str | None, Field(FieldKind.TIME, "eventTime", facet=True)] = None
    event_source: Annotated[
        str | None, Field(FieldKind.LITERAL, "eventSource, or insightDetails.eventSource", facet=True)
    ] = None
    event_name: Annotated[
        str | None, Field(FieldKind.LITERAL, "eventName, or insightDetails.eventName", facet=True)
    ] = None
    aws_region: Annotated[str | None, Field(FieldKind.LITERAL, "awsRegion", facet=True)] = None
    event_type: Annotated[str | None, Field(FieldKind.LITERAL, "eventType", facet=True)] = None
    event_category: Annotated[str | None, Field(FieldKind.LITERAL, "eventCategory", facet=True)] = None
    read_only: Annotated[str | None, Field(FieldKind.LITERAL, "readOnly: `true` or `false`", facet=True)] = (
        None
    )
    source_ip_address: Annotated[str | None, Field(FieldKind.LITERAL, "sourceIPAddress", facet=True)] = None
    recipient_account_id: Annotated[
        str | None, Field(FieldKind.LITERAL, "recipientAccountId", facet=True)
    ] = None
    error_code: Annotated[
        str | None, Field(FieldKind.LITERAL, "errorCode, or insightDetails.errorCode", facet=True)
    ] = None
    user_identity_type: Annotated[str | None, Field(FieldKind.LITERAL, "userIdentity.type", facet=True)] = (
        None
    )
    user_identity_arn: Annotated[str | None, Field(FieldKind.LITERAL, "userIdentity.arn", facet=True)] = None
    user_identity_account_id: Annotated[
        str | None, Field(FieldKind.LITERAL, "userIdentity.accountId", facet=True)
    ] = None
    user_identity_user_name: Annotated[
        str | None, Field(FieldKind.LITERAL, "userIdentity.userName", facet=True)
    ] = None
    user_identity_invoked_by: Annotated[
        str | None, Field(FieldKind.LITERAL, "userIdentity.invokedBy", facet=True)
    ] = None
    session_issuer_arn: Annotated[
        str | None, Field(FieldKind.LITERAL, "userIdentity.sessionContext.sessionIssuer.arn", facet=True)
    ] = None
    actor: Annotated[
        str | None,
        Field(
            FieldKind.LITERAL,
            "who did it: the name in userIdentity.arn (`role/session` of a role), or else the best name there is"
            " in userIdentity",
            facet=True,
        ),
    ] = None
    event_id: Annotated[str | None, Field(FieldKind.LITERAL, "eventID")] = None
    request_id: Annotated[str | None, Field(FieldKind.LITERAL, "requestID")] = None
    shared_event_id: Annotated[str | None, Field(FieldKind.LITERAL, "sharedEventID")] = None
    access_key_id: Annotated[str | None, Field(FieldKind.LITERAL, "userIdentity.accessKeyId")] = None
    user_identity_principal_id: Annotated[
        str | None, Field(FieldKind.LITERAL, "userIdentity.principalId")
    ] = None
    vpc_endpoint_id: Annotated[str | None, Field(FieldKind.LITERAL, "vpcEndpointId")] = None
    log_file: Annotated[str, Field(FieldKind.LITERAL, "the `s3://` URI of the log that the record is in")] = (
        ""
    )
    resource_arns: Annotated[tuple[str, ...], Field(FieldKind.LITERALS, "resources: ARN", facet=True)] = ()
    resource_types: Annotated[tuple[str, ...], Field(FieldKind.LITERALS, "resources: type", facet=True)] = ()
    account_ids: Annotated[
        tuple[str, ...],
        Field(
            FieldKind.LITERALS,
            "every account that is named: recipientAccountId, userIdentity.accountId,"
            " userIdentity.sessionContext.sessionIssuer.accountId, resources: accountId",
            facet=True,
        ),
    ] = ()
    user_agent: Annotated[str | None, Field(FieldKind.TEXT, "userAgent")] = None
    error_message: Annotated[str | None, Field(FieldKind.TEXT, "errorMessage")] = None
    raw: Annotated[str, Field(FieldKind.TEXT, "the whole record, as its JSON text")] = ""


def _schema() -> dict[str, Field]:
    hints = get_annotations(Fields)
    fields = {name: hints[name].__metadata__[0] for name in Fields.__struct_fields__}
    exact = Field(FieldKind.LITERAL, "userAgent, as a whole", facet=True, of="user_agent")
    return fields | {"user_agent_exact": exact}


SCHEMA: Mapping[str, Field] = _schema()
"""All fields that a search domain has, by their names."""
