"""How large the body of a request may be, by instance type: 10 or 100 MiB.

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits

Some families have 100 MiB already at `large`, or2 at `medium`; t2 and t3, or1.medium and om2.large among others have 10. All
below `xlarge` are given 10 here: what passes here, passes on AWS.
"""

MIB = 1024 * 1024


def max_body_bytes(instance_type: str) -> int:
    """Give the limit of an instance type such as ``t3.small.search``."""
    family, size, *_ = instance_type.split(".")
    small = family.startswith("t") or not size.endswith("xlarge")
    return (10 if small else 100) * MIB
