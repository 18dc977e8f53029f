"""Dimensions have one order: moto sorts two sets of them to tell whether they are the same, by a comparison that is no order.

A metric of three dimensions is found or not then, by the order in which they are asked for.
"""

from moto.cloudwatch.models import Dimension

from ...patching import replace


def close_gaps() -> None:
    """Compare dimensions by their names, and then by their values."""
    replace(Dimension, "__lt__", _before)


def _before(self: Dimension, other: Dimension) -> bool:
    return (self.name or "", self.value or "") < (other.name or "", other.value or "")
