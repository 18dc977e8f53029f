"""SQS: queues as Trailsearch and Terraform's provider need them, and message move tasks."""

from . import message_move_tasks, queues


def close_gaps() -> None:
    """Close the gaps of every module."""
    queues.close_gaps()
    message_move_tasks.close_gaps()
