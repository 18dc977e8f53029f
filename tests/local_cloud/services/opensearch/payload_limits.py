"""How large the body of a request may be, by instance type: 10 or 100 MiB.

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits

Some families have 100 MiB already at `large`. They are given 10 here, as all below `xlarge`: what passes here, passes on AWS.
"""

MIB = 1024 * 1024


def max_body_bytes(instance_type: str) -> int:
    """Give the limit of an instance type such as ``t3.small.search``."""
    family, size, *_ = instance_type.split(".")
    small = family.startswith("t") or not size.endswith("xlarge")
    return (10 if small else 100) * MIB
