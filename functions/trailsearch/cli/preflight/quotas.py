"""What an account has only so much of: Lambda's concurrency, trails, resource policies of CloudWatch Logs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import Finding, failure, warning, well
from trailsearch.cli.preflight.settings import Settings
from trailsearch.search import Backend

CONCURRENCY, TRAILS, LOG_POLICIES = "Lambda concurrency", "Trails", "Logs policies"

# "as long as you leave at least 100 simultaneous executions unreserved": new accounts have 10 or 50 in all, and cannot
# reserve any. The error names the least that must stay, 10 and 50 there.
# https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html,
# https://github.com/aws-samples/one-observability-demo/issues/278
UNRESERVED = 100
# It cannot be raised. "A multi-Region trail counts as one trail per Region."
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html,
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-multiple-trails.html
TRAILS_OF_A_REGION = 5
# It cannot be raised. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
LOG_POLICIES_OF_A_REGION = 10


def check_concurrency(account: Account, settings: Settings) -> Iterator[Finding]:
    """Look whether Lambda lets ``reserved_concurrency`` be reserved; what the functions have already counts for them.

    Raises:
        ClientError, BotoCoreError: Lambda does not say.
    """
    limit = account.clients.lambda_functions.get_account_settings()["AccountLimit"]
    total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    wanted = settings.reserved_concurrency
    more = sum(max(0, count - _reserved(account, settings, name)) for name, count in wanted.items())
    left = unreserved - more
    if more and left < UNRESERVED:
        raised = total + UNRESERVED - left
        yield failure(
            CONCURRENCY,
            f"of {total:,} executions {unreserved:,} are not reserved; reserved_concurrency takes {more:,} more, and "
            f"Lambda keeps {UNRESERVED}",
            f"reserved_concurrency = {{}}, or ask Service Quotas for {raised:,} concurrent executions of Lambda",
        )
    elif total < UNRESERVED:
        yield warning(
            CONCURRENCY,
            f"all functions of the account share {total:,} executions: what is throttled waits, and is retried",
            "Ask Service Quotas for 1,000 concurrent executions of Lambda",
        )
    else:
        yield well(CONCURRENCY, f"{left:,} of {total:,} executions stay unreserved")


def _reserved(account: Account, settings: Settings, function: str) -> int:
    name = f"{settings.prefix}-{function.replace('_', '-')}"
    try:
        answer = account.clients.lambda_functions.get_function_concurrency(FunctionName=name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            return 0
        raise
    return answer.get("ReservedConcurrentExecutions", 0)


def check_trails(account: Account, settings: Settings) -> Iterator[Finding]:
    """Look whether there is room for the trail that is to be created, and whether it is the second that is paid for.

    Raises:
        ClientError, BotoCoreError: CloudTrail does not say.
    """
    if not settings.create_trail:
        yield well(TRAILS, "none is created (create_trail = false)")
        return
    cloudtrail = account.clients.cloudtrail
    # Those that other Regions and the organization have made are shadows here, and count.
    here = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    if any(trail["Name"] == settings.prefix and trail.get("HomeRegion") == account.region for trail in here):
        yield well(TRAILS, f"{settings.prefix} is there, one of {len(here)} in {account.region}")
        return
    adopt = 'adopt one: create_trail = false (terraform/README.md, "Which logs?")'
    everywhere = {trail["TrailARN"] for trail in here if trail.get("IsMultiRegionTrail")}
    if len(here) >= TRAILS_OF_A_REGION:
        names = ", ".join(sorted(trail["Name"] for trail in here))
        yield failure(
            TRAILS,
            f"{account.region} has {len(here)} of {TRAILS_OF_A_REGION} trails: {names}",
            f"Delete one, or {adopt}",
        )
    elif full := sorted(_full_regions(cloudtrail, everywhere) - {account.region}):
        yield warning(
            TRAILS,
            f"{', '.join(full)}: {TRAILS_OF_A_REGION} trails already, and a multi-Region trail is one more in each Region",
            f"Delete one there, or {adopt}",
        )
    elif here:
        # https://aws.amazon.com/cloudtrail/pricing/
        yield warning(
            TRAILS,
            f"{len(here)} of {TRAILS_OF_A_REGION} in {account.region}: of management events, each copy beyond the first "
            "costs $2 per 100,000",
            f"To have no second copy, {adopt}",
        )
    else:
        yield well(TRAILS, f"none of {TRAILS_OF_A_REGION} in {account.region} yet")


def _full_regions(cloudtrail: Any, everywhere: set[str]) -> set[str]:
    pages = cloudtrail.get_paginator("list_trails").paginate()
    single = Counter(
        trail["HomeRegion"]
        for page in pages
        for trail in page["Trails"]
        if trail["TrailARN"] not in everywhere
    )
    return {region for region, count in single.items() if count + len(everywhere) >= TRAILS_OF_A_REGION}


def check_log_policies(account: Account, settings: Settings) -> Iterator[Finding]:
    """Look whether the resource policy that lets an OpenSearch domain write its log can be made.

    Raises:
        ClientError, BotoCoreError: CloudWatch Logs does not say.
    """
    if settings.search_backend is not Backend.OPENSEARCH:
        return
    pages = account.clients.logs.get_paginator("describe_resource_policies").paginate()
    names = {policy["policyName"] for page in pages for policy in page["resourcePolicies"]}
    own = f"{settings.prefix}-search-domain"
    if own in names:
        yield well(LOG_POLICIES, f"{own} is there")
    elif len(names) >= LOG_POLICIES_OF_A_REGION:
        yield failure(
            LOG_POLICIES,
            f"{account.region} has {len(names)} of {LOG_POLICIES_OF_A_REGION} resource policies of CloudWatch Logs",
            "Delete one that nothing needs: aws logs describe-resource-policies",
        )
    else:
        yield well(LOG_POLICIES, f"{len(names)} of {LOG_POLICIES_OF_A_REGION} in {account.region}")
