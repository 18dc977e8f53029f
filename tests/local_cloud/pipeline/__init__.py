"""Trailsearch from outside, where it is deployed: logs in, wait until all is done, look at what is found."""
