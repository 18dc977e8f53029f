"""The local cloud's server: moto with the extensions of this package, in one process on the loopback interface."""

import os
import socket
import sys
from functools import cache

from moto import backends
from moto.core import utils
from moto.core.config import default_user_config
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from . import gaps, waits
from .faults import middleware as faults
from .open_files import allow_open_files
from .patching import replace, replace_imported
from .services import cloudsearch
from .services.awslambda import LambdaRuntime
from .services.awslambda.moto_backend import register as register_lambda
from .services.opensearch import EngineChoice
from .services.opensearch.data_plane import DataPlane
from .services.pipes.runner import PipeRunner

HOST = "127.0.0.1"
# Objects up to this size are kept in memory, larger ones in files, which are open as long as the object is there (open_files.py).
OBJECT_BYTES_IN_MEMORY = 1_000_000
# Python's own is 5 ms: while a batch is parsed, every small request would wait for several of them.
SWITCH_SECONDS = 0.0005


class Server:
    """moto_server with the extensions. Use it once per process: moto's state is the process's."""

    def __init__(
        self,
        port: int = 0,
        wait_factor: float = 1,
        opensearch_engine: EngineChoice | None = None,
    ) -> None:
        """Take the port to listen on (0 chooses a free one).

        Args:
            port: The port.
            wait_factor: What Step Functions' waits are multiplied with.
            opensearch_engine: What serves OpenSearch domains (see `services.opensearch.engines.start`).
        """
        self._wait_factor = wait_factor
        self._port = port
        self._moto = ThreadedMotoServer(ip_address=HOST, port=port, verbose=False)
        self._opensearch = DataPlane(opensearch_engine)
        self._lambda_runtime: LambdaRuntime | None = None
        self._pipe_runner: PipeRunner | None = None

    def start(self) -> str:
        """Start to serve, and return the endpoint URL.

        Raises:
            OSError: The port is in use.
            MotoChangedError: moto is not the version that the extensions were written for.
        """
        # moto's server would wait for ever for a port that is in use.
        socket.create_server((HOST, self._port)).close()
        os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(OBJECT_BYTES_IN_MEMORY)
        allow_open_files()
        sys.setswitchinterval(SWITCH_SECONDS)
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        default_user_config["lambda"] = {"use_docker": False}
        gaps.register()
        cloudsearch.register()
        self._opensearch.register()
        faults.register()
        _look_once()
        waits.scale(self._wait_factor)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        # moto's Step Functions reach the other services through this port.
        os.environ["MOTO_PORT"] = str(port)
        endpoint_url = f"http://{host}:{port}"
        self._lambda_runtime = register_lambda(endpoint_url)
        self._pipe_runner = PipeRunner(endpoint_url)
        self._pipe_runner.start()
        return endpoint_url

    def stop(self) -> None:
        """Stop to serve and end every worker process."""
        if self._pipe_runner is not None:
            self._pipe_runner.stop()
        self._moto.stop()
        self._opensearch.stop()
        if self._lambda_runtime is not None:
            self._lambda_runtime.stop()


def _look_once() -> None:
    """Let moto look once for what it looks for at each request, which takes it a good third of the time of most."""
    # Whether one of its 200 folders has the name of the host, and which methods a service has.
    folders = frozenset(backends.list_of_moto_modules())
    replace(backends, "list_of_moto_modules", lambda: folders)
    replace_imported("moto", utils, "method_names_from_class", cache(utils.method_names_from_class))
