"""The operator commands. They are not part of the Lambda package."""

from trailsearch.cli.interrupts import say_interrupts_in_one_line

# Before any of them imports what takes long.
say_interrupts_in_one_line()
