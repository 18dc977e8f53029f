"""What all tests share."""

import gc
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hcl2 import SerializationOptions
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.local_cloud.service_models import read_once

# What is imported and collected stays until the end, and to look for garbage in it again and again takes half of the time.
gc.disable()

# Whoever starts the tests in the background may have them ignore it; some tests send it, and what they start inherits it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing that a test does may reach a real account, or write to X-Ray.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_XRAY_SDK_ENABLED="false",
    POWERTOOLS_SERVICE_NAME="test",
    POWERTOOLS_METRICS_NAMESPACE="Trailsearch",
)
os.environ.pop("AWS_CA_BUNDLE", None)
os.environ.pop("AWS_PROFILE", None)

# How long an example takes says more about what else the machine does than about the code. What a second Python does with
# properties it does with a few examples, too: tests/checks/pythons.py.
settings.register_profile("no deadline", deadline=None)
settings.register_profile("few examples", deadline=None, max_examples=10)
settings.load_profile("no deadline")


def examples(of_a_hundred: int) -> int:
    """Say how many examples a property gets that is to have so many where others have a hundred: a second Python has fewer."""
    return max(1, of_a_hundred * settings().max_examples // 100)


REPOSITORY = Path(__file__).parents[1]
CLOUDTRAIL_DATA = REPOSITORY.parent / "shared" / "cloudtrail"
# All tests of such folders and files share what takes long to start: a deployment, a node, a browser. The first that fit count. They
# take longest, and so they begin first, in this order. Those of a deployment run one after the other and wait for most of
# that time: some have a second one like it, which takes a minute to make, and a quarter of that of a processor.
SHARING = (
    ("tests/end_to_end/opensearch/",),
    (
        "tests/end_to_end/test_backfill.py",
        "tests/end_to_end/test_what_it_costs.py",
        "tests/end_to_end/test_what_the_readmes_show.py",
    ),
    ("tests/end_to_end/test_environments.py",),
    ("tests/end_to_end/",),
    ("tests/contract/",),
    ("tests/browser/",),
)
# Each may have a deployment of its own, beside what it runs itself.
MOST_PROCESSES = 8


read_once()

# To parse Terraform's files takes seconds, and many tests change a line of one, or read a copy. Each gets its own of what was read.
_loads = hcl2.loads
_read: dict[tuple[str, str], bytes] = {}


def _loads_once(text: str, *, serialization_options: SerializationOptions | None = None) -> dict[str, Any]:
    key = text, repr(serialization_options)
    if key not in _read:
        _read[key] = pickle.dumps(_loads(text, serialization_options=serialization_options))
    loaded: dict[str, Any] = pickle.loads(_read[key])
    return loaded


hcl2.loads = _loads_once


class _Scheduling(LoadFileScheduling):
    """Lets one process run all tests that share something, as it runs all tests of a file; those first."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((shared[0] for shared in SHARING if file.startswith(shared)), file)

    def _assign_work_unit(self, node: Any) -> None:
        if first := next((shared[0] for shared in SHARING if shared[0] in self.workqueue), None):
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)

    def remove_node(self, node: Any) -> str | None:
        """Give the test in which a process has ended. pytest-xdist 3.8 would have the next process run it again, and end so, too."""
        pending = (
            test for unit in self.assigned_work.pop(node).values() for test, done in unit.items() if not done
        )
        return next(pending, None)


def pytest_collection_finish() -> None:
    """Look for garbage from now on, among what the tests make."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Close the socket that aws_xray_sdk opens when it is imported, and never closes."""
    if core := sys.modules.get("aws_xray_sdk.core"):
        core.xray_recorder.emitter._socket.close()


def pytest_xdist_auto_num_workers() -> int:
    """Choose how many processes `-n auto` starts: two for each core, because what takes longest waits for half of that."""
    return min(2 * (os.cpu_count() or 1), MOST_PROCESSES)


# Not by the mark xdist_group: pytest-xdist 3.8 does not set it on the tests of pytest 9.2.
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Choose how pytest-xdist hands out tests, under `--dist loadfile`."""
    return _Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def cloudtrail_data() -> Path:
    """The folder of real CloudTrail data beside the repository; without it the test is skipped."""
    if not CLOUDTRAIL_DATA.is_dir():
        pytest.skip("needs real CloudTrail data beside the repository (../shared/cloudtrail)")
    return CLOUDTRAIL_DATA
