"""Who needs to ask what of the search domain, and who must not, on each backend.

CloudSearch knows three actions. OpenSearch has an action for each method, and every path of its API is a resource
(https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html).
"""

from collections.abc import Iterator

from tests.iam.account import (
    ACCOUNT,
    ANALYST,
    CLOUDSEARCH_DOMAIN,
    OPENSEARCH_DOMAIN,
    OPENSEARCH_LOG,
    OTHER_ACCOUNT,
    PIPELINE_KEY,
    PREFIX,
    log_group,
)
from tests.iam.requests import (
    CLOUDWATCH_LOGS,
    DELETE,
    FETCH,
    INDEX,
    OTHER_PREFIX,
    OTHER_ROLE,
    PIPE_ROLE,
    RETENTION,
    ROLES,
    SCHEDULE,
    SPLIT,
    STRANGER,
    USES_OF_A_LOG_GROUP,
    WORKFLOW,
    Context,
    Request,
    encrypting,
    on_behalf_of,
)

ES = "es.amazonaws.com"
_OTHERS = (FETCH, SPLIT, WORKFLOW, PIPE_ROLE, RETENTION, SCHEDULE, ANALYST, OTHER_ROLE)
_DELETES = "nothing of the pipeline deletes or changes the domain"

_BULK = f"{OPENSEARCH_DOMAIN}/_bulk"
_TEMPLATE = f"{OPENSEARCH_DOMAIN}/_index_template/{PREFIX}-events"
_INDEX = f"{OPENSEARCH_DOMAIN}/{PREFIX}-events-2026.11"
_UNDATED = f"{OPENSEARCH_DOMAIN}/{PREFIX}-events-undated"
_ALL_INDICES = f"{OPENSEARCH_DOMAIN}/{PREFIX}-events-*"
_LISTING = f"{OPENSEARCH_DOMAIN}/_cat/indices/{PREFIX}-events-*"
_LOG_STREAM = f"{log_group(OPENSEARCH_LOG)}:log-stream:node-application-logs"
_READS, _WRITES = ("es:ESHttpGet", "es:ESHttpPost"), ("es:ESHttpPut", "es:ESHttpPost", "es:ESHttpDelete")


def needed(backend: str) -> Iterator[Request]:
    """What has to be allowed, with that ``search_backend``."""
    return {"cloudsearch": _needed_of_cloudsearch, "opensearch": _needed_of_opensearch}[backend]()


def forbidden(backend: str) -> Iterator[Request]:
    """What has to be denied, with that ``search_backend``."""
    return {"cloudsearch": _forbidden_of_cloudsearch, "opensearch": _forbidden_of_opensearch}[backend]()


def _needed_of_cloudsearch() -> Iterator[Request]:
    yield Request(INDEX, "cloudsearch:document", CLOUDSEARCH_DOMAIN, "uploads a batch")
    yield Request(DELETE, "cloudsearch:search", CLOUDSEARCH_DOMAIN, "finds expired events")
    yield Request(DELETE, "cloudsearch:document", CLOUDSEARCH_DOMAIN, "deletes expired events")
    for action in ("search", "suggest"):
        yield Request(ANALYST, f"cloudsearch:{action}", CLOUDSEARCH_DOMAIN, "searches events")


def _forbidden_of_cloudsearch() -> Iterator[Request]:
    for who in _OTHERS:
        why = "only index_batch and delete_expired upload"
        yield Request(who, "cloudsearch:document", CLOUDSEARCH_DOMAIN, why)
    for who in (*ROLES, OTHER_ROLE):
        why = "only named principals search"
        yield Request(who, "cloudsearch:suggest", CLOUDSEARCH_DOMAIN, why)
        if who != DELETE:
            yield Request(who, "cloudsearch:search", CLOUDSEARCH_DOMAIN, why)
    elsewhere = CLOUDSEARCH_DOMAIN.replace(PREFIX, OTHER_PREFIX)
    for who in (INDEX, DELETE):
        yield Request(who, "cloudsearch:document", elsewhere, "belongs to another environment")
    yield Request(DELETE, "cloudsearch:search", elsewhere, "belongs to another environment")
    for action in ("search", "document"):
        yield Request(STRANGER, f"cloudsearch:{action}", CLOUDSEARCH_DOMAIN, "is of another account")
    for who in ROLES:
        yield Request(who, "cloudsearch:DeleteDomain", CLOUDSEARCH_DOMAIN, _DELETES)


def _needed_of_opensearch() -> Iterator[Request]:
    yield Request(INDEX, "es:ESHttpPost", _BULK, "uploads a batch")
    for action in ("es:ESHttpGet", "es:ESHttpPut"):
        yield Request(INDEX, action, _TEMPLATE, "makes the template where there is none")
    yield Request(DELETE, "es:ESHttpGet", _LISTING, "looks which months there are")
    yield Request(DELETE, "es:ESHttpDelete", _INDEX, "drops an expired month")
    for index in (_INDEX, _UNDATED):
        yield Request(INDEX, "es:ESHttpGet", f"{index}/_mapping", "looks whether an index has our mapping")
    yield Request(
        INDEX, "es:ESHttpPut", f"{_ALL_INDICES}/_mapping", "gives the indices the fields of a release"
    )
    for action in _READS:
        for operation in ("_search", "_count"):
            yield Request(ANALYST, action, f"{_ALL_INDICES}/{operation}", "searches events")
            yield Request(ANALYST, action, f"{_INDEX}/{operation}", "searches a month's events")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        yield Request(ES, action, _LOG_STREAM, "writes its log", on_behalf_of(OPENSEARCH_DOMAIN))
    for action in USES_OF_A_LOG_GROUP:
        context = encrypting(OPENSEARCH_LOG)
        yield Request(CLOUDWATCH_LOGS, f"kms:{action}", PIPELINE_KEY, "encrypts log groups", context)


def _forbidden_of_opensearch() -> Iterator[Request]:
    yield from _more_than_index_batch_needs()
    yield from _more_than_searchers_need()
    yield from _more_than_delete_expired_needs()
    for who in (*_OTHERS, INDEX):
        yield Request(who, "es:ESHttpGet", _LISTING, "only delete_expired lists indices")
        yield Request(who, "es:ESHttpDelete", _INDEX, "only delete_expired drops months")
    for who in (*_OTHERS, DELETE):
        yield Request(who, "es:ESHttpPost", _BULK, "only index_batch uploads")
        yield Request(who, "es:ESHttpPut", _TEMPLATE, "only index_batch makes the template")
        yield Request(who, "es:ESHttpGet", f"{_INDEX}/_mapping", "only index_batch looks at mappings")
        yield Request(who, "es:ESHttpPut", f"{_ALL_INDICES}/_mapping", "only index_batch adds fields")
    for who in (*ROLES, OTHER_ROLE):
        for action in _READS:
            yield Request(who, action, f"{_ALL_INDICES}/_search", "only named principals search")
    for path, action in ((_BULK, "es:ESHttpPost"), (_TEMPLATE, "es:ESHttpPut")):
        elsewhere = path.replace(PREFIX, OTHER_PREFIX)
        yield Request(INDEX, action, elsewhere, "belongs to another environment")
        yield Request(STRANGER, action, path, "is of another account")
    for path, action in ((_LISTING, "es:ESHttpGet"), (_INDEX, "es:ESHttpDelete")):
        elsewhere = path.replace(PREFIX, OTHER_PREFIX)
        yield Request(DELETE, action, elsewhere, "belongs to another environment")
        yield Request(STRANGER, action, path, "is of another account")
    yield Request(STRANGER, "es:ESHttpGet", f"{_ALL_INDICES}/_search", "is of another account")
    for who in (*ROLES, ANALYST):
        for action in ("es:DeleteDomain", "es:UpdateDomainConfig"):
            yield Request(who, action, OPENSEARCH_DOMAIN, _DELETES)
    yield from _logs_of_others()


def _more_than_index_batch_needs() -> Iterator[Request]:
    for action, path, why in (
        ("es:ESHttpPut", _BULK, "sends batches by POST"),
        ("es:ESHttpPost", f"{_INDEX}/_bulk", "names indices in the body"),
        ("es:ESHttpPost", f"{_INDEX}/_doc", "sends batches only"),
        ("es:ESHttpPost", f"{_INDEX}/_delete_by_query", "deletes nothing"),
        ("es:ESHttpDelete", _INDEX, "deletes nothing"),
        ("es:ESHttpDelete", _TEMPLATE, "deletes nothing"),
        ("es:ESHttpPut", f"{OPENSEARCH_DOMAIN}/_index_template/other", "makes its own template only"),
        ("es:ESHttpPut", f"{_INDEX}/_settings", "changes no index that is there"),
        ("es:ESHttpPut", f"{OPENSEARCH_DOMAIN}/_cluster/settings", "does not run the cluster"),
        ("es:ESHttpGet", f"{OPENSEARCH_DOMAIN}/other/_mapping", "looks at its own indices only"),
        ("es:ESHttpGet", _INDEX, "looks at mappings only"),
    ):
        yield Request(INDEX, action, path, why)


def _more_than_delete_expired_needs() -> Iterator[Request]:
    # That it cannot drop <prefix>-events-* is not to be asked here: in a request, too, the simulator takes an asterisk for
    # anything. It is shorter than a month's index, whose length is in the policy (terraform/tests/retention.tftest.hcl).
    for action, path, why in (
        ("es:ESHttpDelete", _UNDATED, "keeps undated events"),
        ("es:ESHttpDelete", f"{_INDEX},{PREFIX}-events-2026.10", "drops one month by one request"),
        ("es:ESHttpDelete", f"{OPENSEARCH_DOMAIN}/_all", "drops one month by one request"),
        ("es:ESHttpDelete", f"{OPENSEARCH_DOMAIN}/.kibana_1", "drops months only"),
        ("es:ESHttpDelete", f"{_INDEX}/_doc/1", "drops whole months"),
        ("es:ESHttpDelete", _TEMPLATE, "drops months only"),
        ("es:ESHttpPost", f"{_INDEX}/_delete_by_query", "drops whole months"),
        ("es:ESHttpPut", f"{_INDEX}/_settings", "changes no index that is there"),
        ("es:ESHttpGet", _INDEX, "lists indices only"),
        ("es:ESHttpGet", f"{OPENSEARCH_DOMAIN}/_cat/indices", "lists its own indices only"),
        ("es:ESHttpGet", f"{OPENSEARCH_DOMAIN}/_cat/nodes", "lists indices only"),
    ):
        yield Request(DELETE, action, path, why)


def _more_than_searchers_need() -> Iterator[Request]:
    for action in _WRITES:
        yield Request(ANALYST, action, f"{_INDEX}/_doc/1", "writes nothing")
    for action, path, why in (
        ("es:ESHttpPost", f"{_INDEX}/_delete_by_query", "deletes nothing"),
        ("es:ESHttpDelete", _INDEX, "deletes nothing"),
        ("es:ESHttpPut", f"{_INDEX}/_search", "searches by GET and POST"),
        ("es:ESHttpPost", f"{OPENSEARCH_DOMAIN}/_search", "searches events only"),
        ("es:ESHttpPost", f"{OPENSEARCH_DOMAIN}/.kibana/_search", "searches events only"),
        ("es:ESHttpPost", f"{OPENSEARCH_DOMAIN}/_msearch", "names indices in the path"),
        ("es:ESHttpGet", f"{OPENSEARCH_DOMAIN}/_dashboards", "has to be given access to Dashboards"),
    ):
        yield Request(ANALYST, action, path, why)


def _logs_of_others() -> Iterator[Request]:
    def acting_for(domain: str, account: str = ACCOUNT) -> Context:
        return on_behalf_of(domain, account)

    other = OPENSEARCH_DOMAIN.replace(PREFIX, OTHER_PREFIX)
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        yield Request(ES, action, _LOG_STREAM, "acts for another domain", acting_for(other))
        yield Request(
            ES, action, _LOG_STREAM, "acts for another account", acting_for(OPENSEARCH_DOMAIN, OTHER_ACCOUNT)
        )
        yield Request(
            ES,
            action,
            _LOG_STREAM.replace(PREFIX, OTHER_PREFIX),
            "writes into another environment's log",
            acting_for(OPENSEARCH_DOMAIN),
        )
        yield Request("events.amazonaws.com", action, _LOG_STREAM, "is no search domain")
        yield Request(INDEX, action, _LOG_STREAM, "writes its own log only")
