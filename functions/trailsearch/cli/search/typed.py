"""What is typed on the command line, as a query: the options by which events are chosen, and how their values are written."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any, Final, NamedTuple, TypeVar

import click

from trailsearch.cli.console import CommandFailed
from trailsearch.cli.search.times import EXAMPLES, parse_time
from trailsearch.search.queries import (
    Begins,
    Condition,
    Filter,
    Is,
    Query,
    QueryRefused,
    Within,
    require_field,
)

OUTCOMES: Final = ("success", "denied", "failed")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class OptionNotUnderstood(CommandFailed):
    """What was typed for an option means nothing; says what it may be. Exits as click does of what is typed wrong."""

    exit_code = 2


class Choice(NamedTuple):
    """An option by which events are chosen: the fields of which any has one of its values, and its help."""

    fields: tuple[str, ...]
    help: str


CHOICES: Final[Mapping[str, Choice]] = {
    "who": Choice(
        (
            "actor",
            "user_identity_user_name",
            "source_identity",
            "federated_user",
            "user_identity_arn",
            "session_issuer_arn",
            "user_identity_principal_id",
            "user_identity_invoked_by",
            "user_identity_account_id",
        ),
        "Who did it: a user, role/session, role/*, an ARN, a service or an account.",
    ),
    "what": Choice(
        ("event_name", "event_source"), "What was called: DeleteBucket, Delete*, s3:*, s3.amazonaws.com."
    ),
    "resource": Choice(("resource_names", "resource_arns"), "What it was done to: a name, id or ARN."),
    "ip": Choice(
        ("source_ip_address",), "From where: an address, a network as 203.0.113.0/24, or a service."
    ),
    "key": Choice(
        ("access_key_id", "issued_access_key_id"), "The access key that was used for it, or that it issued."
    ),
    "outcome": Choice(("outcome",), f"How it ended: {', '.join(OUTCOMES)}."),
}
_TEXT: Final = Choice(("raw",), 'Words anywhere in the record; "several words" stand side by side.')
# A comma, or an asterisk at the end, that is meant as itself has a backslash before it.
_VALUE: Final = re.compile(r"(?:\\.|[^,\\])+|\\", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([,*\\])")
_WORDS: Final = re.compile(r'"(?P<quoted>[^"]*)"|(?P<word>[^\s"]+)')
_SERVICE: Final = re.compile(r"([a-z0-9-]+):([A-Za-z0-9*]+)")
_SUFFIX: Final = ".amazonaws.com"


def choosing(command: _Command) -> _Command:
    """Give a command the options by which events are chosen, and their opposites, ``NOT_WHO`` and so on."""
    for name, choice in reversed({**CHOICES, "text": _TEXT}.items()):
        variable = name.upper()
        negated = click.option(
            f"--not-{name}", envvar=f"NOT_{variable}", default="", help="And its opposite."
        )
        command = click.option(f"--{name}", envvar=variable, default="", help=choice.help)(negated(command))
    command = click.option("--until", envvar="UNTIL", default="", help="Before when, likewise.")(command)
    return click.option("--since", envvar="SINCE", default="", help=f"From when: {EXAMPLES}.")(command)


def chosen(query: Query, typed: Mapping[str, str], now: datetime) -> Query:
    """Add to a query what the options of ``choosing`` say.

    Raises:
        TimeUnreadable, OptionNotUnderstood: one of them says nothing that is understood.
    """
    filters = [*query.filters]
    for name, choice in CHOICES.items():
        for option, negated in ((name, False), (f"not_{name}", True)):
            if text := typed.get(option, ""):
                filters += [
                    each.__class__(each.fields, each.conditions, negated)
                    for each in _filters(option, choice, text)
                ]
    if text := typed.get("not_text", ""):
        filters.append(
            Filter(("raw",), tuple(Is(each) for each in phrases_of("NOT_TEXT", text)), negated=True)
        )
    phrases = phrases_of("TEXT", typed["text"]) if typed.get("text") else []
    since, until = (
        parse_time(option.upper(), typed[option], now) if typed.get(option) else None
        for option in ("since", "until")
    )
    if since and until and since >= until:
        raise OptionNotUnderstood(f"SINCE={typed['since']} is not before UNTIL={typed['until']}")
    return query._replace(
        phrases=(*query.phrases, *phrases),
        filters=tuple(filters),
        since=since or query.since,
        until=until or query.until,
    )


def phrases_of(option: str, text: str) -> list[str]:
    """Take words apart, which may be anywhere, and phrases in double quotes.

    Raises:
        OptionNotUnderstood: a quote is missing, or there is nothing to look for.
    """
    if text.count('"') % 2:
        raise OptionNotUnderstood(
            f'{option}={text} lacks a quote ("): every phrase has one before and one after it'
        )
    found = [each["quoted"] or each["word"] or "" for each in _WORDS.finditer(text)]
    if not (phrases := [each for each in found if any(map(str.isalnum, each))]):
        raise OptionNotUnderstood(f"{option}={text} has no letter and no digit to look for")
    return phrases


def fields_of(option: str, text: str) -> list[str]:
    """Read names of fields, with commas between them.

    Raises:
        OptionNotUnderstood: there is no such field; says which one may be meant.
    """
    names = [name for name in text.replace(" ", "").split(",") if name]
    for name in names:
        try:
            require_field(name)
        except QueryRefused as error:
            raise OptionNotUnderstood(f"{option}: {error}") from error
    return names


def _filters(option: str, choice: Choice, text: str) -> Iterable[Filter]:
    typed = [each.strip() for each in _VALUE.findall(text) if each.strip()]
    if not typed:
        raise OptionNotUnderstood(f"{option.upper()}={text} names nothing")
    if choice is CHOICES["what"] and any(map(_SERVICE.fullmatch, typed)):
        return _of_a_service(option, typed)
    if choice is CHOICES["outcome"] and (unknown := [each for each in typed if each not in OUTCOMES]):
        raise OptionNotUnderstood(f"{option.upper()}={unknown[0]} is none of {', '.join(OUTCOMES)}")
    read = _address if choice is CHOICES["ip"] else _condition
    return [Filter(choice.fields, tuple(read(option, each) for each in typed))]


def _of_a_service(option: str, typed: list[str]) -> Iterable[Filter]:
    """Read calls as the table shows them: ``sqs:SendMessage``."""
    found = [_SERVICE.fullmatch(each) for each in typed]
    services = {each[1] if each else "" for each in found}
    if len(services) > 1 or (option.startswith("not_") and any(each and each[2] != "*" for each in found)):
        raise OptionNotUnderstood(
            f"{option.upper()}={','.join(typed)}: calls of one service alone can be named with it; without it, of all"
        )
    (service,) = services
    names = [each[2] for each in found if each and each[2] != "*"]
    yield Filter(("event_source",), (Is(f"{service}{_SUFFIX}"),))
    if len(names) == len(typed):
        yield Filter(("event_name",), tuple(_condition(option, name) for name in names))


def _condition(_option: str, text: str) -> Condition:
    if text.endswith("*") and not text.endswith("\\*") and len(text) > 1:
        return Begins(_ESCAPED.sub(r"\1", text[:-1]))
    return Is(_ESCAPED.sub(r"\1", text))


def _address(option: str, text: str) -> Condition:
    try:
        # As CloudTrail writes it, which one may type otherwise: 2001:DB8:0::1.
        return Within(ip_network(text, strict=False)) if "/" in text else Is(str(ip_address(text)))
    except ValueError:
        if "/" in text:
            raise OptionNotUnderstood(
                f"{option.upper()}={text} is no network, as 203.0.113.0/24 is"
            ) from None
        return _condition(option, text)
