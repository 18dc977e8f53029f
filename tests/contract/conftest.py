"""The domains of the contract, on each engine: one that is emptied before every test, and one that is only searched."""

import json
from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.contract.domain import Domain
from tests.contract.events import store_events
from tests.local_cloud.process import ACCOUNT_ID, LocalCloud
from tests.local_cloud.services.opensearch import OpenSearchControl
from tests.local_cloud.services.opensearch.engines import EngineChoice, node_is_there
from trailsearch.search.opensearch.template import index_template

REGION = "us-east-1"

MakeDomain = Callable[[str], Domain]


def access_policy(name: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
                    "Action": "es:ESHttp*",
                    "Resource": f"arn:aws:es:{REGION}:{ACCOUNT_ID}:domain/{name}/*",
                }
            ],
        }
    )


@pytest.fixture(scope="session", params=["embedded", "node"])
def engine(request: pytest.FixtureRequest) -> EngineChoice:
    """Which engine the tests run on."""
    choice: EngineChoice = request.param
    if choice == "node" and not node_is_there():
        pytest.skip("needs a real OpenSearch node: OPENSEARCH_URL, or ../shared/opensearch")
    return choice


@pytest.fixture(scope="session")
def cloud(engine: EngineChoice) -> Iterator[LocalCloud]:
    """A local cloud with the engine."""
    with LocalCloud(opensearch_engine=engine) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def make_domain(cloud: LocalCloud, engine: EngineChoice) -> Iterator[MakeDomain]:
    """Makes a domain on the engine."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    client = session.client("opensearch", endpoint_url=cloud.endpoint_url)
    control = OpenSearchControl(cloud.endpoint_url)
    made: list[str] = []

    def make(name: str) -> Domain:
        client.create_domain(
            DomainName=name,
            EngineVersion="OpenSearch_3.5",
            ClusterConfig={"InstanceType": "t3.small.search", "InstanceCount": 1},
            AccessPolicies=access_policy(name),
        )
        made.append(name)
        endpoint = client.describe_domain(DomainName=name)["DomainStatus"]["Endpoint"]
        assert control.engine == engine
        return Domain(name, endpoint, engine, control.engine_url)

    yield make
    for name in made:
        client.delete_domain(DomainName=name)


def put_template(domain: Domain) -> None:
    template = index_template(domain.name, shards=1, replicas=0)
    put = domain.ask("PUT", f"/_index_template/{domain.name}-events", template)
    assert put == (200, {"acknowledged": True})


@pytest.fixture(scope="session")
def engine_domain(make_domain: MakeDomain) -> Domain:
    return make_domain("trailsearch-contract")


@pytest.fixture
def domain(engine_domain: Domain) -> Iterator[Domain]:
    """The domain with the template, and nothing else."""
    put_template(engine_domain)
    yield engine_domain
    assert engine_domain.ask("DELETE", f"/{engine_domain.name}-events-*").status == 200
    assert engine_domain.ask("DELETE", f"/_index_template/{engine_domain.name}-events").status == 200


@pytest.fixture(scope="session")
def searched(make_domain: MakeDomain) -> Domain:
    """A domain with the template and the documents of `EVENTS`, in two months."""
    domain = make_domain("trailsearch-searched")
    put_template(domain)
    store_events(domain)
    return domain
