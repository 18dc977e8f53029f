"""One deployment of the pipeline, by real Terraform into a local cloud, for all end-to-end tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from tests.chaos.pipeline import RETRY_WAIT_FACTOR
from tests.iam.account import SETTINGS
from tests.local_cloud.process import LocalCloud
from tests.local_cloud.terraform.deployment import Deployment
from trailsearch.cli.package import FUNCTIONS, build_package


class Pipeline(NamedTuple):
    """The deployed pipeline, and what is needed to look into it."""

    deployment: Deployment
    outputs: dict[str, Any]
    session: boto3.Session
    variables: dict[str, str]
    package: Path

    def client(self, service: Any) -> Any:
        """A boto3 client of the local cloud."""
        return self.session.client(service, endpoint_url=self.variables["AWS_ENDPOINT_URL"])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an operator command against this deployment."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    if not any(Path(folder, "terraform").is_file() for folder in os.get_exec_path()):
        pytest.skip("needs terraform")
    folder = tmp_path_factory.mktemp("end_to_end")
    package = folder / "lambda.zip"
    build_package(package, local=True)
    with LocalCloud(log_file=folder / "cloud.log", retry_wait_factor=RETRY_WAIT_FACTOR) as cloud:
        variables = cloud.environment() | {"PYTHONPATH": str(FUNCTIONS), "COLUMNS": "200"}
        deployment = Deployment(folder, variables, package, SETTINGS)
        deployment.initialize()
        deployment.apply(lambda *_: None)
        session = boto3.Session("local", "local", region_name=cloud.region)
        yield Pipeline(deployment, deployment.outputs(), session, variables, package)
