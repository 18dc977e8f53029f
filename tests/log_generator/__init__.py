"""Realistic CloudTrail logs, made up: for the demo, the end-to-end tests, the benchmarks and load runs.

    for log in generate_logs(seed=7, logs=80, start=datetime(2014, 9, 1, tzinfo=UTC)):
        s3.put_object(Bucket=bucket, Key=log.key, Body=log.body)

Everything follows from the seed: equal arguments give equal keys and bytes (the same build of zlib given).
Accounts and addresses are those that documentation uses, access keys end in EXAMPLE.

The story. In the middle of the time that the logs cover, in the first account (111122223333) and in us-east-1,
the access key of the IAM user `backup-agent` is used from 198.51.100.231, an address that nobody else uses; its
owner calls from 203.0.113.20. One act follows the other, each in the next log:

1. A look around: GetCallerIdentity and ListBuckets work; ListUsers, GetAccountAuthorizationDetails, ListSecrets and
   DescribeOrganization end in AccessDenied, DescribeInstances in Client.UnauthorizedOperation.
2. Attempts: three GetSecretValue, Decrypt, GetParametersByPath and AssumeRole, all AccessDenied. PutUserPolicy works.
3. A way to stay: CreateUser, CreateAccessKey and AttachUserPolicy (AdministratorAccess) for `support-readonly`.
4. With the new key: DescribeTrails, StopLogging of the trail `account-audit`, DeleteUserPolicy to cover the tracks.

`story_for` gives the access keys of a seed. Searches that find the story:

- OpenSearch: `source_ip_address:198.51.100.231`; `event_name:StopLogging event_source:cloudtrail.amazonaws.com`;
  `user_identity_user_name:backup-agent error_code:AccessDenied`.
- CloudSearch: `source_ip_address:'198.51.100.231'`;
  `(and event_name:'StopLogging' event_source:'cloudtrail.amazonaws.com')`;
  `(and user_identity_user_name:'backup-agent' error_code:'AccessDenied')`.
"""

from tests.log_generator.generator import (
    DEFAULT_REGIONS,
    LARGEST_RECORD_COUNT,
    GeneratedLog,
    generate_logs,
)
from tests.log_generator.story import Story, story_for

__all__ = [
    "DEFAULT_REGIONS",
    "LARGEST_RECORD_COUNT",
    "GeneratedLog",
    "Story",
    "generate_logs",
    "story_for",
]
