"""Payload templates: values as they are, and, where a name ends in ``.$``, what a path or an intrinsic function gives.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
"""

from typing import Any

from .errors import NotSupported
from .intrinsics import Evaluate, compile_call, is_call
from .paths import compile_path


def compile_expression(text: Any) -> Evaluate:
    """Read a path, or the call of an intrinsic function.

    Raises:
        NotSupported: it is neither.
    """
    if not isinstance(text, str):
        raise NotSupported(f"{text!r} where a path is to stand")
    return compile_call(text) if is_call(text) else compile_path(text).find


def compile_template(template: Any) -> Evaluate:
    """Read a template.

    Returns:
        A function of a state's input and the context object. What it gives shares values with them, and is not to be changed.

    Raises:
        NotSupported: a path or a call in it is none that is known.
    """
    if not _is_dynamic(template):
        return lambda _data, _context: template
    if isinstance(template, list):
        elements = [compile_template(each) for each in template]
        return lambda data, context: [element(data, context) for element in elements]
    fields = [
        (name[:-2], compile_expression(value)) if name.endswith(".$") else (name, compile_template(value))
        for name, value in template.items()
    ]
    if len(dict(fields)) < len(fields):
        raise NotSupported(f"a name twice, once with .$: {', '.join(template)}")
    return lambda data, context: {name: evaluate(data, context) for name, evaluate in fields}


def _is_dynamic(template: Any) -> bool:
    match template:
        case dict():
            return any(name.endswith(".$") or _is_dynamic(value) for name, value in template.items())
        case list():
            return any(_is_dynamic(each) for each in template)
    return False
