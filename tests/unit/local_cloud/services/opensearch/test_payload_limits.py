"""How large a body may be."""

import pytest

from tests.local_cloud.services.opensearch.payload_limits import MIB, max_body_bytes


@pytest.mark.parametrize(
    ("instance_type", "mib"),
    [
        ("t3.small.search", 10),
        ("t3.medium.search", 10),
        ("or2.medium.search", 10),
        ("m7g.large.search", 10),
        ("m7g.xlarge.search", 100),
        ("r7g.12xlarge.search", 100),
    ],
)
def test_the_limit_is_that_of_the_instance_type(instance_type: str, mib: int) -> None:
    assert max_body_bytes(instance_type) == mib * MIB
