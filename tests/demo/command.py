"""A command that runs the pipeline in a local cloud."""

from tests.local_cloud.process import LocalCloudError
from tests.local_cloud.terraform.deployment import TerraformFailed
from trailsearch.cli.command import Command


class LocalCommand(Command):
    """A command that fails as each does, but for what the local cloud and Terraform say: that stays whole."""

    def explain(self, error: Exception) -> str:
        """Say what has failed."""
        if isinstance(error, LocalCloudError | TerraformFailed):
            return str(error)
        return super().explain(error)
