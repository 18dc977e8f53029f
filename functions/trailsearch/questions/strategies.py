"""How questions are answered that take more than one query."""

import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from trailsearch.contracts.times import to_seconds
from trailsearch.questions.finding import Finding, QuestionNotAnswered
from trailsearch.questions.regions import regions_beside
from trailsearch.search.queries import (
    MAX_DISTINCT,
    Event,
    Exists,
    Filter,
    Query,
    SearchDomain,
    having,
)

# As many values are looked at one by one, each with a query of its own.
_LOOKED_AT: Final = 100
# As many keys one chain has at most, and as many events are read for each.
_KEYS: Final = 200
_EVENTS: Final = 1_000
_PAGE: Final = 10_000
_HOUR: Final = timedelta(hours=1)
# By the modified z-score, above 3.5: (x - median) / (1.4826 × median absolute deviation), or, where that is 0, by 1.2533 × the
# mean absolute deviation (Iglewicz and Hoaglin, 1993; https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm).
_SPIKE: Final = 3.5
_SEEN_FIRST: Final = ("event_name", "source_ip_address", "user_agent_exact")
_WRITES: Final = having("read_only", "false")
# Who has called, by what its user agent has in it; the first one counts. AWS's services name themselves.
_TOOLS: Final = (
    ("Terraform, OpenTofu", r"terraform|opentofu"),
    ("CloudFormation, CDK", r"cloudformation|aws-cdk|cdk/"),
    ("Pulumi", r"pulumi"),
    ("Ansible", r"ansible"),
    ("CLI", r"aws-cli"),
    (
        "Console",
        r"mozilla|console\.amazonaws\.com|signin\.amazonaws\.com|aws[ -]?console|aws internal|s3console",
    ),
    ("AWS services", r"\.amazonaws\.com$"),
    ("SDK", r"boto|aws-sdk|botocore|sdk"),
)
_OTHER: Final = "Other"


def first_seen(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Find the calls, addresses and agents that are there since the query's time, and never were before."""
    if query.since is None:
        raise QuestionNotAnswered("What is first seen since when? Name SINCE")
    before = query._replace(since=None, until=query.since, size=0, facet_size=MAX_DISTINCT)
    findings = []
    for field in _SEEN_FIRST:
        values = _values(domain, query, field)
        known: set[str] = set()
        for some in _chunks(list(values)):
            seen = before._replace(facets=(field,), filters=(*query.filters, having(field, *some)))
            known |= domain.search(seen).facets[field].keys()
        new = [value for value in values if value not in known]
        rows = [
            (value, str(values[value]), _time(_edge(domain, _only(query, field, value), "asc")))
            for value in new[:_LOOKED_AT]
        ]
        findings.append(Finding(f"First seen: {field}{_left_out(new)}", (field, "events", "first"), rows))
    return findings


def last_used(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Say of each call when it was made last."""
    values = _values(domain, query, "event_name")
    rows = [
        (name, str(count), _time(_edge(domain, _only(query, "event_name", name), "desc")))
        for name, count in list(values.items())[:_LOOKED_AT]
    ]
    rows.sort(key=lambda row: row[2], reverse=True)
    return [Finding(f"Last used{_left_out(list(values))}", ("event_name", "events", "last"), rows)]


def chain(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Follow access keys: up to who issued the one that the query names, and down to those that were issued with it."""
    keys = _keys_of(query)
    if not keys:
        raise QuestionNotAnswered("A chain begins with an access key: name KEY")
    steps: dict[str, Event] = {}
    depths: dict[str, int] = {}
    waiting: list[tuple[str, int]] = []
    seen = set(keys)
    for key in keys:
        path = list(reversed(_upward(domain, key)))
        for depth, step in enumerate(path):
            steps.setdefault(step["id"], step)
            depths.setdefault(step["id"], depth)
            seen.add(step["issued_access_key_id"])
        waiting.append((key, len(path)))
    issues = Filter(("issued_access_key_id",), (Exists(),))
    while waiting and len(seen) < _KEYS:
        key, depth = waiting.pop(0)
        for step in _events(domain, having("access_key_id", key), issues):
            steps.setdefault(step["id"], step)
            depths.setdefault(step["id"], depth)
            if (child := step["issued_access_key_id"]) not in seen:
                seen.add(child)
                waiting.append((child, depth + 1))
    ordered = sorted(steps.values(), key=lambda step: (depths[step["id"]], step.get("event_time", "")))
    rows = [
        (
            str(depths[step["id"]]),
            step.get("event_time", ""),
            step.get("actor", ""),
            step.get("recipient_account_id", ""),
            step.get("event_name", ""),
            " ".join(_roles(step)),
            step.get("access_key_id", ""),
            step["issued_access_key_id"],
        )
        for step in ordered
    ]
    columns = ("step", "event_time", "actor", "account", "event_name", "into", "by key", "issued key")
    return [Finding("Keys that were issued, one with the other", columns, rows)]


def origin(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Find who is behind sessions: the first in the chain of those who issued their keys."""
    keys = _keys_of(query) or sorted(_used_keys(domain, query))
    rows = []
    for key in keys[:_LOOKED_AT]:
        path = _upward(domain, key)
        first = path[-1] if path else next(iter(_events(domain, having("access_key_id", key))), None)
        if first is None:
            rows.append((key, "nothing is known of this key", "", "", "", "", ""))
            continue
        person = first.get("federated_user") or first.get("source_identity") or first.get("actor", "")
        rows.append(
            (
                key,
                person,
                first.get("event_name", ""),
                first.get("event_time", ""),
                first.get("source_ip_address", ""),
                first.get("mfa", ""),
                str(len(path)),
            )
        )
    columns = ("key", "person", "began with", "at", "from", "mfa", "steps")
    return [Finding(f"Who is behind it{_left_out(keys)}", columns, rows)]


def regions(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Say what happens in each Region, and in which nothing does."""
    counted = _values(domain, query, "aws_region")
    writing = _values(domain, query._replace(filters=(*query.filters, _WRITES)), "aws_region")
    rows = [
        (
            name,
            str(count),
            str(writing.get(name, 0)),
            _time(_edge(domain, _only(query, "aws_region", name), "desc")),
        )
        for name, count in sorted(counted.items(), key=lambda each: (each[1], each[0]))
    ]
    unused = [(name,) for name in sorted(regions_beside(counted) - counted.keys())]
    return [
        Finding(
            "Regions with events, the fewest first", ("aws_region", "events", "of them writing", "last"), rows
        ),
        Finding("Regions without any", ("aws_region",), unused),
    ]


def spikes(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:
    """Count events by the hour, and say what is in the hours that have far more than most."""
    first, last = _edge(domain, query, "asc"), _edge(domain, query, "desc")
    since, until = query.since or _moment(first), query.until or (now if query.since else _moment(last))
    if since is None or until is None:
        return []
    begin = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = max(1, -(-(until - begin + timedelta(milliseconds=not query.until)) // _HOUR))
    edges = [begin + _HOUR * number for number in range(hours + 1)]
    counts: list[int] = []
    # As many at once as a search domain takes.
    for at in range(0, hours, 300):
        counts += domain.histogram(query, edges[at : min(at + 300, hours) + 1])
    median = statistics.median(counts)
    deviations = [abs(count - median) for count in counts]
    deviation = 1.4826 * statistics.median(deviations) or 1.2533 * statistics.mean(deviations)
    bound = max(2 * median, median + _SPIKE * deviation)
    rows = []
    for edge, count in zip(edges, counts, strict=False):
        if count > bound:
            within = query._replace(
                since=edge, until=edge + _HOUR, size=0, facets=("event_name", "actor"), facet_size=3
            )
            facets = domain.search(within).facets
            rows.append((to_seconds(edge), str(count), _most(facets["event_name"]), _most(facets["actor"])))
    rows.sort(key=lambda row: -int(row[1]))
    title = f"Hours with more than {bound:.0f} events; half of them have {median:.0f} or fewer"
    return [Finding(f"{title}{_left_out(rows)}", ("hour", "events", "what", "who"), rows[:_LOOKED_AT])]


def tools(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Tell by their user agents with what calls were made."""
    agents = _values(domain, query, "user_agent_exact")
    found = domain.search(query._replace(size=0, facets=())).found
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for agent, count in agents.items():
        name = tool_of(agent)
        counts[name] += count
        examples.setdefault(name, agent)
    if rest := found - sum(agents.values()):
        counts["Unknown, or too many to tell"] = rest
    rows = [(name, str(count), examples.get(name, "")) for name, count in counts.most_common()]
    return [Finding("With what", ("tool", "events", "most often"), rows)]


def tool_of(agent: str) -> str:
    """Name what has called, by its user agent."""
    return next((name for name, pattern in _TOOLS if re.search(pattern, agent, re.IGNORECASE)), _OTHER)


def proof(domain: SearchDomain, query: Query, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Read every event, and prove that there are as many as are counted, before and after.

    Raises:
        QuestionNotAnswered: there are not: events have come or gone meanwhile.
    """
    counted = query._replace(size=0, facets=())
    before = domain.search(counted).found
    ids: set[str] = set()
    times: list[str] = []
    for event in domain.scan(query._replace(size=_PAGE), ("event_time",)):
        ids.add(event["id"])
        times += [event["event_time"]] if "event_time" in event else []
    after = domain.search(counted).found
    if not before == len(ids) == after:
        raise QuestionNotAnswered(
            f"{before:,} events were counted, {len(ids):,} read, and {after:,} counted then:"
            " some have come or gone meanwhile. Name an UNTIL that is some minutes ago"
        )
    digest = hashlib.sha256("".join(f"{each}\n" for each in sorted(ids)).encode()).hexdigest()
    rows = [
        ("events counted before, read, and counted after", str(len(ids))),
        ("first event", min(times, default="")),
        ("last event", max(times, default="")),
        ("SHA-256 of their ids, sorted, a line each", digest),
    ]
    return [Finding("Proof", ("what", "value"), rows)]


def _values(domain: SearchDomain, query: Query, field: str) -> Mapping[str, int]:
    """Count the values of a field, the most frequent first."""
    counted = query._replace(size=0, highlight=False, facets=(field,), facet_size=MAX_DISTINCT)
    return domain.search(counted).facets[field]


def _only(query: Query, field: str, value: str) -> Query:
    return query._replace(filters=(*query.filters, having(field, value)))


def _edge(domain: SearchDomain, query: Query, order: str) -> Event | None:
    """Give the first or the last event."""
    page = query._replace(start=0, size=1, sort=f"event_time {order}", facets=(), highlight=False)
    return next(iter(domain.search(page).events), None)


def _events(domain: SearchDomain, *filters: Filter) -> Sequence[Event]:
    return domain.search(Query(filters=filters, size=_EVENTS, sort="event_time asc")).events


def _upward(domain: SearchDomain, key: str) -> list[Event]:
    """Give who issued a key, who issued the key by which that was done, and so on."""
    path: list[Event] = []
    seen: set[str] = set()
    while key and key not in seen and len(path) < _KEYS:
        seen.add(key)
        issued = _events(domain, having("issued_access_key_id", key))
        if not issued:
            break
        # Into another account it is there twice; only the account that it comes from knows by which key.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#cloudtrail-integration_signin-tempcreds
        issuing = next((each for each in issued if each.get("access_key_id")), issued[0])
        path.append(issuing)
        key = issuing.get("access_key_id", "")
    return path


def _keys_of(query: Query) -> list[str]:
    """Give the keys that a query chooses events by."""
    return [
        value
        for each in query.filters
        if "access_key_id" in each.fields and not each.negated
        for condition in each.conditions
        if (value := getattr(condition, "value", ""))
    ]


def _used_keys(domain: SearchDomain, query: Query) -> set[str]:
    """Give the keys that are used in the newest of the events that a query finds."""
    events = domain.search(query._replace(size=_EVENTS, facets=())).events
    return {event["access_key_id"] for event in events if event.get("access_key_id")}


def _roles(step: Event) -> Iterator[str]:
    """Give the roles that a step leads into."""
    for name in (*step.get("resource_arns", ()), *step.get("resource_names", ())):
        if ":role/" in name:
            yield name
            return


def _chunks(values: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(values), 300):
        yield values[at : at + 300]


def _most(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} {count}" for value, count in counts.items())


def _left_out(values: Sequence[object] | Iterable[object]) -> str:
    count = len(list(values))
    return f", {_LOOKED_AT} of {count}" if count > _LOOKED_AT else ""


def _moment(event: Event | None) -> datetime | None:
    return datetime.fromisoformat(event["event_time"]) if event and "event_time" in event else None


def _time(event: Event | None) -> str:
    return event.get("event_time", "") if event else ""
