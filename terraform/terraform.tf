terraform {
  required_version = ">= 1.11" # use_lockfile of the S3 backend is stable from here on.

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Completed per environment: terraform init -backend-config=environments/<environment>.s3.tfbackend
  backend "s3" {}
}
