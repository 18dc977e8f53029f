import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.load.processes import SERVER, usage_of
from tests.local_cloud.process import REPOSITORY, LocalCloud, LocalCloudError
from tests.local_cloud.server import Server

from .conftest import Client
from .processes import runs
from .waiting import becomes_true

START_AND_WAIT = """
import time
from tests.local_cloud.process import LocalCloud
cloud = LocalCloud()
cloud.start()
print(cloud.pid, flush=True)
time.sleep(60)
"""


def test_it_listens_on_the_loopback_interface_and_clients_find_it(cloud: LocalCloud) -> None:
    assert cloud.endpoint_url.startswith("http://127.0.0.1:")
    assert cloud.environment()["AWS_ENDPOINT_URL"] == cloud.endpoint_url


def test_nothing_of_the_callers_account_reaches_the_environment(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")

    assert "mine" not in cloud.environment().values()


def test_it_ends_with_the_with_block() -> None:
    with LocalCloud() as cloud:
        pid = cloud.pid

    assert not runs(pid)


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()

    assert becomes_true(lambda: not runs(pid))


def test_a_failure_to_start_shows_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.local_cloud.process.REPOSITORY", tmp_path)

    with pytest.raises(LocalCloudError, match="No module named"):
        LocalCloud().start()


def test_a_port_in_use_is_an_error(cloud: LocalCloud) -> None:
    port = int(cloud.endpoint_url.rsplit(":", 1)[1])

    with pytest.raises(OSError, match="in use"):
        Server(port).start()


def test_large_objects_are_not_in_its_memory(cloud: LocalCloud, client: Client) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="large-objects")
    body = os.urandom(4_000_000)
    before = usage_of(cloud.pid)[SERVER].resident_bytes
    # The last requests are in its memory until Python's garbage collector comes by: up to about 200 MB of them.
    for number in range(200):
        s3.put_object(Bucket="large-objects", Key=f"{number}", Body=body)

    assert usage_of(cloud.pid)[SERVER].resident_bytes - before < 400_000_000
    assert s3.get_object(Bucket="large-objects", Key="7")["Body"].read() == body
