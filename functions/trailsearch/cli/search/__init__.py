"""Search the events of an environment, and print or export what is found."""
