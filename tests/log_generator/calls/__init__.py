"""The API calls that the accounts make, and how often.

The weights follow real accounts: decryption, descriptions, role assumption and agents make most of the events,
changes and failures are rare.
"""

from tests.log_generator.api_call import ApiCall
from tests.log_generator.calls import compute, security, storage

API_CALLS: tuple[ApiCall, ...] = (*security.CALLS, *compute.CALLS, *storage.CALLS)

__all__ = ["API_CALLS"]
