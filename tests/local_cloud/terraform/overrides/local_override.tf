# Turns a copy of the configuration to the local cloud: Terraform merges *_override.tf into the files beside it.
# Where the local cloud is, the provider reads from AWS_ENDPOINT_URL (see LocalCloud.environment in ../../process.py).

terraform {
  backend "local" {}
}

provider "aws" {
  # Without AWS_ENDPOINT_URL, AWS refuses these, whatever credentials the machine has.
  access_key = "local"
  secret_key = "local"

  s3_use_path_style = true # <bucket>.127.0.0.1 does not resolve.
}

# The provider looks at a new domain only after ten minutes, and at a changed one after one; where the time is up before, it
# looks once, and the local cloud's domains are there at once.
# https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/opensearch/wait.go
resource "aws_opensearch_domain" "events" {
  timeouts {
    create = "1s"
    update = "1s"
    delete = "1s"
  }
}
