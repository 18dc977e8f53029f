"""The rules of a Choice state.

https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET

from .definition import ChoiceRule
from .errors import NotSupported
from .paths import Path, compile_path

Test = Callable[[Any, Any], bool]  # the state's input, the context object

_MISSING = object()


def compile_rule(rule: ChoiceRule, *, within: bool = False) -> Test:
    """Make a test of a rule.

    Returns:
        A function of a state's input and the context object. Except by IsPresent, it raises ``StateFailed`` if there is no
        variable. A value that is not of the kind that is compared does not match.

    Raises:
        NotSupported: it does not have exactly one comparison, or is within another and has a Next.
    """
    if within and rule.next is not UNSET:
        raise NotSupported("a Next within a rule")
    for group, quantifier in ((rule.all_of, all), (rule.any_of, any)):
        if group is not UNSET:
            if rule.variable is not UNSET or _comparisons(rule) or UNSET not in (rule.all_of, rule.any_of):
                raise NotSupported("And or Or beside a comparison")
            tests = [compile_rule(each, within=True) for each in group]
            return lambda data, context: quantifier(test(data, context) for test in tests)
    comparisons = _comparisons(rule)
    if rule.variable is UNSET or len(comparisons) != 1:
        raise NotSupported("a rule that has not exactly one comparison, of one Variable")
    variable = compile_path(rule.variable)
    if variable.indefinite:
        raise NotSupported(f"{rule.variable} as a Variable")
    [(comparison, expected)] = comparisons.items()
    if comparison == "is_present":
        return lambda data, context: variable.find_or(_MISSING, data, context) is not _MISSING
    return _comparing(variable, comparison, expected)


def _comparisons(rule: ChoiceRule) -> Mapping[str, Any]:
    fields = {
        "is_present": rule.is_present,
        "boolean_equals": rule.boolean_equals,
        "numeric_greater_than": rule.numeric_greater_than,
        "numeric_greater_than_equals": rule.numeric_greater_than_equals,
        "numeric_greater_than_path": rule.numeric_greater_than_path,
        "string_equals": rule.string_equals,
    }
    return {name: value for name, value in fields.items() if value is not UNSET}


def _comparing(variable: Path, comparison: str, expected: Any) -> Test:
    if comparison == "numeric_greater_than_path":
        other = compile_path(expected)
        return lambda data, context: _greater(variable.find(data, context), other.find(data, context))
    compare: Mapping[str, Callable[[Any], bool]] = {
        "boolean_equals": lambda value: value is expected,
        "numeric_greater_than": lambda value: _greater(value, expected),
        "numeric_greater_than_equals": lambda value: _is_number(value) and value >= expected,
        "string_equals": lambda value: isinstance(value, str) and value == expected,
    }
    holds = compare[comparison]
    return lambda data, context: holds(variable.find(data, context))


def _greater(value: Any, other: Any) -> bool:
    return _is_number(value) and _is_number(other) and value > other


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
