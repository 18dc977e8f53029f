"""The search backend: how to write batches, upload them, and ask."""
