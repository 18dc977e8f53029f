"""The story in the logs: a stolen access key, from reconnaissance to a stopped trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.log_generator.api_call import ApiCall, ApiError
from tests.log_generator.calls.parts import access_denied, unauthorized_operation
from tests.log_generator.draws import access_key_id, unique_id
from tests.log_generator.principals import Principal, call_origins

_KALI_CLI = "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.9-amd64 exe/x86_64.kali.2024"
_BACKUP_AGENT = "Boto3/1.34.145 Python/3.12.4 Linux/6.1.97 Botocore/1.34.145"
_NOBODY: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Story:
    """What there is to find: the stolen key and what its user made; all fixed by the seed and the first account.

    The key belongs to `user_name`, a backup job that calls from `usual_address`. From `unusual_address`, which nobody
    else uses, it is used to look around, to make `created_user_name` with administrator rights and a key of its own,
    and with that one to stop `trail_name`, a trail of the account's own (the logs come from another trail, so they
    go on).
    """

    account_id: str
    user_name: str
    access_key_id: str
    usual_address: str
    unusual_address: str
    created_user_name: str
    created_access_key_id: str
    trail_name: str
    user_id: str
    created_user_id: str

    @property
    def constants(self) -> Mapping[str, str]:
        """Constants for the templates of the story."""
        return {
            "story.created_user": self.created_user_name,
            "story.created_key": self.created_access_key_id,
            "story.created_user_id": self.created_user_id,
            "story.user": self.user_name,
            "story.trail": self.trail_name,
        }

    def owner(self) -> Principal:
        """The backup job, which goes on using its key as always."""
        return self._user(
            self.user_name, self.user_id, self.access_key_id, (self.usual_address, _BACKUP_AGENT)
        )

    def thief(self) -> Principal:
        """Whoever has the stolen key."""
        return self._user(self.user_name, self.user_id, self.access_key_id, (self.unusual_address, _KALI_CLI))

    def created(self) -> Principal:
        """The same person with the key of the created user."""
        origin = (self.unusual_address, _KALI_CLI)
        return self._user(self.created_user_name, self.created_user_id, self.created_access_key_id, origin)

    def _user(self, name: str, user_id: str, key: str, origin: tuple[str, str]) -> Principal:
        identity = {
            "type": "IAMUser",
            "principalId": user_id,
            "arn": f"arn:aws:iam::{self.account_id}:user/{name}",
            "accountId": self.account_id,
            "accessKeyId": key,
            "userName": name,
        }
        return Principal(f"story/{name}/{origin[0]}", identity, call_origins(origin))


def story_for(seed: int, account_id: str) -> Story:
    """The story of a seed, in the account."""
    rng = Random(f"{seed}/story")
    return Story(
        account_id=account_id,
        user_name="backup-agent",
        access_key_id=access_key_id(rng, "AKIA"),
        usual_address="203.0.113.20",
        unusual_address="198.51.100.231",
        created_user_name="support-readonly",
        created_access_key_id=access_key_id(rng, "AKIA"),
        trail_name="account-audit",
        user_id=unique_id(rng, "AIDA"),
        created_user_id=unique_id(rng, "AIDA"),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the story, and how it fails if it does; `created` says that it is made with the new key."""

    call: ApiCall
    error: ApiError | None = None
    created: bool = False


def _refused(
    service: str, name: str, resource: str = "*", request: Mapping[str, object] | None = None
) -> Step:
    call = ApiCall(service, name, 0, _NOBODY, request)
    refuse = unauthorized_operation if service == "ec2" else access_denied
    return Step(call, refuse(1, f"{service}:{name}", resource))


def _done(
    service: str,
    name: str,
    request: Mapping[str, object] | None = None,
    response: Mapping[str, object] | None = None,
    *,
    created: bool = False,
) -> Step:
    read_only = name.startswith(("Get", "List", "Describe"))
    return Step(ApiCall(service, name, 0, _NOBODY, request, response, read_only=read_only), created=created)


_USER_ARN = "arn:aws:iam::{{account}}:user/{{story.created_user}}"
_TRAIL_ARN = "arn:aws:cloudtrail:{{region}}:{{account}}:trail/{{story.trail}}"
_ADMINISTRATOR = {
    "userName": "{{story.user}}",
    "policyName": "backup",
    "policyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}',
}

ACTS: tuple[tuple[Step, ...], ...] = (
    (
        _done("sts", "GetCallerIdentity"),
        _done("s3", "ListBuckets", {"Host": "s3.{{region}}.amazonaws.com"}),
        _refused("iam", "ListUsers", "arn:aws:iam::{{account}}:user/"),
        _refused("iam", "GetAccountAuthorizationDetails"),
        _refused("ec2", "DescribeInstances", request={"instancesSet": {}, "filterSet": {}}),
        _refused("secretsmanager", "ListSecrets"),
        _refused("organizations", "DescribeOrganization"),
    ),
    (
        *(
            _refused(
                "secretsmanager", "GetSecretValue", f"{stage}/database", {"secretId": f"{stage}/database"}
            )
            for stage in ("prod", "billing", "admin")
        ),
        _refused("kms", "Decrypt", "arn:aws:kms:{{region}}:{{account}}:key/{{key}}"),
        _refused("ssm", "GetParametersByPath", "*", {"path": "/", "recursive": True, "withDecryption": True}),
        _refused("sts", "AssumeRole", "arn:aws:iam::{{account}}:role/OrganizationAccountAccessRole"),
        _done("iam", "PutUserPolicy", _ADMINISTRATOR),
    ),
    (
        _done(
            "iam",
            "CreateUser",
            {"userName": "{{story.created_user}}"},
            {
                "user": {
                    "path": "/",
                    "userName": "{{story.created_user}}",
                    "userId": "{{story.created_user_id}}",
                    "arn": _USER_ARN,
                    "createDate": "{{now}}",
                }
            },
        ),
        _done(
            "iam",
            "CreateAccessKey",
            {"userName": "{{story.created_user}}"},
            {
                "accessKey": {
                    "userName": "{{story.created_user}}",
                    "accessKeyId": "{{story.created_key}}",
                    "status": "Active",
                    "createDate": "{{now}}",
                }
            },
        ),
        _done(
            "iam",
            "AttachUserPolicy",
            {
                "userName": "{{story.created_user}}",
                "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
            },
        ),
    ),
    (
        _done("sts", "GetCallerIdentity", created=True),
        _done(
            "cloudtrail", "DescribeTrails", {"includeShadowTrails": False, "trailNameList": []}, created=True
        ),
        _done("cloudtrail", "StopLogging", {"name": _TRAIL_ARN}, created=True),
        _done(
            "iam", "DeleteUserPolicy", {"userName": "{{story.user}}", "policyName": "backup"}, created=True
        ),
    ),
)
"""Acts of the story; each is delivered in a log of its own where there are enough logs."""


def step_second(act: int, step: int) -> int:
    """When in its log's 5 minutes a step happens, such that all acts keep their order even in a single log."""
    return 60 + 45 * act + 5 * step
