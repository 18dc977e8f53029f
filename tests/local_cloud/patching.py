"""The ways in which moto is changed in this process, all of which fail loudly when moto has changed by itself."""

import sys
from types import ModuleType
from typing import Any

import moto

SUPPORTED_VERSION = "5.2."


class MotoChangedError(RuntimeError):
    """moto is not the version that the local cloud was written for, or what it changes is no longer there."""


def require_supported_moto() -> None:
    """Check the version of moto.

    Raises:
        MotoChangedError: moto is not 5.2.x.
    """
    if not moto.__version__.startswith(SUPPORTED_VERSION):
        raise MotoChangedError(
            f"the local cloud extends moto {SUPPORTED_VERSION}x, but moto is {moto.__version__}"
        )


def replace(owner: Any, name: str, new: Any) -> None:
    """Set the attribute `name` of `owner`, a class or module of moto, to `new`.

    Raises:
        MotoChangedError: `owner` has no such attribute.
    """
    if not hasattr(owner, name):
        raise MotoChangedError(f"{_full_name(owner)} no longer has {name}")
    setattr(owner, name, new)


def add(owner: Any, name: str, new: Any) -> None:
    """Give `owner`, a class or module of moto, the new attribute `name`.

    Raises:
        MotoChangedError: `owner` has it already: moto has closed the gap itself.
    """
    if hasattr(owner, name):
        raise MotoChangedError(f"{_full_name(owner)} has {name} now: remove the local cloud's own")
    setattr(owner, name, new)


def replace_imported(package: str, owner: ModuleType, name: str, new: Any) -> None:
    """Replace `name` of the module `owner`, and wherever modules of `package` have imported it from there.

    Raises:
        MotoChangedError: `owner` has no such attribute.
    """
    old = getattr(owner, name, None)
    replace(owner, name, new)
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(f"{package}.") and vars(module).get(name) is old:
            setattr(module, name, new)


def _full_name(owner: Any) -> str:
    return f"{getattr(owner, '__module__', '')} {getattr(owner, '__qualname__', owner.__name__)}".strip()
