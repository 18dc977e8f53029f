"""States that the engine of an OpenSearch domain gets into, and out of again, while logs are delivered.

They are made past the edge, as disks, operators and the service itself make them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.delivery import START, Delivery
from tests.chaos.pipeline import Pipeline

_OK = 200
_INDEX_BATCH = "index-batch"
# Of an index that was made without the template: what every event has, as what none is.
_FOREIGN_MAPPING = {"properties": {"raw": {"type": "long"}}}
_LATER_FIELD = "actor"


@dataclass(frozen=True)
class EngineState:
    """A state; the one of this class is the usual one.

    `stops_uploads`: none succeeds meanwhile, so that the state ends after some have failed, or when all have.
    """

    stops_uploads = True

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Get the engine into it; `index` is that of the month of the events that are delivered next."""

    def leave(self, pipeline: Pipeline, index: str) -> None:
        """Get the engine out of it."""

    def problems(self, pipeline: Pipeline, index: str) -> list[str]:
        """Say what is not as it should be once all has come to rest after that."""
        return []


@dataclass(frozen=True)
class IndexSetting(EngineState):
    """A setting of the index of the month is true, such as a block."""

    name: str

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Set it."""
        _make_index(pipeline, index)
        _ask(pipeline, "PUT", f"/{index}/_settings", {self.name: True})

    def leave(self, pipeline: Pipeline, index: str) -> None:
        """Take it away."""
        _ask(pipeline, "PUT", f"/{index}/_settings", {self.name: None})


@dataclass(frozen=True)
class ClusterSetting(EngineState):
    """A setting of the cluster has a value; the index of the month is there, or is not (`new_month`)."""

    name: str
    value: object
    new_month: bool = False

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Set it."""
        if self.new_month:
            _delete_index(pipeline, index)
        else:
            _make_index(pipeline, index)
        _ask(pipeline, "PUT", "/_cluster/settings", {"persistent": {self.name: self.value}})

    def leave(self, pipeline: Pipeline, index: str) -> None:
        """Take it away."""
        _ask(pipeline, "PUT", "/_cluster/settings", {"persistent": {self.name: None}})


@dataclass(frozen=True)
class ClosedIndex(EngineState):
    """The index of the month is closed."""

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Close it."""
        _make_index(pipeline, index)
        _ask(pipeline, "POST", f"/{index}/_close")

    def leave(self, pipeline: Pipeline, index: str) -> None:
        """Open it."""
        _ask(pipeline, "POST", f"/{index}/_open")


@dataclass(frozen=True)
class _TemplateState(EngineState):
    """One after which the template has to be there as it was, and the index has to be made of it."""

    def problems(self, pipeline: Pipeline, index: str) -> list[str]:
        """Compare with an index of another month, which was made before."""
        template = _template(pipeline)
        if template is None:
            return ["there is no template"]
        expected = template["template"]["mappings"]
        found = _ask(pipeline, "GET", f"/{index}/_mapping")[index]["mappings"]
        problems = []
        if found.get("_meta") != expected["_meta"]:
            problems.append(f"the index {index} has the mapping of {found.get('_meta')}")
        if missing := expected["properties"].keys() - found.get("properties", {}).keys():
            problems.append(f"the index {index} lacks {sorted(missing)}")
        return problems


@dataclass(frozen=True)
class TemplateDeleted(_TemplateState):
    """Between two uploads, somebody deletes the template; the month has no index yet."""

    stops_uploads = False

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Delete it, while the functions know that it is there."""
        _delete_index(pipeline, index)
        _let_functions_see_template(pipeline)
        _ask(pipeline, "DELETE", f"/_index_template/{_template_name(pipeline)}")


@dataclass(frozen=True)
class ForeignIndex(_TemplateState):
    """Somebody has made the index of the month without the template, which is gone; it is deleted in the end."""

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Make it."""
        _delete_index(pipeline, index)
        _let_functions_see_template(pipeline)
        _ask(pipeline, "DELETE", f"/_index_template/{_template_name(pipeline)}")
        _ask(pipeline, "PUT", f"/{index}", {"mappings": _FOREIGN_MAPPING})

    def leave(self, pipeline: Pipeline, index: str) -> None:
        """Delete it, as the error says."""
        _ask(pipeline, "DELETE", f"/{index}")


@dataclass(frozen=True)
class DomainReplaced(_TemplateState):
    """The domain is deleted with all that it holds; after a while there is one of the same name."""

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Delete it."""
        _make_index(pipeline, index)
        pipeline.delete_domain()

    def leave(self, pipeline: Pipeline, index: str) -> None:
        """Make it again."""
        pipeline.make_domain_again()


@dataclass(frozen=True)
class OlderTemplate(_TemplateState):
    """Template and index are of an earlier release, which lacked a field; then the functions are updated."""

    stops_uploads = False

    def enter(self, pipeline: Pipeline, index: str) -> None:
        """Write the template as it was, let the index be made of it, and start the functions anew."""
        _delete_index(pipeline, index)
        _let_functions_see_template(pipeline)
        template = _template(pipeline)
        assert template is not None
        del template["template"]["mappings"]["properties"][_LATER_FIELD]
        template["version"] = template["template"]["mappings"]["_meta"]["trailsearch"] = (
            template["version"] - 1
        )
        _ask(pipeline, "PUT", f"/_index_template/{_template_name(pipeline)}", template)
        _ask(pipeline, "PUT", f"/{index}")
        pipeline.start_function_anew(_INDEX_BATCH)

    def problems(self, pipeline: Pipeline, index: str) -> list[str]:
        """Look whether the template is today's, and whether the index has the field."""
        template = _template(pipeline)
        if template is None or _LATER_FIELD not in template["template"]["mappings"]["properties"]:
            return ["the template is still the older one"]
        # Before version 1 there was none of ours: its indices stay as they are.
        return super().problems(pipeline, index) if template["version"] > 1 else []


def _template_name(pipeline: Pipeline) -> str:
    return f"{pipeline.prefix}-events"


def _template(pipeline: Pipeline) -> dict[str, Any] | None:
    status, found = pipeline.engine.ask_engine("GET", f"/_index_template/{_template_name(pipeline)}")
    if status != _OK:
        return None
    template: dict[str, Any] = found["index_templates"][0]["index_template"]
    return template


def _make_index(pipeline: Pipeline, index: str) -> None:
    """Let the functions make the index of a month, unless it is there."""
    if pipeline.engine.ask_engine("GET", f"/{index}")[0] != _OK:
        month = datetime.strptime(f"{index[-7:]} +0000", "%Y.%m %z")
        _deliver(pipeline, Delivery(-int(f"{month:%Y%m}"), month))


def _delete_index(pipeline: Pipeline, index: str) -> None:
    if pipeline.engine.ask_engine("GET", f"/{index}")[0] == _OK:
        _ask(pipeline, "DELETE", f"/{index}")


def _let_functions_see_template(pipeline: Pipeline) -> None:
    """Let new processes of the function index events of another month: they know of the template, and of no other index."""
    pipeline.start_function_anew(_INDEX_BATCH)
    _deliver(pipeline, Delivery(-1, START))


def _deliver(pipeline: Pipeline, delivery: Delivery) -> None:
    delivery.deliver(pipeline)
    pipeline.wait_until_idle()


def _ask(pipeline: Pipeline, method: str, path: str, body: object = None) -> Any:
    """Ask the engine for something that it does.

    Raises:
        RuntimeError: it does not.
    """
    status, answer = pipeline.engine.ask_engine(method, path, body)
    if status != _OK:
        raise RuntimeError(f"{method} {path}: HTTP {status}: {answer}")
    return answer
