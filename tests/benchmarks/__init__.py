"""How fast the data path is, how much memory it takes, and how long functions take to start: `make bench`.

Everything is measured beside the same job written plainly (`plain`), in one run on one core, on generated logs that a
seed makes the same everywhere. Nothing here asserts a time.
"""
