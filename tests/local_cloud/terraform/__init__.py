"""Trailsearch's own Terraform, applied to the local cloud, and how that is shown while it is under way."""
