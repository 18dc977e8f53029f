"""The local CloudSearch as a service of moto, through boto3 and plain HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.local_cloud.services.cloudsearch import register

if TYPE_CHECKING:
    from mypy_boto3_cloudsearch.client import CloudSearchClient
    from mypy_boto3_cloudsearchdomain.client import CloudSearchDomainClient

SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    register()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def config(server: str) -> Iterator["CloudSearchClient"]:
    client = SESSION.client("cloudsearch", "eu-west-1", endpoint_url=server)
    yield client
    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST"))


@pytest.fixture
def endpoint(config: "CloudSearchClient") -> str:
    config.create_domain(DomainName="events")
    for name, field_type in (("name", "literal"), ("text", "text")):
        config.define_index_field(
            DomainName="events",
            IndexField={"IndexFieldName": name, "IndexFieldType": field_type},  # type: ignore[typeddict-item]
        )
    config.index_documents(DomainName="events")
    (status,) = config.describe_domains(DomainNames=["events"])["DomainStatusList"]
    return status["DocService"]["Endpoint"]


@pytest.fixture
def domain(endpoint: str) -> "CloudSearchDomainClient":
    return SESSION.client("cloudsearchdomain", "eu-west-1", endpoint_url=endpoint)


def upload(domain: "CloudSearchDomainClient", *operations: dict[str, Any]) -> Any:
    return domain.upload_documents(documents=json.dumps(operations).encode(), contentType="application/json")


def add(document_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "add", "id": document_id, "fields": fields}


def test_configuration_is_kept_by_domain_and_region(config: "CloudSearchClient", server: str) -> None:
    status = config.create_domain(DomainName="events")["DomainStatus"]
    assert status["ARN"] == "arn:aws:cloudsearch:eu-west-1:123456789012:domain/events"
    assert status["SearchService"]["Endpoint"] == f"{server}/cloudsearch_eu-west-1/123456789012/events"
    elsewhere = SESSION.client("cloudsearch", "us-east-1", endpoint_url=server)
    assert (config.list_domain_names()["DomainNames"], elsewhere.list_domain_names()["DomainNames"]) == (
        {"events": "2013-01-01"},
        {},
    )
    with pytest.raises(config.exceptions.ResourceAlreadyExistsException):
        config.create_domain(DomainName="events")
    with pytest.raises(config.exceptions.ValidationException):
        config.create_domain(DomainName="Events")
    with pytest.raises(config.exceptions.ResourceNotFoundException, match="Domain not found: other"):
        config.describe_index_fields(DomainName="other")
    assert config.delete_domain(DomainName="events")["DomainStatus"]["Deleted"]
    assert config.describe_domains()["DomainStatusList"] == []
    assert "DomainStatus" not in config.delete_domain(DomainName="events")


def test_options_come_back_as_they_were_set(config: "CloudSearchClient") -> None:
    config.create_domain(DomainName="events")
    assert (
        config.describe_availability_options(DomainName="events")["AvailabilityOptions"]["Options"] is False
    )
    config.update_availability_options(DomainName="events", MultiAZ=True)
    assert config.describe_availability_options(DomainName="events")["AvailabilityOptions"]["Options"] is True
    config.update_scaling_parameters(
        DomainName="events", ScalingParameters={"DesiredInstanceType": "search.medium"}
    )
    scaling = config.describe_scaling_parameters(DomainName="events")["ScalingParameters"]
    assert (scaling["Options"], scaling["Status"]["State"]) == (
        {"DesiredInstanceType": "search.medium"},
        "Active",
    )
    config.update_domain_endpoint_options(DomainName="events", DomainEndpointOptions={"EnforceHTTPS": True})
    endpoint_options = config.describe_domain_endpoint_options(DomainName="events")["DomainEndpointOptions"][
        "Options"
    ]
    assert endpoint_options == {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}
    config.update_service_access_policies(DomainName="events", AccessPolicies='{"Statement":[]}')
    assert (
        config.describe_service_access_policies(DomainName="events")["AccessPolicies"]["Options"]
        == '{"Statement":[]}'
    )
    assert config.describe_analysis_schemes(DomainName="events")["AnalysisSchemes"] == []


def test_index_fields_need_indexing(config: "CloudSearchClient") -> None:
    config.create_domain(DomainName="events")
    config.define_index_field(
        DomainName="events",
        IndexField={
            "IndexFieldName": "name",
            "IndexFieldType": "literal",
            "LiteralOptions": {"FacetEnabled": False, "SourceField": "text"},
        },
    )
    (field,) = config.describe_index_fields(DomainName="events")["IndexFields"]
    assert field["Status"]["State"] == "RequiresIndexDocuments"
    assert field["Options"]["LiteralOptions"] == {
        "SourceField": "text",
        "FacetEnabled": False,
        "SearchEnabled": True,
        "ReturnEnabled": True,
        "SortEnabled": True,
    }
    assert config.describe_domains()["DomainStatusList"][0]["RequiresIndexDocuments"]
    assert config.index_documents(DomainName="events")["FieldNames"] == ["name"]
    assert not config.describe_domains()["DomainStatusList"][0]["RequiresIndexDocuments"]
    deleted = config.delete_index_field(DomainName="events", IndexFieldName="name")["IndexField"]
    assert deleted["Status"]["PendingDeletion"]
    config.index_documents(DomainName="events")
    assert config.describe_index_fields(DomainName="events")["IndexFields"] == []


@pytest.mark.parametrize(
    "shape",
    [
        {"IndexFieldName": "score", "IndexFieldType": "literal"},
        {"IndexFieldName": "Name", "IndexFieldType": "literal"},
        {"IndexFieldName": "name", "IndexFieldType": "number"},
        {"IndexFieldName": "name", "IndexFieldType": "text", "IntOptions": {"FacetEnabled": True}},
        {
            "IndexFieldName": "name",
            "IndexFieldType": "text",
            "TextOptions": {"AnalysisScheme": "_de_default_"},
        },
    ],
)
def test_refuses_index_fields(config: "CloudSearchClient", shape: Any) -> None:
    config.create_domain(DomainName="events")
    with pytest.raises((config.exceptions.ValidationException, config.exceptions.InvalidTypeException)):
        config.define_index_field(DomainName="events", IndexField=shape)


def test_upload_and_search(domain: "CloudSearchDomainClient") -> None:
    answer = upload(
        domain, add("a", name="x", text="Ünïcode & words"), add("b", name="y"), {"type": "delete", "id": "c"}
    )
    assert (answer["status"], answer["adds"], answer["deletes"]) == ("success", 2, 1)
    result = domain.search(
        query="(or name:'x' name:'y')",
        queryParser="structured",
        facet='{"name":{"sort":"bucket"}}',
        sort="name desc",
        returnFields="text",
        size=5,
    )
    assert result["status"].keys() == {"rid", "timems"}
    assert [hit["id"] for hit in result["hits"]["hit"]] == ["b", "a"]
    assert result["hits"]["hit"][1]["fields"] == {"text": ["Ünïcode & words"]}
    assert result["facets"]["name"]["buckets"] == [{"value": "x", "count": 1}, {"value": "y", "count": 1}]
    assert domain.search(query="unicode")["hits"]["found"] == 1


def test_errors_are_those_of_the_service_model(domain: "CloudSearchDomainClient") -> None:
    with pytest.raises(
        domain.exceptions.DocumentServiceException, match="near operation with index 1; document_id a"
    ):
        upload(domain, add("a", other="x"))
    with pytest.raises(domain.exceptions.SearchException, match=r"field \(other\) does not exist\."):
        domain.search(query="other:'x'", queryParser="structured")
    with pytest.raises(domain.exceptions.DocumentServiceException, match="application/xml is not supported"):
        domain.upload_documents(documents=b"<batch/>", contentType="application/xml")
    with pytest.raises(domain.exceptions.SearchException, match="not supported"):
        domain.suggest(query="x", suggester="names")


# https://docs.aws.amazon.com/cloudsearch/latest/developerguide/documents-batch-resource.html#documents-batch-status-codes
BATCH = '[{"type":"add","id":"a","fields":{"name":"José"}}]'.encode()
JSON = {"Content-Type": "application/json", "Content-Length": str(len(BATCH))}


def post(
    endpoint: str, headers: dict[str, str], method: str = "POST", body: bytes = BATCH
) -> tuple[int, Any]:
    """Send a batch with no other headers than these."""
    url = urlsplit(endpoint)
    with closing(HTTPConnection(str(url.hostname), url.port)) as connection:
        connection.putrequest(method, f"{url.path}/2013-01-01/documents/batch", skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body if "Content-Length" in headers else None)
        response = connection.getresponse()
        return response.status, json.load(response)


@pytest.mark.parametrize(
    ("status", "headers", "method", "message"),
    [
        (405, JSON, "GET", "Requests must be posted"),
        (405, JSON, "PUT", "Requests must be posted"),
        (406, JSON | {"Accept": "text/html"}, "POST", "Accept header must be one of"),
        (406, JSON | {"Accept": "text/*, image/png"}, "POST", "Accept header must be one of"),
        (400, {"Content-Length": JSON["Content-Length"]}, "POST", "The Content-Type header is missing."),
        (411, {"Content-Type": "application/json"}, "POST", "The Content-Length header is missing."),
        (415, JSON | {"Content-Type": "application/octet-stream"}, "POST", "(was application/octet-stream)"),
        (415, JSON | {"Content-Type": "application/json; charset=UTF-16"}, "POST", "(was UTF-16)"),
        (415, JSON | {"Content-Type": "application/json; charset=none"}, "POST", "(was none)"),
        # Which AWS takes and this does not:
        (501, JSON | {"Content-Type": "application/xml"}, "POST", "application/xml is not supported by moto"),
        (501, JSON | {"Accept": "application/xml"}, "POST", "application/xml is not supported by moto"),
    ],
)
def test_uploads_are_refused_with_the_documented_status(
    endpoint: str, status: int, headers: dict[str, str], method: str, message: str
) -> None:
    answered, answer = post(endpoint, headers, method)
    assert (answered, answer["status"], answer["adds"]) == (status, "error", 0)
    assert message in answer["message"]
    assert answer["errors"][0]["message"].startswith("[*Deprecated*: Use the outer message field] ")


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        JSON | {"Accept": "application/json"},
        JSON | {"Accept": "*/*"},
        JSON | {"Accept": "text/html, application/*;q=0.1"},
        JSON | {"Content-Type": "application/json; charset=utf8"},
    ],
)
def test_uploads_are_taken_from_clients_of_every_kind(endpoint: str, headers: dict[str, str]) -> None:
    assert post(endpoint, headers) == (200, {"status": "success", "adds": 1, "deletes": 0})


@pytest.mark.parametrize("charset", ["ISO-8859-1", "latin1"])
def test_an_upload_is_read_in_its_character_set(
    domain: "CloudSearchDomainClient", endpoint: str, charset: str
) -> None:
    body = BATCH.decode().encode("latin-1")
    headers = {"Content-Type": f"application/json; charset={charset}", "Content-Length": str(len(body))}
    assert post(endpoint, headers, body=body)[0] == 200
    assert domain.search(query="name:'José'", queryParser="structured")["hits"]["found"] == 1
    assert post(endpoint, JSON | {"Content-Length": headers["Content-Length"]}, body=body)[0] == 400


def test_warnings_come_through_the_sdk(domain: "CloudSearchDomainClient") -> None:
    answer = upload(domain, add("a", name="x") | {"version": 1})
    assert (answer["status"], answer["adds"]) == ("success", 1)
    assert "'version' is ignored" in answer["warnings"][0]["message"]


def test_a_parameter_of_a_search_is_not_repeated(endpoint: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(f"{endpoint}/2013-01-01/search?q=x&q=y")
    assert json.load(refused.value)["message"] == "Parameter 'q' is repeated"


def test_get_without_signature(domain: "CloudSearchDomainClient", endpoint: str) -> None:
    upload(domain, add("a", name="x+y & z"))
    parameters = urlencode({"q": "name:'x+y & z'", "q.parser": "structured", "facet.name": "{}"})
    with urllib.request.urlopen(f"{endpoint}/2013-01-01/search?{parameters}") as response:
        answer = json.load(response)
    assert answer["hits"]["hit"] == [{"id": "a", "fields": {"name": "x+y & z"}}]
    assert answer["facets"] == {"name": {"buckets": [{"value": "x+y & z", "count": 1}]}}
    with pytest.raises(urllib.error.HTTPError, match="404") as missing:
        urllib.request.urlopen(f"{endpoint}-other/2013-01-01/search?q=x")
    missing.value.close()


def test_threads_share_a_domain(domain: "CloudSearchDomainClient") -> None:
    def upload_one(number: int) -> None:
        upload(domain, *(add(f"{number}-{index}", name=str(number), text="words") for index in range(20)))
        domain.search(query="words")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload_one, range(24)))
    assert domain.search(query="words", size=0)["hits"]["found"] == 480
