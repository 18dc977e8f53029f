"""Index the logs of days gone by: plan, estimate, and ask before anything starts."""
