# Amazon OpenSearch Service, where search_backend is "opensearch".

locals {
  # Indices are <prefix>-events-YYYY.MM, their template <prefix>-events (functions/trailsearch/search/opensearch/).
  opensearch_domain_arn = "arn:${local.partition}:es:${var.region}:${local.account_id}:domain/${local.prefix}"
  opensearch_template   = "${local.prefix}-events"
  opensearch_indices    = "${local.prefix}-events-*"

  # Paths and methods of the domain's REST API. A batch names its indices in the body, where no policy looks.
  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html
  opensearch_permissions = [
    {
      function  = "index_batch"
      sid       = "IndexBatchUploads"
      actions   = ["es:ESHttpPost"]
      resources = ["${local.opensearch_domain_arn}/_bulk"]
    },
    # It makes the template where there is none, or an older one.
    {
      function  = "index_batch"
      sid       = "IndexBatchMakesTemplate"
      actions   = ["es:ESHttpGet", "es:ESHttpPut"]
      resources = ["${local.opensearch_domain_arn}/_index_template/${local.opensearch_template}"]
    },
    # An index that was made without the template refuses good documents: that is told by its mapping. A release with new
    # fields gives them to the indices that are there.
    {
      function  = "index_batch"
      sid       = "IndexBatchReadsAndAddsMappings"
      actions   = ["es:ESHttpGet", "es:ESHttpPut"]
      resources = ["${local.opensearch_domain_arn}/${local.opensearch_indices}/_mapping"]
    },
    {
      function  = "delete_expired"
      sid       = "DeleteExpiredListsIndices"
      actions   = ["es:ESHttpGet"]
      resources = ["${local.opensearch_domain_arn}/_cat/indices/${local.opensearch_indices}"]
    },
    # A month's index by its name: neither the undated events nor, by a slash, a document.
    {
      function  = "delete_expired"
      sid       = "DeleteExpiredDropsMonths"
      actions   = ["es:ESHttpDelete"]
      resources = ["${local.opensearch_domain_arn}/${local.prefix}-events-????.??"]
    },
  ]

  opensearch_burstable = can(regex("^t[0-9]", var.opensearch_instance_type))
  # A t3 has room for 10 MiB of requests at a time, which two batches of 5 MB fill; all others take more than these.
  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits
  opensearch_max_batch_bytes = local.opensearch_burstable ? 3000000 : 5000000
}

resource "aws_opensearch_domain" "events" {
  #checkov:skip=CKV_AWS_137:Public endpoint, no open one: every request is signed, and the access policy names who may. In a VPC neither the functions nor an operator would reach it without one of their own.
  #checkov:skip=CKV_AWS_317:Audit logs need fine-grained access control; CloudTrail has the configuration's changes.
  #checkov:skip=CKV_AWS_318:Three data nodes in three Availability Zones outlive the loss of one without dedicated masters; opensearch_master_instance_type has them.
  #checkov:skip=CKV2_AWS_52:Roles of fine-grained access control can only be mapped over REST by a master user; the access policy, which Terraform writes and the tests prove, tells apart paths and methods.
  #checkov:skip=CKV2_AWS_59:As CKV_AWS_318: opensearch_master_instance_type has them.

  count = local.on_opensearch ? 1 : 0

  domain_name     = local.prefix
  engine_version  = var.opensearch_engine_version
  access_policies = data.aws_iam_policy_document.opensearch_domain[0].json

  cluster_config {
    instance_type                 = var.opensearch_instance_type
    instance_count                = var.opensearch_instance_count
    zone_awareness_enabled        = var.opensearch_zone_count > 1
    multi_az_with_standby_enabled = var.opensearch_standby
    dedicated_master_enabled      = var.opensearch_master_instance_type != null
    dedicated_master_type         = var.opensearch_master_instance_type
    dedicated_master_count        = var.opensearch_master_instance_type == null ? null : 3

    dynamic "zone_awareness_config" {
      for_each = var.opensearch_zone_count > 1 ? [var.opensearch_zone_count] : []

      content {
        availability_zone_count = zone_awareness_config.value
      }
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = var.opensearch_volume_gib
  }

  # Burstable instances have none. Neither rollback_on_disable here nor advanced_options of the domain is set: what AWS
  # answers of them shows a change on every plan.
  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/auto-tune.html
  auto_tune_options {
    desired_state = local.opensearch_burstable ? "DISABLED" : "ENABLED"
  }

  # A change of one of these two replaces the domain: deletion_protection refuses it.
  encrypt_at_rest {
    enabled    = true
    kms_key_id = aws_kms_key.pipeline.arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  # Slow logs would need thresholds in every index; the functions and CloudWatch measure what is slow.
  log_publishing_options {
    log_type                 = "ES_APPLICATION_LOGS"
    cloudwatch_log_group_arn = aws_cloudwatch_log_group.opensearch[0].arn
  }

  # Making a domain takes half an hour, and so does each change that moves its data to new instances; much data, hours.
  timeouts {
    create = "2h"
    update = "12h"
    delete = "2h"
  }

  # OpenSearch checks that it may write to the log group.
  depends_on = [aws_cloudwatch_log_resource_policy.opensearch]
}

data "aws_iam_policy_document" "opensearch_domain" {
  count = local.on_opensearch ? 1 : 0

  dynamic "statement" {
    for_each = local.search_permissions

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      principals {
        type        = "AWS"
        identifiers = [aws_iam_role.step[statement.value.function].arn]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.search_principal_arns) > 0 ? [var.search_principal_arns] : []

    content {
      sid     = "PrincipalsSearch"
      actions = ["es:ESHttpGet", "es:ESHttpPost"]
      resources = [
        for operation in ["_search", "_count"] : "${local.opensearch_domain_arn}/${local.opensearch_indices}/${operation}"
      ]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "opensearch" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  count = local.on_opensearch ? 1 : 0

  name              = local.log_group_names.opensearch
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

# An account has ten of these in a Region, of which each environment takes one.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
resource "aws_cloudwatch_log_resource_policy" "opensearch" {
  count = local.on_opensearch ? 1 : 0

  policy_name     = "${local.prefix}-search-domain"
  policy_document = data.aws_iam_policy_document.opensearch_logs[0].json
}

# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
data "aws_iam_policy_document" "opensearch_logs" {
  count = local.on_opensearch ? 1 : 0

  statement {
    sid       = "SearchDomainWritesLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.opensearch[0].arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["es.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.opensearch_domain_arn]
    }
  }
}
