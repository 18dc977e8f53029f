"""One deployment of the pipeline, by real Terraform into a local cloud, for all end-to-end tests."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from tests.chaos import pipeline as chaos
from tests.documentation.statements import OF_VERIFIER, statements
from tests.iam import verifier
from tests.iam.account import SETTINGS
from tests.local_cloud.pipeline.operator import let_operate
from tests.local_cloud.process import LocalCloud
from tests.local_cloud.terraform.deployment import Deployment
from trailsearch.cli.package import FUNCTIONS, build_package

# What its tests share with those of the other backend is asserted there.
pytest.register_assert_rewrite(
    *(
        f"tests.end_to_end.{shared}"
        for shared in (
            "pipeline_tests",
            "iam_tests",
            "verify_tests",
            "preflight_tests",
            "retention_tests",
            "backfill_tests",
            "simulated_seeds_tests",
        )
    )
)


# They count what the deployment holds, and so nothing may have been put into it.
FIRST = ("test_pipeline",)
# They leave behind what others would count: events of other years, and what the READMEs show.
LAST = ("test_backfill", "test_what_the_readmes_show")
ORDER = dict.fromkeys(FIRST, -1) | {name: place for place, name in enumerate(LAST, start=1)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of one deployment in an order in which none finds what another has left."""
    ours = [at for at, item in enumerate(items) if item.path.is_relative_to(Path(__file__).parent)]
    in_order = sorted((items[at] for at in ours), key=lambda item: ORDER.get(item.path.stem, 0))
    for at, item in zip(ours, in_order, strict=True):
        items[at] = item


class Cloud(NamedTuple):
    """A local cloud, the variables by which programs reach it, the Lambda package for what is deployed there, and what ends with it."""

    session: boto3.Session
    variables: dict[str, str]
    package: Path
    running: ExitStack

    def client(self, service: Any) -> Any:
        """A boto3 client of it."""
        return self.session.client(service, endpoint_url=self.variables["AWS_ENDPOINT_URL"])

    def deploy(self, folder: Path, settings: Mapping[str, Any], var_file: str = "local.tfvars") -> Deployment:
        """Deploy an environment; folder is its own, and empty."""
        deployment = Deployment(folder, self.variables, self.package, settings, var_file)
        deployment.initialize()
        self.running.enter_context(deployment.one_provider())
        deployment.apply(lambda *_: None)
        return deployment


class Pipeline(NamedTuple):
    """The deployed pipeline, and what is needed to look into it."""

    deployment: Deployment
    outputs: dict[str, Any]
    cloud: Cloud

    @property
    def variables(self) -> dict[str, str]:
        """The variables by which programs reach the local cloud."""
        return self.cloud.variables

    def client(self, service: Any) -> Any:
        """A boto3 client of the local cloud."""
        return self.cloud.client(service)

    def under_test(self) -> chaos.Pipeline:
        """The deployment as chaos and load know it."""
        return chaos.Pipeline(self.cloud.session, self.variables, self.outputs)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an operator command against this deployment."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def local_cloud(folder: Path) -> Iterator[Cloud]:
    """Run a local cloud for the `with` block, in which the operator may do what the README says."""
    if not any(Path(directory, "terraform").is_file() for directory in os.get_exec_path()):
        pytest.skip("needs terraform")
    package = folder / "lambda.zip"
    build_package(package, local=True)
    with (
        LocalCloud(log_file=folder / "cloud.log", wait_factor=chaos.WAIT_FACTOR) as cloud,
        ExitStack() as running,
    ):
        variables = cloud.environment() | {"PYTHONPATH": str(FUNCTIONS), "COLUMNS": "200"}
        session = boto3.Session("local", "local", region_name=cloud.region)
        shown = statements(verifier.NAMES, OF_VERIFIER).values()
        let_operate(session.client("iam", endpoint_url=cloud.endpoint_url), shown)
        yield Cloud(session, variables, package, running)


@contextmanager
def deployed(folder: Path, settings: Mapping[str, Any]) -> Iterator[Pipeline]:
    """Deploy the pipeline into a local cloud of its own for the `with` block."""
    with local_cloud(folder) as cloud:
        deployment = cloud.deploy(folder, settings)
        yield Pipeline(deployment, deployment.outputs(), cloud)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The pipeline on CloudSearch; the tests of opensearch/ have theirs beside them."""
    with deployed(tmp_path_factory.mktemp("end_to_end"), SETTINGS) as pipeline:
        yield pipeline


@pytest.fixture(scope="module")
def disturbed(pipeline: Pipeline) -> chaos.Pipeline:
    """The deployment, with nothing left in its dead-letter queue by other tests."""
    disturbed = pipeline.under_test()
    disturbed.wait_until_idle()
    # Those that other tests have received are thrown away too.
    disturbed.sqs.purge_queue(QueueUrl=disturbed.dead_letter_queue)
    return disturbed
