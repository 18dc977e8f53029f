"""Have a backfill planned."""

from trailsearch.aws import clients
from trailsearch.cli.environment import Environment, EnvironmentNotFound
from trailsearch.contracts.backfill import Counted, Scope
from trailsearch.logs.log_folders import Days, find_regions
from trailsearch.logs.log_listing import LogListing
from trailsearch.workflow.backfill_plan import plan


def planned(deployed: Environment, scope: Scope) -> Counted:
    """Count the logs of a backfill, and the parts that they make, in all log buckets of an environment.

    Raises:
        EnvironmentNotFound: there is no such environment, or it reads logs from no bucket.
        LogsNotListed, StorageUnavailable: a bucket cannot be listed.
        BotoCoreError, ClientError: AWS cannot be asked.
    """
    function = clients.lambda_functions().get_function_configuration(
        FunctionName=f"{deployed.prefix}-fetch-logs"
    )
    names = function.get("Environment", {}).get("Variables", {}).get("LOG_BUCKETS", "")
    if not names:
        raise EnvironmentNotFound(f"{deployed.prefix}-fetch-logs has no LOG_BUCKETS to read from")
    counted = Counted()
    for bucket in names.split(","):
        listing = LogListing(clients.s3(), bucket)
        regions = find_regions(listing, scope)
        days = (Days(region, scope.first, scope.last_folder) for region in regions)
        counted += plan(bucket, listing, days, lambda _part: None)
    return counted
