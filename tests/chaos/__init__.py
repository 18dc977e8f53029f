"""Proof by fault injection that nothing is lost: `python -m tests.chaos`.

Logs are delivered while a fault is switched on; then every delivered event must be in the search domain or pointed to
by a dead letter, and after a redrive all must be in the domain and the dead-letter queue empty.
"""
