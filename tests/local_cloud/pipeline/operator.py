"""Whoever works on this machine, as IAM knows them: the user of the local cloud, with a policy of its own."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

USER = "local"
POLICY = "operator"


def let_operate(iam: Any, statements: Iterable[Mapping[str, Any]]) -> None:
    """Let the local user do what these statements say, beside what resources let them: search domains of OpenSearch ask IAM."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.create_user(UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName=POLICY, PolicyDocument=json.dumps(document))
