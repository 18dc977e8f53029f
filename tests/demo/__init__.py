import trailsearch.cli  # noqa: F401  # From here on Ctrl-C is said in one line.
