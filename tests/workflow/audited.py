"""The state machine audit, with the real function, over logs and digests of three hours."""

from typing import Any

import boto3
import pytest

import audit_logs
from tests.signed_logs import BEGIN, HOUR, HOURS, SignedLogs, let_cloudtrail_list_its_keys
from tests.steps import LOGS, STAGING, FakeDomainClient, FakeIndex, LambdaContext
from tests.workflow.workflow import Run, Workflow
from trailsearch.aws import clients

QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/ingest"


class Audited(SignedLogs):
    """A deployed environment, with its state machine."""

    def __init__(self, workflow: Workflow, context: LambdaContext) -> None:
        super().__init__(clients.s3(), context)
        self.workflow = workflow

    def run(self, execution_input: Any = None) -> Run:
        """Run it to its end: over the three hours, whatever time it is by now, or another input."""
        hours = {"from": BEGIN.isoformat(), "to": (BEGIN + HOURS * HOUR).isoformat()}
        return self.workflow.run_audit(execution_input or hours)

    def audit(self, execution_input: Any = None) -> dict[str, Any]:
        """Run it to its end, and give the summary."""
        run = self.run(execution_input)
        assert run.status == "SUCCEEDED", run.cause
        summary: dict[str, Any] = run.output_of("Sum Up")["summary"]
        assert run.visits[-1] == ("Proven" if summary["well"] else "Not Proven")
        return summary

    def kept(self, prefix: str) -> dict[str, bytes]:
        """Give what is in a folder of the staging bucket."""
        listed = self.s3.list_objects_v2(Bucket=STAGING, Prefix=prefix).get("Contents", [])
        return {
            each["Key"]: self.s3.get_object(Bucket=STAGING, Key=each["Key"])["Body"].read() for each in listed
        }


def deploy(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> Audited:
    """The real function, with what Terraform sets, and those of the workflow."""
    s3 = boto3.client("s3", region_name="us-east-1")
    for bucket in (LOGS, STAGING):
        s3.create_bucket(Bucket=bucket)
    index = FakeIndex()
    monkeypatch.setattr(clients, "s3", lambda: s3)
    monkeypatch.setattr(clients, "cloudsearch_domain", lambda _endpoint: FakeDomainClient(index))
    for name, value in {
        "ENVIRONMENT": "test",
        "LOG_BUCKETS": LOGS,
        "STAGING_BUCKET": STAGING,
        "INGEST_QUEUE_URL": QUEUE,
        "LEDGER": "true",
        "LEDGER_RETENTION_DAYS": "90",
        "SEARCH_BACKEND": "cloudsearch",
        "SEARCH_ENDPOINT": "doc.example.com",
    }.items():
        monkeypatch.setenv(name, value)
    let_cloudtrail_list_its_keys(monkeypatch)
    audited = Audited(workflow, LambdaContext())
    monkeypatch.setattr(clients, "sqs", lambda: audited)
    workflow.steps["audit_logs"] = lambda event: audit_logs.handler(event, LambdaContext(900))
    return audited
