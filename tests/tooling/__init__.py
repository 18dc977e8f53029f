"""What the repository is worked with, and no Python runs: the Makefile, locks, names of folders, the order in Terraform."""
