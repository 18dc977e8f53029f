"""OpenSearch: the searches that the READMEs show for it, as one types them, find something."""

import gzip
import re
import shutil
from collections.abc import Iterator

import msgspec
import pytest

from tests.contract.conftest import MakeDomain
from tests.contract.domain import Domain
from tests.documentation.commands import Shown
from tests.documentation.kinds import as_command, searches
from tests.documentation.searched import searched_logs
from tests.documentation.shell import Shell
from tests.local_cloud.process import LocalCloud
from trailsearch.events.documents import Document, build_document
from trailsearch.search import Backend
from trailsearch.search.batching import pack
from trailsearch.search.opensearch import OpenSearch

SHOWN = searches(Backend.OPENSEARCH)
FOUND = re.compile(r"^[1-9][\d,]* events found, [1-9][\d,]* shown\.$", re.MULTILINE)


class _Log(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


def documents() -> Iterator[list[Document]]:
    """The documents of the logs that the searches are about, log by log."""
    for log in searched_logs():
        records = msgspec.json.decode(gzip.decompress(log.body), type=_Log).records
        yield [
            build_document(msgspec.json.format(record, indent=-1), f"s3://bucket/{log.key}")
            for record in records
        ]


@pytest.fixture(scope="module")
def local(make_domain: MakeDomain) -> Domain:
    """The domain of an environment ``local``, with those documents."""
    domain = make_domain("trailsearch-local")
    backend = OpenSearch(domain.name)
    index = backend.index(domain.endpoint)
    for batch in pack(documents(), backend.batch_format, lambda document: pytest.fail(document.id)):
        assert list(index.upload(bytes(batch.body))) == []
    domain.refresh()
    return domain


@pytest.fixture(scope="module")
def shell(cloud: LocalCloud, local: Domain, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    shell = Shell(folder, cloud.environment() | {"COLUMNS": "200"})
    shell.use_local_cloud(folder / "no-terraform")
    return shell


@pytest.mark.parametrize("shown", SHOWN, ids=str)
def test_a_search_finds_something(shell: Shell, shown: Shown) -> None:
    command = as_command(shown)
    if "jq" in command and not shutil.which("jq"):
        pytest.skip("needs jq")
    done = shell.run(command)
    assert done.returncode == 0, done.stderr
    assert re.search(r'"eventID": ', done.stdout) if "jq" in command else FOUND.search(done.stdout)
