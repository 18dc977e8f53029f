"""The command: what it reads, prints and ends with."""

import json
import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner, Result

from tests.conftest import REPOSITORY
from tests.unit.cli.preflight.conftest import (
    ACCOUNT,
    ARN,
    DENIED,
    MISSING,
    REGION,
    Aws,
    Refused,
    concurrency,
    offered,
    settings,
)
from trailsearch.cli.console import Console
from trailsearch.cli.preflight.findings import Finding, failure, unknown, warning, well
from trailsearch.cli.preflight.observe import observe
from trailsearch.cli.preflight.preflight import preflight, print_findings
from trailsearch.cli.preflight.settings import Notifications, StateBackend
from trailsearch.cli.terraform_settings import TERRAFORM, environments, load
from trailsearch.search import Backend

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
STATE = StateBackend("state", "key", REGION)
SETTINGS = f"""\
environment          = "test"
region               = "{REGION}"
search_backend       = "opensearch"
reserved_concurrency = {{ index_batch = 8 }}
"""
BACKEND = f'bucket = "state"\nkey = "trailsearch/test.tfstate"\nregion = "{REGION}"\nuse_lockfile = true\n'


@pytest.fixture
def terraform(tmp_path: Path) -> Path:
    """The configuration, with an environment ``test``."""
    (tmp_path / "variables.tf").symlink_to(REPOSITORY / "terraform" / "variables.tf")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "test.tfvars").write_text(SETTINGS)
    (tmp_path / "environments" / "test.s3.tfbackend").write_text(BACKEND)
    load.cache_clear()
    return tmp_path


def run(terraform: Path, *arguments: str, env: str = "test") -> Result:
    return CliRunner().invoke(
        preflight, ["--env", env, "--terraform", str(terraform), *arguments], env={"COLUMNS": "160"}
    )


def test_an_account_in_which_all_is_well(aws: Aws, terraform: Path) -> None:
    result = run(terraform)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[0] == "All is well."
    assert f"✓ Credentials {ARN}, account {ACCOUNT}" in lines
    assert "✓ Region us-east-1" in lines
    assert "✓ State bucket state is there, and versioned" in lines
    assert "✓ Lambda concurrency 992 of 1,000 executions stay unreserved" in lines
    assert "✓ Trails none of 5 in us-east-1 yet" in lines
    assert "✓ Search domain OpenSearch offers 1 × t3.small.search in us-east-1" in lines
    assert "✓ Logs policies 0 of 10 in us-east-1" in lines
    assert "What to do" not in result.output


def test_what_would_fail_ends_it_with_1_and_is_said_with_what_to_do(aws: Aws, terraform: Path) -> None:
    aws.answers["lambda", "GetAccountSettings"] = concurrency(10, 10)
    result = run(terraform)
    assert result.exit_code == 1
    assert result.output.startswith("✗ The apply would fail: 1 of 7 checks say so.\n")
    text = " ".join(result.output.split())
    assert "✗ Lambda concurrency" in text
    assert "What to do" in text


def test_what_only_does_not_work_lets_the_apply_through(aws: Aws, terraform: Path) -> None:
    aws.answers["s3", "GetBucketVersioning"] = {}
    aws.answers["logs", "DescribeResourcePolicies"] = DENIED
    result = run(terraform)
    assert result.exit_code == 0
    assert result.output.startswith("! The apply goes through; 2 of 7 checks want a look.\n")
    assert "! State bucket" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("versioning", "head", "well_and_applies"),
    [
        ({"Status": "Enabled"}, {"BucketRegion": REGION}, (True, True)),
        ({}, {"BucketRegion": REGION}, (False, True)),
        ({"Status": "Enabled"}, MISSING, (False, False)),
    ],
)
def test_scripts_are_told_by_json(
    aws: Aws, terraform: Path, versioning: Any, head: Any, well_and_applies: tuple[bool, bool]
) -> None:
    aws.answers["s3", "GetBucketVersioning"] = versioning
    aws.answers["s3", "HeadBucket"] = head
    told = json.loads(run(terraform, "--json").stdout)
    assert (told["well"], told["applies"]) == well_and_applies
    (state,) = (each for each in told["findings"] if each["check"] == "State bucket")
    assert (state["verdict"] == "well", state["to_do"] is None) == (told["well"], told["well"])


def test_what_may_not_be_looked_at_hides_nothing_else(aws: Aws) -> None:
    denied = {key: DENIED for key in aws.answers if key[0] not in {"sts", "s3"}}
    aws.answers |= denied
    findings = {each.check: each for each in observe(settings(), STATE)}
    unseen = {name for name, each in findings.items() if each.verdict == "unknown"}
    assert unseen == {"Lambda concurrency", "Trails", "Search domain", "Logs policies"}
    assert all("not authorized" in findings[name].found for name in unseen)
    assert all("terraform/README.md" in str(findings[name].to_do) for name in unseen)


def test_a_service_that_is_not_there_is_asked_after(aws: Aws) -> None:
    def nowhere(_asked: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://cloudsearch.eu-north-1.amazonaws.com")

    aws.answers["cloudsearch", "DescribeDomains"] = nowhere
    findings = observe(settings(search_backend=Backend.CLOUDSEARCH), STATE)
    (domain,) = (each for each in findings if each.check == "Search domain")
    assert (domain.verdict, domain.to_do) == ("unknown", "Is this service offered in us-east-1?")


EXPIRED = Refused("ExpiredToken", "The security token included in the request is expired", 403)


def test_credentials_that_aws_does_not_know_are_all_that_is_looked_at(aws: Aws) -> None:
    aws.answers["sts", "GetCallerIdentity"] = EXPIRED
    (finding,) = observe(settings(region="eu-south-1"), STATE)
    assert (finding.check, finding.verdict) == ("Credentials", "failure")
    assert "ExpiredToken" in finding.found


def test_a_region_that_is_off_is_told_from_credentials_that_are_wrong(aws: Aws) -> None:
    known = aws.answers["sts", "GetCallerIdentity"]
    assert isinstance(known, Mapping)
    aws.answers["sts", "GetCallerIdentity"] = lambda asked: known if asked["region"] == REGION else EXPIRED
    (finding,) = observe(settings(region="eu-south-1"), STATE)
    assert (finding.check, finding.verdict) == ("Region", "failure")
    assert "Enable eu-south-1" in str(finding.to_do)


@pytest.mark.parametrize(("own", "looked_in"), [("eu-west-3", "eu-west-3"), (None, "no Region")])
def test_another_region_of_the_caller_is_said(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, own: str | None, looked_in: str
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if own:
        monkeypatch.setenv("AWS_DEFAULT_REGION", own)
    (region,) = (each for each in observe(settings(), STATE) if each.check == "Region")
    assert (region.verdict, region.to_do) == ("warning", "export AWS_REGION=us-east-1")
    assert looked_in in region.found


def test_everything_that_is_named_has_its_line(aws: Aws) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": "*"}]}
    aws.answers["sns", "GetTopicAttributes"] = {"Attributes": {"Policy": json.dumps(policy)}}
    named = settings(
        log_bucket_names=("one", "two"),
        log_bucket_notifications=(Notifications("two"),),
        log_topic_arns=(TOPIC.replace("on-call", "logs"), TOPIC.replace(REGION, "eu-west-1")),
        alarm_topic_arns=(TOPIC,),
        access_log_bucket_name="access",
    )
    findings = observe(named, None)
    assert [each.check for each in findings[2:]] == [
        "State bucket",
        "Lambda concurrency",
        "Trails",
        "Search domain",
        "Logs policies",
        "Log bucket one",
        "Log bucket two",
        "Log topic logs",
        "Log topic on-call",
        "Access log bucket access",
        "Alarm topic on-call",
    ]
    assert {each.verdict for each in findings} == {"well"}


def test_the_settings_of_every_environment_are_read(aws: Aws) -> None:
    aws.answers["opensearch", "ListInstanceTypeDetails"] = lambda asked: offered(asked["InstanceType"])
    for environment in environments():
        told = json.loads(run(TERRAFORM, "--json", env=environment).stdout)
        verdicts = {each["check"]: each["verdict"] for each in told["findings"]}
        assert (verdicts["Lambda concurrency"], verdicts["Search domain"]) == ("well", "well")


def test_an_environment_whose_state_is_a_file_is_read_from_the_files_that_are_named(
    aws: Aws, terraform: Path
) -> None:
    (terraform / "local.tfvars").write_text(SETTINGS)
    (terraform / "more.tfvars.json").write_text('{"create_trail": false}')
    result = run(terraform, "--var-file", "local.tfvars", "--var-file", "more.tfvars.json", env="local")
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "✓ State bucket none: Terraform keeps this state in a file" in lines
    assert "✓ Trails none is created (create_trail = false)" in lines


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SETTINGS.replace('"opensearch"', '"elastic"'), "elastic"),
        (SETTINGS.replace("search_backend", "search_backed"), "search_backend"),
        (SETTINGS.replace("{ index_batch = 8 }", '"many"'), "reserved_concurrency"),
        ("region = = 1", "is no HCL"),
    ],
)
def test_settings_that_terraform_would_not_take_are_named(terraform: Path, text: str, says: str) -> None:
    (terraform / "environments" / "test.tfvars").write_text(text)
    load.cache_clear()
    result = run(terraform)
    assert (result.exit_code, says in result.output) == (1, True), result.output
    assert len(result.output.splitlines()) == 1


def test_an_environment_that_is_not_there_is_named(terraform: Path) -> None:
    result = run(terraform, env="nowhere")
    assert result.output == "Error: There is no environment nowhere. There are: test\n"


def test_a_backend_file_that_says_no_bucket_is_named(terraform: Path) -> None:
    (terraform / "environments" / "test.s3.tfbackend").write_text('region = "us-east-1"\n')
    load.cache_clear()
    assert "test.s3.tfbackend: " in run(terraform).output


LONG = "x" * 200


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_off_where_there_is_little_room(width: int) -> None:
    file = StringIO()
    findings: list[Finding] = [
        well("State bucket", "a [b] is there"),
        unknown("Alarm topic on-call", LONG, "Ask"),
        warning("Trails", "many", LONG),
        failure("Lambda concurrency", "little", "Ask for more"),
    ]
    print_findings(findings, Console(file=file, width=width))
    assert file.getvalue().count("x") == 400
    assert "a [b] is there" in file.getvalue()
    lines = file.getvalue().splitlines()
    assert "".join(line.strip()[0] for line in lines if re.match(r" +[✓?!✗] ", line)) == "✓?!✗"


def test_the_readme_lists_the_permissions_that_it_takes(aws: Aws) -> None:
    """Every operation that is called, by the name of its permission, and no other."""
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
    key = {"KeyId": "1234", "Arn": arn, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}
    aws.answers["kms", "DescribeKey"] = {"KeyMetadata": key}
    aws.answers["kms", "GetKeyPolicy"] = {"Policy": '{"Statement": []}'}
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": "*"}]}
    attributes = {"Policy": json.dumps(policy), "KmsMasterKeyId": arn}
    aws.answers["sns", "GetTopicAttributes"] = {"Attributes": attributes}
    many = [{"DomainName": f"domain-{number}"} for number in range(100)]
    aws.answers["opensearch", "ListDomainNames"] = {"DomainNames": many}
    aws.answers["service-quotas", "GetServiceQuota"] = {"Quota": {"Value": 200.0}}
    for backend in Backend:
        reserved = {"index_batch": 8}
        observe(
            settings(search_backend=backend, reserved_concurrency=reserved, alarm_topic_arns=(TOPIC,)), STATE
        )
    # Of S3, an operation and its permission have different names; of STS, it takes none.
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    named = {"HeadBucket": "ListBucket", "HeadObject": "GetObject"}
    prefixes = {"opensearch": "es", "service-quotas": "servicequotas"}
    taken = {
        f"{prefixes.get(service, service)}:{named.get(operation, operation)}"
        for service, operation in aws.asked
        if service != "sts"
    }
    readme = (REPOSITORY / "terraform" / "README.md").read_text()
    section = readme.split("\n## Before the apply\n")[1].split("\n## ")[0]
    assert set(re.findall(r"`([a-z0-9-]+:[A-Z]\w+)`", section)) == taken
