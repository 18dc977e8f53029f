"""Who makes the calls: people, workloads, services, other accounts, and their `userIdentity`."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from random import Random

from tests.log_generator.draws import access_key_id, unique_id
from tests.log_generator.templates import Template, cloudtrail_json

_SESSION_SECONDS = 3600
_NO_CONTEXT: Mapping[str, object] = {}
_PEOPLE = ("alice", "bruno", "carmen", "dmitri", "esra", "fatou", "greta", "hiro", "ines", "jonas")
_CLI = (
    "aws-cli/2.17.44 md/awscrt#0.21.2 ua/2.0 os/macos#23.6.0 md/arch#arm64 lang/python#3.11.9"
    " md/pyimpl#CPython cfg/retry-mode#standard md/installer#source"
)
_CLI_1 = "aws-cli/1.18.147 Python/2.7.18 Linux/5.10.186-179.751.amzn2.x86_64 botocore/1.18.6"
_BOTO3 = (
    "Boto3/1.34.145 md/Botocore#1.34.145 ua/2.0 os/linux#5.10.219-229.866.amzn2.x86_64 md/arch#x86_64"
    " lang/python#3.12.4 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy Botocore/1.34.145"
)
_TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.8.5 (+https://www.terraform.io) terraform-provider-aws/5.100.0"
    " aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.9 md/GOOS#linux md/GOARCH#amd64"
)
_SDK_JAVA = (
    "aws-sdk-java/2.26.21 Linux/5.10.219-229.866.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/21.0.4+7-LTS"
    " Java/21.0.4 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy"
)
_SDK_JS = "aws-sdk-js/3.621.0 ua/2.0 os/linux#6.1.97-104.177.amzn2023.x86_64 lang/js md/nodejs#20.15.1"
_SDK_GO = "aws-sdk-go/1.55.5 (go1.22.5; linux; amd64)"
_SSM_AGENT = "aws-sdk-go/1.51.3 (go1.22.4; linux; amd64) amazon-ssm-agent/3.3.551.0"
_BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36"
_S3_CONSOLE = "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.220-187.867.amzn2int.x86_64]"
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-supported-tls-details.html
_TLS_1_2 = {"tls_version": "TLSv1.2", "cipher_suite": "ECDHE-RSA-AES128-GCM-SHA256"}
_TLS_1_3 = {"tls_version": "TLSv1.3", "cipher_suite": "TLS_AES_128_GCM_SHA256"}

Principals = Mapping[str, tuple["Principal", ...]]
"""Kind of principal → the principals of that kind."""


@dataclass(frozen=True)
class Principal:
    """Somebody or something that makes calls.

    `origins` are the addresses and user agents it calls from, JSON-escaped. A `direct` call comes over TLS from a
    client, others come from an AWS service. Calls of services and of other accounts are `shared`: CloudTrail
    delivers them to every account they concern, under one sharedEventID.
    """

    name: str
    identity: Mapping[str, object]
    origins: tuple[Mapping[str, str], ...]
    direct: bool = True
    console: bool = False
    shared: bool = False
    vpc_endpoint: str | None = None

    @cached_property
    def _templates(self) -> dict[str, str]:
        arn = next(
            self.identity[key]
            for key in ("arn", "principalId", "invokedBy", "accountId")
            if key in self.identity
        )
        texts = {"identity": cloudtrail_json(self.identity), "principal_arn": cloudtrail_json(arn)[1:-1]}
        return {name: Template.compile(text, {}, {}).text for name, text in texts.items()}

    @cached_property
    def _session_offset(self) -> int:
        # Keeps the sessions of different principals from all starting on the hour.
        return Random(self.name).randrange(_SESSION_SECONDS)

    def session_number(self, at: datetime) -> int:
        """Which of the principal's sessions, which last an hour each, is open at the time."""
        return int(at.timestamp() - self._session_offset) // _SESSION_SECONDS

    def session(self, seed: int, number: int) -> Mapping[str, str]:
        """The userIdentity, as JSON, and the ARN of a session."""
        created = number * _SESSION_SECONDS + self._session_offset
        rng = Random(f"{seed}/{self.name}/{number}")
        values = {
            "access_key": access_key_id(rng, "ASIA"),
            "session_created": datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "session_nanoseconds": str(created * 10**9 + rng.randrange(10**9)),
        }
        return {name: text % values for name, text in self._templates.items()}


def call_origins(*origins: tuple[str, str]) -> tuple[Mapping[str, str], ...]:
    """Pairs of address and user agent, as templates take them, with the TLS that such a client speaks."""
    return tuple(
        {
            "address": address,
            "agent": cloudtrail_json(agent)[1:-1],
            **(_TLS_1_2 if agent == _CLI_1 else _TLS_1_3),
        }
        for address, agent in origins
    )


def _session(issuer: Mapping[str, object], mfa: str = "false") -> dict[str, object]:
    return {
        "sessionIssuer": issuer,
        "attributes": {"creationDate": "{{session_created}}", "mfaAuthenticated": mfa},
    }


def _iam_user(rng: Random, account: str, name: str) -> dict[str, object]:
    return {
        "type": "IAMUser",
        "principalId": unique_id(rng, "AIDA"),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": "{{access_key}}",
        "userName": name,
    }


def _assumed_role(
    rng: Random,
    account: str,
    role: str,
    session: str,
    *,
    path: str = "/",
    context: Mapping[str, object] = _NO_CONTEXT,
) -> dict[str, object]:
    role_id = unique_id(rng, "AROA")
    issuer = {
        "type": "Role",
        "principalId": role_id,
        "arn": f"arn:aws:iam::{account}:role{path}{role}",
        "accountId": account,
        "userName": role,
    }
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": "{{access_key}}",
        "sessionContext": {**_session(issuer), **context},
    }


def _public_address(rng: Random) -> str:
    network = rng.choice(("192.0.2", "198.51.100", "203.0.113", "203.0.113", None))
    if network is None:
        return (
            f"2001:db8:{rng.randrange(0x10000):x}:{rng.randrange(0x10000):x}::{rng.randrange(1, 0x10000):x}"
        )
    # The last quarter of the networks stays free for the story, whose address must be unusual.
    return f"{network}.{rng.randrange(1, 192)}"


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def build_people(rng: Random, account: str) -> Principals:
    """The people of an account: IAM users, single sign-on, the root user; the same in all regions."""
    console_users, cli_users, logins = [], [], []
    for name in _PEOPLE[:4]:
        user = _iam_user(rng, account, name)
        home = _public_address(rng)
        console = {**user, "sessionContext": _session({}, mfa="true")}
        console_users.append(
            Principal(
                f"{account}/console/{name}",
                console,
                call_origins((home, _BROWSER), (home, _S3_CONSOLE), (home, "AWS Internal")),
                direct=False,
                console=True,
            )
        )
        keyed = {**user, "accessKeyId": access_key_id(rng, "AKIA")}
        cli_users.append(
            Principal(f"{account}/cli/{name}", keyed, call_origins((home, _CLI), (home, _CLI_1)))
        )
        login = {key: value for key, value in user.items() if key != "accessKeyId"}
        logins.append(Principal(f"{account}/login/{name}", login, call_origins((home, _BROWSER))))

    sso, identity_center = [], []
    store = f"arn:aws:identitystore::{account}:identitystore/d-{rng.getrandbits(40):010x}"
    permission_sets = [
        f"AWSReservedSSO_{name}_{rng.getrandbits(64):016x}"
        for name in ("AdministratorAccess", "ReadOnlyAccess")
    ]
    for name in _PEOPLE[4:]:
        home = _public_address(rng)
        path = "/aws-reserved/sso.amazonaws.com/"
        role = _assumed_role(rng, account, rng.choice(permission_sets), f"{name}@example.com", path=path)
        origins = call_origins((home, _CLI), (home, _TERRAFORM))
        sso.append(Principal(f"{account}/sso/{name}", role, origins))
        origins = call_origins((home, _BROWSER), (home, "AWS Internal"))
        sso.append(Principal(f"{account}/sso/{name}", role, origins, direct=False, console=True))
        directory_user = {
            "type": "IdentityCenterUser",
            "accountId": account,
            "onBehalfOf": {"userId": _uuid(rng), "identityStoreArn": store},
            "credentialId": _uuid(rng),
        }
        identity_center.append(
            Principal(
                f"{account}/identity-center/{name}",
                directory_user,
                call_origins((home, _BROWSER), (home, _CLI)),
            )
        )

    root = {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": "{{access_key}}",
        "sessionContext": {"attributes": {"creationDate": "{{session_created}}", "mfaAuthenticated": "true"}},
    }
    home = _public_address(rng)
    federated = {
        "type": "FederatedUser",
        "principalId": f"{account}:build-portal",
        "arn": f"arn:aws:sts::{account}:federated-user/build-portal",
        "accountId": account,
        "accessKeyId": "{{access_key}}",
        "sessionContext": _session(
            {
                "type": "IAMUser",
                "principalId": unique_id(rng, "AIDA"),
                "arn": f"arn:aws:iam::{account}:user/portal",
                "accountId": account,
                "userName": "portal",
            }
        ),
    }
    saml = {
        "type": "SAMLUser",
        "principalId": f"{rng.getrandbits(80):020x}:kerstin@example.com",
        "userName": "kerstin@example.com",
        "identityProvider": f"{rng.getrandbits(80):020x}",
    }
    return {
        "console_user": tuple(console_users),
        "cli_user": tuple(cli_users),
        "login": tuple(logins),
        "sso": tuple(sso),
        "identity_center": tuple(identity_center),
        "root": (
            Principal(f"{account}/root", root, call_origins((home, _BROWSER)), direct=False, console=True),
        ),
        "federated": (
            Principal(f"{account}/federated", federated, call_origins((_public_address(rng), _SDK_JAVA))),
        ),
        "saml": (Principal(f"{account}/saml", saml, call_origins((_public_address(rng), _BROWSER))),),
    }


def build_workloads(rng: Random, account: str, region: str, other_accounts: Sequence[str]) -> Principals:
    """The software of an account and region, the services that act in it, and other accounts that use it."""
    place = f"{account}/{region}"
    vpc_endpoint = f"vpce-0{rng.getrandbits(64):016x}"
    gateway = _public_address(rng)

    def from_vpc(agent: str) -> tuple[Mapping[str, str], ...]:
        return call_origins((f"10.20.{rng.randrange(64)}.{rng.randrange(4, 250)}", agent))

    instances = []
    for index in range(6):
        session = f"i-0{rng.getrandbits(64):016x}"
        role = _assumed_role(
            rng,
            account,
            ("orders-node", "search-node", "bastion")[index % 3],
            session,
            context={"ec2RoleDelivery": "2.0"},
        )
        agent = (_SSM_AGENT, _SDK_JAVA, _SDK_GO)[index % 3]
        endpoint = vpc_endpoint if index % 2 else None
        origins = from_vpc(agent) if endpoint else call_origins((gateway, agent))
        instances.append(Principal(f"{place}/{session}", role, origins, vpc_endpoint=endpoint))

    functions = []
    for system in ("orders", "billing", "media", "notify", "ingest"):
        role = _assumed_role(rng, account, f"{system}-handler-role", f"{system}-prod-handler")
        agent = _BOTO3 if system in {"orders", "media"} else f"{_SDK_JS} exec-env/AWS_Lambda_nodejs20.x"
        origins = call_origins((_public_address(rng), agent))
        functions.append(Principal(f"{place}/function/{system}", role, origins))

    pods, web_identities = [], []
    cluster = f"{rng.getrandbits(128):032X}"
    provider = f"arn:aws:iam::{account}:oidc-provider/oidc.eks.{region}.amazonaws.com/id/{cluster}"
    for name in ("velero", "external-dns", "cluster-autoscaler", "search-indexer"):
        web_data = {"federatedProvider": provider, "attributes": {}}
        role = _assumed_role(
            rng, account, f"eks-{name}", "{{session_nanoseconds}}", context={"webIdFederationData": web_data}
        )
        pods.append(Principal(f"{place}/pod/{name}", role, call_origins((gateway, _SDK_GO))))
        subject = f"system:serviceaccount:{name}:{name}"
        web_identity = {
            "type": "WebIdentityUser",
            "principalId": f"{provider}:sts.amazonaws.com:{subject}",
            "userName": subject,
            "identityProvider": provider,
        }
        origins = call_origins((gateway, _SDK_GO))
        web_identities.append(Principal(f"{place}/web/{name}", web_identity, origins))

    deployer = _assumed_role(rng, account, "deploy", "aws-go-sdk-{{session_nanoseconds}}")
    terraform_user = {**_iam_user(rng, account, "terraform"), "accessKeyId": access_key_id(rng, "AKIA")}
    monitoring = _assumed_role(
        rng,
        account,
        "DatadogIntegrationRole",
        "DatadogAWSIntegration",
        context={"sourceIdentity": "DatadogAWSIntegration"},
    )

    def service(name: str) -> Principal:
        identity = {"type": "AWSService", "invokedBy": name}
        return Principal(f"{place}/{name}", identity, call_origins((name, name)), direct=False, shared=True)

    def service_event(name: str) -> Principal:
        identity = {"accountId": account, "invokedBy": name}
        return Principal(f"{place}/{name}/event", identity, call_origins((name, name)), direct=False)

    service_roles = []
    for name, service_name in (
        ("RDS", "rds"),
        ("AutoScaling", "autoscaling"),
        ("ResourceExplorer", "resource-explorer-2"),
    ):
        host, role_name = f"{service_name}.amazonaws.com", f"AWSServiceRoleFor{name}"
        role = _assumed_role(rng, account, role_name, "SLRManagement", path=f"/aws-service-role/{host}/")
        identity = {**role, "invokedBy": host}
        service_roles.append(
            Principal(f"{place}/{host}/role", identity, call_origins((host, host)), direct=False)
        )

    forwarded = []
    for caller in ("AWS Internal", "secretsmanager.amazonaws.com", "dynamodb.amazonaws.com"):
        user = {**_iam_user(rng, account, "operator"), "sessionContext": _session({})}
        identity = {**user, "invokedBy": caller}
        forwarded.append(
            Principal(f"{place}/{caller}/forwarded", identity, call_origins((caller, caller)), direct=False)
        )

    def other_account(number: str) -> Principal:
        identity = {
            "type": "AWSAccount",
            "principalId": f"{unique_id(rng, 'AROA')}:signer",
            "accountId": number,
        }
        origins = call_origins((_public_address(rng), f"{_SDK_JS} exec-env/AWS_Lambda_nodejs20.x"))
        return Principal(f"{place}/{number}", identity, origins, shared=True)

    return {
        "instance": tuple(instances),
        "function": tuple(functions),
        "pod": tuple(pods),
        "web_identity": tuple(web_identities),
        "deployer": (
            Principal(f"{place}/deploy", deployer, call_origins((_public_address(rng), _TERRAFORM))),
            Principal(f"{place}/terraform", terraform_user, call_origins((_public_address(rng), _TERRAFORM))),
        ),
        "monitoring": (
            Principal(f"{place}/monitoring", monitoring, call_origins((_public_address(rng), _SDK_GO))),
        ),
        "service": tuple(
            service(f"{name}.amazonaws.com")
            for name in ("lambda", "ec2", "delivery.logs", "ecs-tasks", "cloudtrail")
        ),
        **{
            f"{name}_event": (service_event(f"{name}.amazonaws.com"),)
            for name in ("secretsmanager", "ec2", "kms")
        },
        "service_role": tuple(service_roles),
        "forwarded": tuple(forwarded),
        "other_account": tuple(other_account(number) for number in other_accounts),
    }
