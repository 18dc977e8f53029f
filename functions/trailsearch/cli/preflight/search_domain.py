"""Whether the search domain can be created, told by what its service answers to reads."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from trailsearch.cli.preflight.account import Account, in_region
from trailsearch.cli.preflight.findings import Finding, failure, warning, well
from trailsearch.cli.preflight.settings import Settings
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.queries import SearchDomainNotFound, SearchServiceClosed

CHECK = "Search domain"

# "Domains per Region", 100 unless AWS grants more. https://docs.aws.amazon.com/general/latest/gr/opensearch-service.html
DOMAINS_OF_A_REGION, _DOMAINS_QUOTA = 100, "L-076D529E"


def check_search_domain(account: Account, settings: Settings) -> Iterator[Finding]:
    """Look whether the domain is there, or whether its service would make it.

    OpenSearch's service-linked role is for domains in a VPC, which this one is not
    (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html).

    Raises:
        ClientError, BotoCoreError: the service does not say.
    """
    if settings.search_backend is Backend.CLOUDSEARCH:
        yield _cloudsearch(account, settings)
    else:
        yield _opensearch(account.clients.opensearch, account, settings)


def _cloudsearch(account: Account, settings: Settings) -> Finding:
    backend = search_backend(SearchSettings(Backend.CLOUDSEARCH, settings.prefix))
    try:
        backend.describe(settings.prefix, in_region(account.region))
    except SearchServiceClosed:
        return failure(
            CHECK,
            "CloudSearch does not take this account, which did not use it before 25 July 2024",
            'search_backend = "opensearch"',
        )
    except SearchDomainNotFound:
        domains = account.clients.cloudsearch.describe_domains()["DomainStatusList"]
    else:
        return well(CHECK, f"{settings.prefix} is there, on CloudSearch")
    # Who has a domain may make another one; who has none is taken by exception.
    if domains:
        return well(CHECK, f"none yet; CloudSearch has {len(domains):,} of this account in {account.region}")
    return warning(
        CHECK,
        "CloudSearch answers, but has no domain of this account here: only the apply tells whether it takes one",
        'search_backend = "opensearch", which every account can take',
    )


def _opensearch(client: Any, account: Account, settings: Settings) -> Finding:
    names = [
        domain["DomainName"] for domain in client.list_domain_names(EngineType="OpenSearch")["DomainNames"]
    ]
    if settings.prefix in names:
        return well(CHECK, f"{settings.prefix} is there, on OpenSearch")
    problem = _too_many(account, client) or _not_offered(client, account.region, settings)
    offered = f"{settings.opensearch_instance_count} × {settings.opensearch_instance_type}"
    return problem or well(CHECK, f"OpenSearch offers {offered} in {account.region}")


def _too_many(account: Account, client: Any) -> Finding | None:
    # Elasticsearch's count as well.
    count = len(client.list_domain_names()["DomainNames"])
    if count < DOMAINS_OF_A_REGION:
        return None
    answer = account.clients.service_quotas.get_service_quota(ServiceCode="es", QuotaCode=_DOMAINS_QUOTA)
    quota = int(answer["Quota"]["Value"])
    if count < quota:
        return None
    return failure(
        CHECK,
        f"{account.region} has {count:,} of {quota:,} OpenSearch domains",
        "Ask Service Quotas for more domains of OpenSearch Service, or delete one",
    )


def _not_offered(client: Any, region: str, settings: Settings) -> Finding | None:
    """Say what of the settings this Region does not have; None, if it has all."""
    version = settings.opensearch_engine_version
    masters = settings.opensearch_master_instance_type
    types = {"opensearch_instance_type": settings.opensearch_instance_type}
    if masters is not None:
        types["opensearch_master_instance_type"] = masters
    for variable, instance_type in types.items():
        try:
            details = _details(client, version, instance_type)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationException":
                raise
            message = error.response.get("Error", {}).get("Message", "")
            return failure(
                CHECK,
                f"OpenSearch does not know {instance_type} with {version}: {message}",
                f"Another {variable} or opensearch_engine_version",
            )
        if details is None:
            return failure(
                CHECK,
                f"{region} has no {instance_type} with {version}",
                f"Another {variable}: aws opensearch list-instance-type-details --engine-version {version}",
            )
        zones = details.get("AvailabilityZones")
        if zones and len(zones) < settings.opensearch_zone_count:
            return failure(
                CHECK,
                f"{region} has {instance_type} in {len(zones)} Availability Zones: {', '.join(sorted(zones))}",
                f"Another {variable}, or opensearch_zone_count = {len(zones)}",
            )
    return None


def _details(client: Any, version: str, instance_type: str) -> Any:
    """Give what OpenSearch says of an instance type, or None. It is only asked about with its Availability Zones."""
    page: dict[str, Any] = {}
    while True:
        asked = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
        page = client.list_instance_type_details(
            EngineVersion=version, InstanceType=instance_type, RetrieveAZs=True, **asked
        )
        for details in page["InstanceTypeDetails"]:
            if details["InstanceType"] == instance_type:
                return details
        if not page.get("NextToken"):
            return None
