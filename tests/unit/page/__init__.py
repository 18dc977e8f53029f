"""The search page's server, in a process with its tests."""
