"""What of the caller's environment the local cloud is sealed off from: one list, for the demo, the Makefile and the tests.

Nothing local may be sent to a real endpoint, and no proxy, profile or plan of the caller changes what is done here.
"""

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase

# In both spellings: programs read http_proxy as well as HTTP_PROXY.
PROXIES = ("*_PROXY", "*_proxy")
# Accounts, profiles, Regions, endpoints, certificates and the paths of configuration files
# (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html), and what Terraform takes for a variable, an
# argument, a workspace or a folder of data (https://developer.hashicorp.com/terraform/cli/config/environment-variables).
SEALED_OFF = ("AWS_*", *PROXIES, "TF_VAR_*", "TF_CLI_ARGS*", "TF_WORKSPACE", "TF_DATA_DIR")


def sealed(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that have nothing to do with where requests go, and as whom."""
    return {name: value for name, value in environment.items() if not _matches(name, SEALED_OFF)}


def proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that name proxies: what asks Terraform's registry, and nothing else, goes by them."""
    return {name: value for name, value in environment.items() if _matches(name, PROXIES)}


def own_variables(endpoint_url: str, region: str) -> dict[str, str]:
    """Give the variables that take the place of those that are sealed off."""
    here = "127.0.0.1,localhost"
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # macOS has proxies in its settings, which count where no variable says anything of proxies.
        "NO_PROXY": here,
        "no_proxy": here,
    }


def makefile(variables: Mapping[str, str]) -> str:
    """Write for make: what is sealed off is not handed on, and these variables are, whatever was typed."""
    patterns = " ".join(pattern.replace("*", "%") for pattern in SEALED_OFF)
    lines = [f"unexport $(filter {patterns},$(.VARIABLES))"]
    for name, value in sorted(variables.items()):
        lines += [f"override {name} := {value}", f"export {name}"]
    return "".join(f"{line}\n" for line in lines)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
