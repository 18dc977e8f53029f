"""What the states of the workflow keep for each other, and the letters about what failed."""
