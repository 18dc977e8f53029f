"""The Regions of AWS, as botocore knows them."""

from collections.abc import Collection

from botocore.loaders import Loader


def regions_beside(seen: Collection[str]) -> frozenset[str]:
    """Give the Regions of the partition that has any of these, or else of the one that most accounts are in."""
    partitions = [frozenset(each["regions"]) for each in Loader().load_data("endpoints")["partitions"]]
    return next((each for each in partitions if each & set(seen)), partitions[0])
