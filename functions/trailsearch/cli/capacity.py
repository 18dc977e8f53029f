"""What a CloudSearch domain holds: it grows by itself, but only so far. ``make cost`` and ``make status`` reckon with it."""

from collections.abc import Mapping
from typing import Final

# GB of documents that AWS advises each instance type for, the smallest first, and 32 GB for each partition
# (https://docs.aws.amazon.com/cloudsearch/latest/developerguide/configuring-scaling-options.html); of search.medium it says
# nothing.
GB_OF_DOCUMENTS: Final[Mapping[str, float]] = {
    "search.small": 1,
    "search.medium": 4,
    "search.large": 8,
    "search.xlarge": 16,
    "search.2xlarge": 32,
}
LARGEST: Final = "search.2xlarge"
# Unless AWS grants more (https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html). Only the largest type
# is divided into partitions.
MAX_PARTITIONS: Final = 10
