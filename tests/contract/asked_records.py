"""Records in which the answer to every question is known: who did what in them is told beside each."""

from collections.abc import Iterator
from typing import Any

ACCOUNT, OTHER_ACCOUNT = "111122223333", "222233334444"
Record = dict[str, Any]


def record(name: str, call: str, **changes: Any) -> Record:
    """A successful call that writes, by the user alice, from her desk."""
    return {
        "eventVersion": "1.11",
        "eventID": name,
        "eventTime": "2026-11-03T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": call,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.1.0 Python/3.11",
        "readOnly": False,
        "recipientAccountId": ACCOUNT,
        "eventType": "AwsApiCall",
        "userIdentity": user("alice"),
        **changes,
    }


def user(name: str, key: str | None = None) -> Record:
    """The identity of an IAM user."""
    identity = {
        "type": "IAMUser",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name,
    }
    return identity | ({"accessKeyId": key} if key else {})


def session(
    role: str, name: str, key: str | None = None, account: str = ACCOUNT, mfa: str | None = None
) -> Record:
    """The identity of a role's session."""
    issuer = {
        "type": "Role",
        "arn": f"arn:aws:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    context: Record = {"sessionIssuer": issuer}
    if mfa:
        context["attributes"] = {"mfaAuthenticated": mfa, "creationDate": "2026-11-03T09:00:00Z"}
    identity = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "accountId": account,
        "sessionContext": context,
    }
    return identity | ({"accessKeyId": key} if key else {})


def assumed(role: str, key: str, account: str = ACCOUNT) -> Record:
    """What a call of AssumeRole has that gives a key."""
    return {
        "eventSource": "sts.amazonaws.com",
        "requestParameters": {"roleArn": f"arn:aws:iam::{account}:role/{role}", "roleSessionName": "alice"},
        "responseElements": {"credentials": {"accessKeyId": key, "sessionToken": "…"}},
    }


def signed_in(name: str, who: Record, mfa: str, result: str = "Success", **changes: Any) -> Record:
    """A sign-in to the console."""
    failed = {} if result == "Success" else {"errorMessage": "Failed authentication"}
    return record(
        name,
        "ConsoleLogin",
        eventSource="signin.amazonaws.com",
        eventType="AwsConsoleSignIn",
        userIdentity=who,
        additionalEventData={"MFAUsed": mfa},
        responseElements={"ConsoleLogin": result},
        **failed,
        **changes,
    )


ROOT = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
DENIED = {"errorCode": "AccessDenied", "errorMessage": "User is not authorized to perform this"}


def records() -> Iterator[Record]:
    """Give all of them."""
    yield from _of_resources()
    yield from _of_keys()
    yield from _of_sign_ins()
    yield from _of_times()
    yield from _of_others()


def _of_resources() -> Iterator[Record]:
    bucket = {"requestParameters": {"bucketName": "my-bucket"}}
    yield record("created", "CreateBucket", eventTime="2026-11-01T00:00:00Z", **bucket)
    yield record("deleted", "DeleteBucket", **bucket)
    yield record("deleted-other", "DeleteBucket", requestParameters={"bucketName": "my-bucket-2"})
    yield record("looked-at", "GetBucketAcl", readOnly=True, **bucket)
    secrets = {"eventSource": "secretsmanager.amazonaws.com", "readOnly": True}
    arn = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:my-secret-AbCdEf"
    yield record("secret", "GetSecretValue", **secrets, requestParameters={"secretId": "my-secret"})
    yield record("secret-by-arn", "GetSecretValue", **secrets, requestParameters={"secretId": arn})
    yield record("secret-other", "GetSecretValue", **secrets, requestParameters={"secretId": "other-secret"})
    yield record("secret-described", "DescribeSecret", **secrets, requestParameters={"secretId": "my-secret"})
    ec2 = {"eventSource": "ec2.amazonaws.com"}
    opened = {
        "groupId": "sg-1",
        "ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]},
    }
    inside = {
        "groupId": "sg-2",
        "ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]},
    }
    yield record("opened", "AuthorizeSecurityGroupIngress", **ec2, requestParameters=opened)
    yield record("opened-inside", "AuthorizeSecurityGroupIngress", **ec2, requestParameters=inside)
    yield record("asked-for", "DescribeSecurityGroups", **ec2, readOnly=True, requestParameters=opened)


def _of_keys() -> Iterator[Record]:
    """Alice goes by her key into hop-1, from there into hop-2 of another account, and makes a key for bob there."""
    alice = user("alice", "AKIAALICE")
    yield record("hop-1", "AssumeRole", userIdentity=alice, **assumed("hop-1", "ASIA1"))
    into = assumed("hop-2", "ASIA2", OTHER_ACCOUNT) | {
        "sharedEventID": "shared",
        "eventTime": "2026-11-03T10:05:00Z",
    }
    yield record("hop-2", "AssumeRole", userIdentity=session("hop-1", "alice", "ASIA1"), **into)
    caller = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:alice", "accountId": ACCOUNT}
    yield record("hop-2-there", "AssumeRole", userIdentity=caller, recipientAccountId=OTHER_ACCOUNT, **into)
    there = {
        "userIdentity": session("hop-2", "alice", "ASIA2", OTHER_ACCOUNT),
        "recipientAccountId": OTHER_ACCOUNT,
    }
    yield record(
        "put", "PutObject", eventTime="2026-11-03T10:10:00Z", sourceIPAddress="203.0.113.50", **there
    )
    yield record(
        "key-for-bob",
        "CreateAccessKey",
        eventTime="2026-11-03T10:11:00Z",
        eventSource="iam.amazonaws.com",
        requestParameters={"userName": "bob"},
        responseElements={"accessKey": {"accessKeyId": "AKIABOB", "userName": "bob"}},
        **there,
    )
    bob = user("bob", "AKIABOB") | {
        "accountId": OTHER_ACCOUNT,
        "arn": f"arn:aws:iam::{OTHER_ACCOUNT}:user/bob",
    }
    yield record("by-bob", "ListBuckets", readOnly=True, userIdentity=bob, recipientAccountId=OTHER_ACCOUNT)


def _of_sign_ins() -> Iterator[Record]:
    yield signed_in("without-mfa", user("carol"), "No")
    yield signed_in("with-mfa", user("dave"), "Yes")
    yield signed_in("root-in", ROOT, "No")
    yield signed_in("failed", user("carol"), "No", "Failure", sourceIPAddress="203.0.113.99")
    yield signed_in("by-role", session("sso", "erin"), "No")
    yield record(
        "root-by-service", "CreateServiceLinkedRole", userIdentity={**ROOT, "invokedBy": "ec2.amazonaws.com"}
    )
    yield record("no-mfa", "ListBuckets", readOnly=True, userIdentity=session("ops", "frank", mfa="false"))
    yield record("mfa", "ListBuckets", readOnly=True, userIdentity=session("ops", "grace", mfa="true"))
    service = {**session("ops", "heidi", mfa="false"), "invokedBy": "athena.amazonaws.com"}
    yield record("no-mfa-service", "ListBuckets", readOnly=True, userIdentity=service)


def _of_times() -> Iterator[Record]:
    # The newcomer is known since October by one call from one address.
    newcomer = {"userIdentity": user("newcomer"), "readOnly": True}
    yield record("known", "ListBuckets", eventTime="2026-10-01T00:00:00Z", **newcomer)
    yield record("known-again", "ListBuckets", eventTime="2026-11-05T00:00:00Z", **newcomer)
    yield record(
        "new",
        "GetCallerIdentity",
        eventTime="2026-11-06T00:00:00Z",
        sourceIPAddress="203.0.113.77",
        userAgent="python-requests/2.31",
        **newcomer,
    )
    worker = {"userIdentity": session("worker", "i-1"), "eventSource": "dynamodb.amazonaws.com"}
    yield record("put-1", "PutItem", eventTime="2026-11-01T00:00:00Z", **worker)
    yield record("put-2", "PutItem", eventTime="2026-11-03T00:00:00Z", **worker)
    yield record("query", "Query", eventTime="2026-11-02T00:00:00Z", readOnly=True, **worker)
    # What changed on 10 October.
    yield record("run", "RunInstances", eventTime="2026-10-10T10:00:00Z", eventSource="ec2.amazonaws.com")
    yield record("tag", "CreateTags", eventTime="2026-10-10T10:00:01Z", eventSource="ec2.amazonaws.com")
    yield record("run-denied", "RunInstances", eventTime="2026-10-10T11:00:00Z", **DENIED)
    yield record("described", "DescribeInstances", eventTime="2026-10-10T12:00:00Z", readOnly=True)
    # On 1 September every hour has an event or two, and the sixth twenty.
    for hour in range(10):
        for number in range(20 if hour == 5 else 1 + hour % 2):
            yield record(
                f"spike-{hour}-{number}",
                "Decrypt",
                eventTime=f"2026-09-01T{hour:02}:{number:02}:00Z",
                eventSource="kms.amazonaws.com",
                readOnly=True,
                userIdentity=session("batch", "b") if hour == 5 else user("alice"),
            )
    # On 1 August by various tools.
    agents = {
        "APN/1.0 HashiCorp/1.0 Terraform/1.11.0": 3,
        "aws-cli/2.1.0 Python/3.11": 2,
        "Mozilla/5.0 (X11; Linux x86_64)": 1,
        "cloudformation.amazonaws.com": 1,
        "Boto3/1.34 Botocore/1.34": 1,
        "curl/8.0": 1,
    }
    for agent, count in agents.items():
        for number in range(count):
            name = f"tool-{agent[:5]}-{number}".replace("/", "-")
            yield record(name, "PutObject", eventTime="2026-08-01T00:00:00Z", userAgent=agent)


def _of_others() -> Iterator[Record]:
    app = session("app", "i-2")
    yield record("denied", "DeleteTable", userIdentity=app, **DENIED)
    yield record("not-denied", "PutItem", userIdentity=app)
    yield record(
        "not-found", "GetItem", userIdentity=app, readOnly=True, errorCode="ResourceNotFoundException"
    )
    yield record(
        "new-user", "CreateUser", eventSource="iam.amazonaws.com", requestParameters={"userName": "eve"}
    )
    yield record(
        "stopped", "StopLogging", eventSource="cloudtrail.amazonaws.com", requestParameters={"name": "trail"}
    )
    yield record("far-away", "RunInstances", awsRegion="ap-south-1", eventSource="ec2.amazonaws.com")
    nobody = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    yield record(
        "anonymous", "GetObject", readOnly=True, userIdentity=nobody, sourceIPAddress="203.0.113.200"
    )
    yield record(
        "old-tls", "GetObject", readOnly=True, tlsDetails={"tlsVersion": "TLSv1.1", "cipherSuite": "x"}
    )
    yield record(
        "new-tls", "GetObject", readOnly=True, tlsDetails={"tlsVersion": "TLSv1.3", "cipherSuite": "x"}
    )
