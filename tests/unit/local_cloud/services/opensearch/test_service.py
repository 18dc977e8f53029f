"""Domains of the local cloud, through boto3 and their endpoints, on the embedded engine."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import urllib3

from tests.contract.domain import NDJSON, Answer, ask, bulk_body
from tests.local_cloud.faults import BodyDamage, ErrorAnswer, Fault, FaultControl, Match, RefusedItems, Rule
from tests.local_cloud.process import ACCOUNT_ID, LocalCloud
from tests.local_cloud.services.opensearch import OpenSearchControl

REGION = "us-east-1"
GZIP = {"Content-Type": NDJSON, "Content-Encoding": "gzip"}
Create = Callable[..., str]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(opensearch_engine="embedded") as cloud:
        yield cloud


@pytest.fixture
def client(cloud: LocalCloud) -> Iterator[Any]:
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    yield session.client("opensearch", endpoint_url=cloud.endpoint_url)
    urllib3.request("POST", f"{cloud.endpoint_url}/moto-api/reset")


@pytest.fixture
def create(client: Any) -> Create:
    """Makes a domain, and gives its endpoint."""

    def create(
        name: str, *, allowed: str = "*", action: str = "es:*", instance: str = "t3.small.search"
    ) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": action,
            "Resource": f"arn:aws:es:{REGION}:{ACCOUNT_ID}:domain/{name}/{allowed}",
        }
        client.create_domain(
            DomainName=name,
            EngineVersion="OpenSearch_3.5",
            ClusterConfig={"InstanceType": instance},
            AccessPolicies=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        endpoint: str = client.describe_domain(DomainName=name)["DomainStatus"]["Endpoint"]
        return endpoint

    return create


@pytest.fixture
def faults(cloud: LocalCloud) -> Iterator[FaultControl]:
    control = FaultControl(cloud.endpoint_url)
    yield control
    control.clear()


def bulk(endpoint: str, body: bytes) -> Answer:
    return ask("POST", f"{endpoint}/_bulk", gzip.compress(body, 1), GZIP)


def documents(index: str, count: int = 1) -> bytes:
    return bulk_body(index, [(str(number), {"a": number}) for number in range(count)])


def count(endpoint: str, index: str) -> Answer:
    return ask("GET", f"{endpoint}/{index}/_count", query={"filter_path": "count"})


def test_a_domain_is_ready_at_once_and_has_an_endpoint_here(
    cloud: LocalCloud, client: Any, create: Create
) -> None:
    assert create("events-a") == f"{cloud.endpoint_url}/opensearch/{REGION}/events-a"
    status = client.describe_domain(DomainName="events-a")["DomainStatus"]
    assert (status["Created"], status["Processing"]) == (True, False)


def test_it_stores_and_finds(create: Create) -> None:
    endpoint = create("events-a")
    assert bulk(endpoint, documents("events-a-1", 3)).status == 200
    assert count(endpoint, "events-a-*") == (200, {"count": 3})


def test_an_endpoint_answers_head_requests_without_a_body(create: Create) -> None:
    endpoint = create("events-a")
    assert ask("HEAD", f"{endpoint}/events-a-1") == (404, b"")


def test_the_engine_itself_answers_beside_the_edge(cloud: LocalCloud, create: Create) -> None:
    create("events-a")
    control = OpenSearchControl(cloud.endpoint_url)
    assert control.engine == "embedded"
    assert ask("GET", control.engine_url, sign=None).content["version"]["distribution"] == "opensearch"


@pytest.mark.parametrize(
    ("sign", "message"),
    [
        (None, "Missing Authentication Token"),
        (("s3", REGION), "Credential should be scoped to correct service: 'es'. "),
        (("es", "eu-west-1"), "Credential should be scoped to a valid region, not 'eu-west-1'. "),
    ],
)
def test_a_request_that_is_not_signed_for_the_domain_is_forbidden(
    create: Create, sign: tuple[str, str] | None, message: str
) -> None:
    assert ask("GET", create("events-a"), sign=sign) == (403, {"message": message})


def test_the_access_policy_decides_by_method_and_path(create: Create) -> None:
    endpoint = create("events-a", allowed="_bulk", action="es:ESHttpPost")
    assert bulk(endpoint, documents("events-a-1")).status == 200
    refused = ask("DELETE", f"{endpoint}/events-a-*")
    assert refused.status == 403
    assert refused.content["Message"].startswith(
        f"User: arn:aws:iam::{ACCOUNT_ID}:user/local is not authorized to perform: es:ESHttpDelete"
    )


@pytest.mark.parametrize("path", ["/events-*/_count", "/events-%2A/_count"])
def test_a_path_means_the_same_to_the_policy_however_it_is_written(create: Create, path: str) -> None:
    endpoint = create("events-a", allowed="events-*/_count")
    assert ask("GET", endpoint + path).status == 200


def test_a_change_of_the_policy_is_in_force(client: Any, create: Create) -> None:
    endpoint = create("events-a", action="es:ESHttpPost")
    assert ask("GET", endpoint).status == 403
    everything = {"Effect": "Allow", "Principal": "*", "Action": "es:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": everything})
    client.update_domain_config(DomainName="events-a", AccessPolicies=policy)
    assert ask("GET", endpoint).status == 200


def test_a_domain_ends_with_its_documents_and_templates(client: Any, create: Create) -> None:
    endpoint = create("events-a")
    bulk(endpoint, documents("events-a-1"))
    ask("PUT", f"{endpoint}/_index_template/events-a-1", {"index_patterns": ["events-a-1*"]})
    client.delete_domain(DomainName="events-a")
    assert count(endpoint, "events-a-1").status == 503
    assert create("events-a") == endpoint
    assert count(endpoint, "events-a-1").status == 404
    assert ask("GET", f"{endpoint}/_index_template/events-a-1").status == 404


def test_a_new_domain_has_nothing_of_what_an_engine_that_went_on_running_holds_under_its_name(
    cloud: LocalCloud, create: Create
) -> None:
    create("events-b")
    control = OpenSearchControl(cloud.endpoint_url)
    for path in ("/events-a-1", "/events-b-1", "/_index_template/events-a-1"):
        assert control.ask_engine("PUT", path, {"index_patterns": ["x"]} if "_" in path else None)[0] == 200
    endpoint = create("events-a")
    assert count(endpoint, "events-a-1").status == 404
    assert ask("GET", f"{endpoint}/_index_template/events-a-1").status == 404
    assert count(endpoint, "events-b-1").content == {"count": 0}


def test_a_domain_that_is_there_is_not_made_again_and_keeps_its_documents(
    client: Any, create: Create
) -> None:
    endpoint = create("events-a")
    bulk(endpoint, documents("events-a-1"))
    with pytest.raises(client.exceptions.ResourceAlreadyExistsException):
        create("events-a")
    assert count(endpoint, "events-a-1").content == {"count": 1}


def test_a_domain_whose_name_begins_as_that_of_another_keeps_its_documents(
    client: Any, create: Create
) -> None:
    create("events")
    endpoint = create("events-a")
    bulk(endpoint, documents("events-a-1") + documents("events-1"))
    client.delete_domain(DomainName="events")
    assert count(endpoint, "events-a-1").content == {"count": 1}
    assert count(endpoint, "events-1").status == 404


def test_a_larger_instance_takes_larger_bodies(create: Create) -> None:
    # White space, as words would be indexed.
    body = bulk_body("events-a-1", [("1", {"a": 1})]).replace(b"1}", b"1" + b" " * 11_000_000 + b"}")
    assert len(body) > 11_000_000
    small = create("events-a")
    assert ask("POST", f"{small}/_bulk", body, {"Content-Type": NDJSON}).status == 413
    large = create("events-b", instance="m7g.xlarge.search")
    assert ask("POST", f"{large}/_bulk", body, {"Content-Type": NDJSON}).status == 200


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            ErrorAnswer(429, "TooManyRequests"),
            (429, b"429 Too Many Requests /opensearch/us-east-1/events-a/_bulk"),
        ),
        (ErrorAnswer(503, "ServiceUnavailable"), (503, {"message": "Injected by the local cloud."})),
        (
            ErrorAnswer(403, "AccessDenied"),
            (403, {"Message": "User: anonymous is not authorized to perform: es:ESHttpPost"}),
        ),
        (
            ErrorAnswer(429, "circuit_breaking_exception"),
            (
                429,
                {
                    "error": {
                        "root_cause": [
                            {"type": "circuit_breaking_exception", "reason": "Injected by the local cloud."}
                        ],
                        "type": "circuit_breaking_exception",
                        "reason": "Injected by the local cloud.",
                    },
                    "status": 429,
                },
            ),
        ),
    ],
)
def test_an_injected_error_is_as_the_service_or_the_engine_writes_it(
    create: Create, faults: FaultControl, error: Fault, answer: tuple[int, Any]
) -> None:
    endpoint = create("events-a")
    faults.set([Rule(error, Match(path="/_bulk$"), times=1)])
    assert bulk(endpoint, documents("events-a-1")) == answer
    assert bulk(endpoint, documents("events-a-1")).status == 200


def test_some_items_of_a_bulk_request_can_be_refused(create: Create, faults: FaultControl) -> None:
    endpoint = create("events-a")
    faults.set([Rule(RefusedItems(429, "rejected_execution_exception", "busy", every=2), times=1)])
    items = bulk(endpoint, documents("events-a-1", 4)).content["items"]
    assert [item["index"]["status"] for item in items] == [201, 429, 201, 429]
    assert count(endpoint, "events-a-1").content == {"count": 2}


def test_all_items_of_a_bulk_request_can_be_refused(create: Create, faults: FaultControl) -> None:
    endpoint = create("events-a")
    faults.set([Rule(RefusedItems(503, "unavailable_shards_exception", every=1), times=1)])
    answer = bulk(endpoint, documents("events-a-1", 2))
    assert [item["index"]["error"]["type"] for item in answer.content["items"]] == [
        "unavailable_shards_exception"
    ] * 2
    assert count(endpoint, "events-a-1").status == 404


def test_documents_with_a_text_can_be_refused(create: Create, faults: FaultControl) -> None:
    endpoint = create("events-a")
    faults.set([Rule(RefusedItems(400, "mapper_parsing_exception", every=1, having="poison"))])
    body = documents("events-a-1", 3) + bulk_body("events-a-1", [("bad", {"what": "poison"})])
    items = bulk(endpoint, body).content["items"]
    assert [item["index"]["status"] for item in items] == [201, 201, 201, 400]


def test_a_body_that_is_too_large_is_refused_whatever_is_refused_of_it(
    create: Create, faults: FaultControl
) -> None:
    endpoint = create("events-a")
    faults.set([Rule(RefusedItems(400, "mapper_parsing_exception", every=1, having="poison"))])
    body = bulk_body("events-a-1", [("large", {"what": "x" * 11 * 1024 * 1024})])
    assert ask("POST", f"{endpoint}/_bulk", gzip.compress(body, 1), GZIP).status == 413


def test_a_body_can_be_damaged_behind_the_edge(create: Create, faults: FaultControl) -> None:
    endpoint = create("events-a")
    faults.set([Rule(BodyDamage(), times=1), Rule(BodyDamage(cut=True), times=1)])
    assert bulk(endpoint, documents("events-a-1", 50)).status == 502
    cut = bulk(endpoint, documents("events-a-1", 50))
    assert (cut.status, cut.content["error"]["type"]) == (400, "illegal_argument_exception")
    assert count(endpoint, "events-a-1").status == 404
