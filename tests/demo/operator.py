"""Whoever works on this machine, as an operator with the policy that terraform/README.md shows: the local cloud's user."""

import json
from typing import Any

from tests.documentation.statements import OF_VERIFIER, statements
from tests.iam.verifier import NAMES

USER = "local"
POLICY = "verify"


def let_verify(iam: Any) -> None:
    """Let the local user run `make verify`. A search domain of OpenSearch asks IAM for it."""
    document = {"Version": "2012-10-17", "Statement": list(statements(NAMES, OF_VERIFIER).values())}
    iam.create_user(UserName=USER)
    iam.put_user_policy(UserName=USER, PolicyName=POLICY, PolicyDocument=json.dumps(document))
