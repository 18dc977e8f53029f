"""Look at everything at once, and let nothing hold up another."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from trailsearch.aws import clients
from trailsearch.cli.preflight.account import Account, make_clients, who_asks
from trailsearch.cli.preflight.buckets import (
    ACCESS_LOG_BUCKET,
    LOG_BUCKET,
    check_access_log_bucket,
    check_log_bucket,
)
from trailsearch.cli.preflight.findings import DENIED, Finding, failure, unknown, warning, well
from trailsearch.cli.preflight.quotas import (
    CONCURRENCY,
    LOG_POLICIES,
    TRAILS,
    check_concurrency,
    check_log_policies,
    check_trails,
)
from trailsearch.cli.preflight.search_domain import CHECK as SEARCH_DOMAIN
from trailsearch.cli.preflight.search_domain import check_search_domain
from trailsearch.cli.preflight.settings import Settings, StateBackend
from trailsearch.cli.preflight.state import CHECK as STATE
from trailsearch.cli.preflight.state import check_state
from trailsearch.cli.preflight.topics import (
    ALARM_TOPIC,
    LOG_TOPIC,
    check_alarm_topic,
    check_log_topic,
    regions_of,
)

CREDENTIALS, REGION = "Credentials", "Region"

Check = tuple[str, Callable[[], Iterator[Finding]]]


def observe(settings: Settings, state: StateBackend | None) -> list[Finding]:
    """Look at everything that the settings depend on. Without credentials that AWS knows, at nothing more.

    Raises:
        AwsNotConfigured: there are no credentials.
    """
    try:
        identity = who_asks(settings.region)
    except (BotoCoreError, ClientError) as error:
        return [_not_known(settings.region, error)]
    found = [well(CREDENTIALS, f"{identity.arn}, account {identity.account}"), _region(settings.region)]
    topics = regions_of(settings.log_topic_arns + settings.alarm_topic_arns)
    made = make_clients(settings.region, state.region if state else None, topics)
    account = Account(identity, settings.region, made)
    with ThreadPoolExecutor() as pool:
        looked = [
            pool.submit(_tried, name, check, account) for name, check in checks(account, settings, state)
        ]
    return found + [finding for each in looked for finding in each.result()]


def checks(account: Account, settings: Settings, state: StateBackend | None) -> list[Check]:
    """Give all checks, in the order of the table, each with what it is about."""
    return [
        (STATE, lambda: check_state(account.clients.state, state)),
        (CONCURRENCY, lambda: check_concurrency(account, settings)),
        (TRAILS, lambda: check_trails(account, settings)),
        (SEARCH_DOMAIN, lambda: check_search_domain(account, settings)),
        (LOG_POLICIES, lambda: check_log_policies(account, settings)),
        *(
            (f"{LOG_BUCKET} {bucket}", lambda bucket=bucket: check_log_bucket(account, settings, bucket))
            for bucket in settings.log_bucket_names
        ),
        *(
            (f"{LOG_TOPIC} {arn}", lambda arn=arn: check_log_topic(account, settings, arn))
            for arn in settings.log_topic_arns
        ),
        (ACCESS_LOG_BUCKET, lambda: check_access_log_bucket(account, settings)),
        *(
            (f"{ALARM_TOPIC} {arn}", lambda arn=arn: check_alarm_topic(account, settings, arn))
            for arn in settings.alarm_topic_arns
        ),
    ]


def _tried(name: str, check: Callable[[], Iterator[Finding]], account: Account) -> list[Finding]:
    try:
        return list(check())
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in DENIED:
            to_do = 'Let these credentials look (terraform/README.md, "Before the apply"), or look yourself'
        else:
            to_do = "Look yourself, or try again"
        return [unknown(name, f"cannot be looked at: {error}", to_do)]
    except EndpointConnectionError as error:
        return [unknown(name, f"no answer: {error}", f"Is this service offered in {account.region}?")]
    except BotoCoreError as error:
        return [unknown(name, f"no answer: {error}", "Try again")]


def _not_known(region: str, error: BotoCoreError | ClientError) -> Finding:
    """Say whether it is the credentials or the Region that AWS does not know: to STS of a Region that is off, all are strange.

    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    """
    elsewhere = clients.own_region()
    if elsewhere and elsewhere != region:
        try:
            who_asks(elsewhere)
        except (BotoCoreError, ClientError):
            pass
        else:
            return failure(
                REGION,
                f"{elsewhere} knows these credentials, {region} does not: {error}",
                f"Enable {region} for this account, or change region in the environment's .tfvars",
            )
    return failure(CREDENTIALS, str(error), "Renew them, for example: aws sso login")


def _region(region: str) -> Finding:
    own = clients.own_region()
    if own == region:
        return well(REGION, region)
    return warning(
        REGION,
        f"{region} is deployed to, but make status and the other commands look in {own or 'no Region'}",
        f"export AWS_REGION={region}",
    )
