"""``make cost``: what it would cost, by a model that executions confirm."""
