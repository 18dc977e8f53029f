"""Start and stop the local cloud as a process of its own, for the demo and the tests."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .services.opensearch import EngineChoice

REPOSITORY = Path(__file__).parents[2]
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 20
ACCOUNT_ID = "123456789012"

# What would lead a client elsewhere than to the local cloud, or with a real account's credentials.
_REMOVED_VARIABLES = (
    "AWS_CA_BUNDLE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


class LocalCloudError(RuntimeError):
    """The local cloud did not start, or has ended; the message carries the end of its log."""


class LocalCloud:
    """A local cloud in a process of its own.

    As a context manager it runs for the `with` block. It ends with the process that started it, even if that is
    killed, unless `outlive_parent` is set.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        log_file: Path | None = None,
        outlive_parent: bool = False,
        wait_factor: float = 1,
        opensearch_engine: "EngineChoice | None" = None,
    ) -> None:
        """Describe the process; `start` starts it.

        Args:
            region: The region of `environment()`.
            log_file: Where the server's own output is appended (default: a temporary file, removed by `stop`).
            outlive_parent: Keep it running when this process ends; `pid` tells what to stop then.
            wait_factor: What Step Functions' waits, before a retry and in Wait states, are multiplied with.
            opensearch_engine: What serves OpenSearch domains: "embedded", or "node", a real one (default: the node
                that the variable OPENSEARCH_URL names, else the embedded one).
        """
        self.region = region
        self._outlive_parent = outlive_parent
        self._wait_factor = wait_factor
        self._opensearch_engine = opensearch_engine
        self._log_file = log_file
        self._log_is_temporary = log_file is None
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint_url = ""

    @property
    def endpoint_url(self) -> str:
        """The URL that every AWS client is to use, for example http://127.0.0.1:41235."""
        return self._endpoint_url

    @property
    def pid(self) -> int:
        """The process to send SIGTERM to, to stop a local cloud that outlives its parent.

        Raises:
            LocalCloudError: It is not running.
        """
        if self._process is None:
            raise LocalCloudError("the local cloud is not running")
        return self._process.pid

    def enter(self) -> None:
        """Turn this process to the local cloud: its environment variables take the place of all others."""
        variables = self.environment()
        os.environ.clear()
        os.environ.update(variables)

    def environment(self) -> dict[str, str]:
        """Return the variables of this process, changed so that AWS clients and Terraform use the local cloud."""
        environment = {name: value for name, value in os.environ.items() if name not in _REMOVED_VARIABLES}
        no_proxy = environment.get("no_proxy", environment.get("NO_PROXY", ""))
        local_no_proxy = ",".join(filter(None, ["127.0.0.1", "localhost", no_proxy]))
        return environment | {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": local_no_proxy,
            "no_proxy": local_no_proxy,
        }

    def start(self) -> None:
        """Start the process and wait until it serves.

        Raises:
            LocalCloudError: It ended, or did not serve within a minute.
        """
        with tempfile.TemporaryDirectory(prefix="local-cloud-") as directory:
            ready_file = Path(directory, "ready.json")
            if self._log_file is None:
                descriptor, name = tempfile.mkstemp(prefix="local-cloud-", suffix=".log")
                os.close(descriptor)
                self._log_file = Path(name)
            command = [sys.executable, "-m", __package__, "--ready-file", str(ready_file)]
            command += ["--wait-factor", str(self._wait_factor)]
            if self._opensearch_engine is not None:
                command += ["--opensearch-engine", self._opensearch_engine]
            if not self._outlive_parent:
                command += ["--parent", str(os.getpid())]
            environment = {
                name: value for name, value in os.environ.items() if name not in _REMOVED_VARIABLES
            }
            with self._log_file.open("ab") as log:
                # A session of its own: Ctrl-C reaches the parent alone, which still needs the cloud to clean up.
                self._process = subprocess.Popen(
                    command,
                    cwd=REPOSITORY,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._endpoint_url = self._wait_until_ready(self._process, ready_file)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], ready_file: Path) -> str:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not ready_file.exists():
            if process.poll() is not None:
                raise LocalCloudError(f"the local cloud ended with {process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                error = LocalCloudError(f"no local cloud after {START_TIMEOUT_SECONDS} s:\n{self.log_tail()}")
                self.stop()
                raise error
            time.sleep(0.02)
        endpoint_url: str = json.loads(ready_file.read_text())["endpoint_url"]
        return endpoint_url

    def log_tail(self, characters: int = 4000) -> str:
        """Return the end of the server's own output: errors of moto and of the extensions."""
        return self._log_file.read_text(errors="replace")[-characters:] if self._log_file else ""

    def stop(self) -> None:
        """Stop the process and its workers, and wait for it. A second call does nothing."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if self._log_is_temporary and self._log_file is not None:
            self._log_file.unlink(missing_ok=True)
            self._log_file = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _exception_type: type[BaseException] | None,
        _exception: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()
