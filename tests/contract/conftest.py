"""The domains of the contract, on each engine: one that is emptied before every test, and one that is only searched."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import boto3
import pytest

from tests.contract.backends import Searched, on_cloudsearch, on_opensearch
from tests.contract.domain import Domain
from tests.contract.events import store_events
from tests.contract.readme_documents import documents
from tests.local_cloud.process import ACCOUNT_ID, LocalCloud
from tests.local_cloud.services.opensearch import OpenSearchControl
from tests.local_cloud.services.opensearch.engines import EngineChoice, node_is_there
from trailsearch.search.batching import pack
from trailsearch.search.opensearch import OpenSearch
from trailsearch.search.opensearch.template import index_template

REGION = "us-east-1"
SESSION = boto3.Session("local", "local", region_name=REGION)

MakeDomain = Callable[[str], Domain]
CloudWith = Callable[[EngineChoice], LocalCloud]


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
    _skip_without(choice)
    return choice


def _skip_without(engine: EngineChoice) -> None:
    if engine == "node" and not node_is_there():
        pytest.skip("needs a real OpenSearch node: OPENSEARCH_URL, or ../shared/opensearch")


# A node that lives for two minutes spends most of its time on compiling what it then hardly runs.
# https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html
OF_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(scope="session")
def cloud_with() -> Iterator[CloudWith]:
    """Gives the local cloud with an engine, which is started once."""
    with ExitStack() as running, pytest.MonkeyPatch.context() as patched:
        patched.setenv("JAVA_TOOL_OPTIONS", OF_JAVA)

        @cache
        def cloud_with(engine: EngineChoice) -> LocalCloud:
            return running.enter_context(LocalCloud(opensearch_engine=engine))

        yield cloud_with


@pytest.fixture(scope="session")
def cloud(cloud_with: CloudWith, engine: EngineChoice) -> LocalCloud:
    """A local cloud with the engine."""
    return cloud_with(engine)


@pytest.fixture(scope="session")
def make_domain(cloud: LocalCloud, engine: EngineChoice) -> MakeDomain:
    """Makes a domain on the engine."""
    return lambda name: opensearch_domain(cloud, engine, name)


def opensearch_domain(cloud: LocalCloud, engine: EngineChoice, name: str) -> Domain:
    """Make a domain. It ends with the local cloud."""
    client = SESSION.client("opensearch", endpoint_url=cloud.endpoint_url)
    control = OpenSearchControl(cloud.endpoint_url)
    client.create_domain(
        DomainName=name,
        EngineVersion="OpenSearch_3.5",
        ClusterConfig={"InstanceType": "t3.small.search", "InstanceCount": 1},
        AccessPolicies=access_policy(name),
    )
    endpoint = client.describe_domain(DomainName=name)["DomainStatus"]["Endpoint"]
    assert control.engine == engine
    return Domain(name, endpoint, engine, control.engine_url)


MAKERS: dict[str, EngineChoice] = {"cloudsearch": "embedded", "embedded": "embedded", "node": "node"}
"""What the product's own tests run on, with the engine of the local cloud that has it."""


@pytest.fixture(scope="session", params=MAKERS)
def make_searched(request: pytest.FixtureRequest, cloud_with: CloudWith) -> Callable[[str], Searched]:
    """Makes a domain of each backend, on each engine, as the product knows it."""
    kind: str = request.param
    engine = MAKERS[kind]
    _skip_without(engine)
    cloud = cloud_with(engine)
    if kind == "cloudsearch":
        return lambda name: on_cloudsearch(SESSION, cloud.endpoint_url, name)
    return lambda name: on_opensearch(opensearch_domain(cloud, engine, name))


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


@pytest.fixture(scope="session")
def local(make_domain: MakeDomain) -> Domain:
    """The domain of an environment ``local``, with the documents that the searches of the READMEs are about."""
    domain = make_domain("trailsearch-local")
    backend = OpenSearch(domain.name)
    index = backend.index(domain.endpoint)
    for batch in pack(documents(), backend.batch_format, lambda document: pytest.fail(document.id)):
        assert list(index.upload(bytes(batch.body))) == []
    domain.refresh()
    return domain
