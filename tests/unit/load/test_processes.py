import os

from tests.load.processes import ENGINE, SERVER, Usage, parse, usage_of

LINUX = """\
    1     0 00:09:01   1000 /sbin/init
  100    50 00:01:30  20480 python -m tests.local_cloud --port 0
  101   100 00:00:10   1024 python -S -P /r/awslambda/bootstrap.py fetch_logs.handler
  102   100 1-00:00:01 1024 python -S -P /r/awslambda/bootstrap.py fetch_logs.handler
  103   100 00:00:07   2048 python -S -P /r/awslambda/bootstrap.py index_batch.handler
  201   200 00:00:09   4096 python -S -P /r/awslambda/bootstrap.py index_batch.handler
  104   100 00:00:03   4096 git gc
  105   100 00:00:20   8192 /venv/bin/osmem-server --port 0
  106    50 00:00:20   8192 /venv/bin/osmem-server --port 0
"""
MACOS = """\
  100    50   1:30.25  20480 python -m tests.local_cloud --port 0
"""


def test_workers_count_by_function_and_those_of_another_cloud_do_not() -> None:
    assert parse(LINUX, 100) == {
        SERVER: Usage(90, 20 * 1024**2),
        "fetch_logs": Usage(86_411, 2 * 1024**2),
        "index_batch": Usage(7, 2 * 1024**2),
        ENGINE: Usage(20, 8 * 1024**2),
    }


def test_times_may_have_hundredths() -> None:
    assert parse(MACOS, 100)[SERVER].cpu_seconds == 90.25


def test_this_machine_lists_its_processes_so() -> None:
    assert usage_of(os.getpid())[SERVER].resident_bytes > 10_000_000


def test_a_node_is_a_child_of_what_starts_it() -> None:
    node = """\
  110   100 00:00:00   1024 sh -c "$@" sh start 9200
  111   110 00:01:00 524288 java -Xmx512m org.opensearch.bootstrap.OpenSearch
"""
    assert parse(LINUX.splitlines()[1] + "\n" + node, 100)[ENGINE] == Usage(60, 512 * 1024**2)
