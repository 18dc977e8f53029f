"""What passes between the states of the workflow, what the functions are told, and what can go wrong."""
