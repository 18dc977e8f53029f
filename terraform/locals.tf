data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  # The operator commands find an environment by these names (functions/trailsearch/cli/environment.py).
  name       = "trailsearch"
  prefix     = "${local.name}-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix

  # ARNs from names, for policies that are needed before the resource they name exists, or that are part of it.
  trail_arn                  = "arn:${local.partition}:cloudtrail:${var.region}:${local.account_id}:trail/${local.prefix}"
  topic_arn                  = "arn:${local.partition}:sns:${var.region}:${local.account_id}:${local.prefix}-logs"
  ingest_queue_arn           = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.prefix}-ingest"
  dead_letter_arn            = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.prefix}-dead-letter"
  pipe_arn                   = "arn:${local.partition}:pipes:${var.region}:${local.account_id}:pipe/${local.prefix}-ingest"
  state_machine_arn          = "arn:${local.partition}:states:${var.region}:${local.account_id}:stateMachine:${local.prefix}-index-logs"
  executions_arn             = "arn:${local.partition}:states:${var.region}:${local.account_id}:execution:${local.prefix}-index-logs:*"
  failed_executions_rule_arn = "arn:${local.partition}:events:${var.region}:${local.account_id}:rule/${local.prefix}-failed-executions"
  function_arns = {
    for key, function in local.all_functions :
    key => "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${function.name}"
  }
  log_group_names = merge(
    { for key, function in local.all_functions : key => "/aws/lambda/${function.name}" },
    {
      # Services that write through log delivery need this prefix to stay within the size of its resource policy.
      workflow = "/aws/vendedlogs/states/${local.prefix}-index-logs"
      backfill = "/aws/vendedlogs/states/${local.prefix}-backfill"
      pipe     = "/aws/vendedlogs/pipes/${local.prefix}-ingest"
    },
    local.retention ? { retention = "/aws/vendedlogs/states/${local.prefix}-retention" } : {},
    var.audit_hourly ? { audit = "/aws/vendedlogs/states/${local.prefix}-audit" } : {},
    local.on_opensearch ? { opensearch = "/aws/OpenSearchService/domains/${local.prefix}/application-logs" } : {},
  )

  # SQS keeps a message for 14 days at most. A dead letter may point at a staged batch for as long.
  queue_retention_seconds = 14 * 24 * 60 * 60
}

# One key for everything that the pipeline itself stores: notifications, dead letters, staged records, its own logs, and
# what OpenSearch indexes, for which that asks for a grant as whoever deploys; CloudSearch takes no key.

resource "aws_kms_key" "pipeline" {
  description             = "${local.prefix}: topic, queues, staging bucket and log groups"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days
  policy                  = data.aws_iam_policy_document.pipeline_key.json
}

resource "aws_kms_alias" "pipeline" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.pipeline.key_id
}

data "aws_iam_policy_document" "pipeline_key" {
  source_policy_documents = [data.aws_iam_policy_document.key_administration.json]

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  statement {
    sid       = "LogGroups"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.${local.dns_suffix}"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        for name in values(local.log_group_names) :
        "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:${name}"
      ]
    }
  }

  dynamic "statement" {
    for_each = var.create_trail ? [local.trail_arn] : []

    content {
      sid       = "TrailToTopic"
      actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }

  # SQS documents aws:SourceArn for SNS and S3.
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  dynamic "statement" {
    for_each = length(local.source_topic_arns) > 0 ? [local.source_topic_arns] : []

    content {
      sid       = "TopicsToQueues"
      actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = local.source_topic_principals
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }

  # By the queue that SQS encrypts for, and not by the rule: of EventBridge, SQS documents that it hands on aws:SourceArn,
  # and SNS that it does not. The queue's policy lets in this rule alone.
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
  statement {
    sid       = "FailedExecutionsToDeadLetterQueue"
    actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:sqs:arn"
      values   = [local.dead_letter_arn]
    }
  }

  dynamic "statement" {
    for_each = local.notifying_buckets

    content {
      sid       = "BucketsOf${statement.key}ToIngestQueue"
      actions   = ["kms:GenerateDataKey*", "kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["s3.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [statement.key]
      }
    }
  }
}

# What every key policy needs so that the account's IAM policies, and nothing else, say who may administer and use the key.
data "aws_iam_policy_document" "key_administration" {
  #checkov:skip=CKV_AWS_109:A key policy that leaves administration to the account's IAM policies, as AWS recommends.
  #checkov:skip=CKV_AWS_111:A key policy: "*" is this key.
  #checkov:skip=CKV_AWS_356:A key policy: "*" is this key.

  statement {
    sid       = "AccountByIamPolicies"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }
}
