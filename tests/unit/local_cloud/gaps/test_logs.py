"""Saved queries of CloudWatch Logs Insights."""

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_cloud.conftest import Client


def test_a_query_is_saved_changed_found_by_its_name_and_deleted(client: Client) -> None:
    logs = client("logs")
    identifier = logs.put_query_definition(name="a/errors", queryString="one")["queryDefinitionId"]
    logs.put_query_definition(name="b/errors", queryString="other")
    logs.put_query_definition(
        queryDefinitionId=identifier, name="a/errors", queryString="two", logGroupNames=["g"]
    )
    (found,) = logs.describe_query_definitions(queryDefinitionNamePrefix="a/")["queryDefinitions"]
    assert (found["queryDefinitionId"], found["queryString"], found["logGroupNames"]) == (
        identifier,
        "two",
        ["g"],
    )
    assert logs.delete_query_definition(queryDefinitionId=identifier)["success"]
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="a/")["queryDefinitions"] == []


def test_a_query_that_is_not_there_is_an_error(client: Client) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("logs").delete_query_definition(queryDefinitionId="none")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client("logs").put_query_definition(queryDefinitionId="none", name="n", queryString="q")
