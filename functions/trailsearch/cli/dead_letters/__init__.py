"""``make dlq`` and ``make redrive``: what could not be made searchable, and the way back in."""
