"""A flood of logs through the whole pipeline in the local cloud, measured while it runs: `python -m tests.load`."""
