"""Step Functions: what Terraform's provider asks for, executions as AWS starts, runs and ends them, and speed.

For every execution moto parses the definition, for every path the path, and for every Task it makes a boto3 client:
together they take longer than the workflow itself. All three are kept here.
"""

from . import definitions, executions, map_runs, paths, redrive, status_changes, stop, tasks


def close_gaps() -> None:
    """Close the gaps of every module."""
    definitions.close_gaps()
    executions.close_gaps()
    map_runs.close_gaps()
    paths.close_gaps()
    redrive.close_gaps()  # After the Map Runs: of a child that fails, it keeps where.
    status_changes.close_gaps()
    stop.close_gaps()  # After the status changes: the event of an execution that is stopped must be sent once.
    tasks.close_gaps()
