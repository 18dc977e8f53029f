provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, {
      Application = local.name
      Environment = var.environment
      ManagedBy   = "terraform"
    })
  }
}
