"""CloudTrail's logs: what is announced, where it lies, what is in it."""
