# From the announcement of a log to a message in the ingest queue, and the dead-letter queue behind it.

locals {
  # Topics that may send to the ingest queue.
  source_topic_arns = concat(var.create_trail ? [local.topic_arn] : [], var.log_topic_arns)

  local_topic_arns  = toset([for arn in var.log_topic_arns : arn if split(":", arn)[3] == var.region])
  remote_topic_arns = toset([for arn in var.log_topic_arns : arn if split(":", arn)[3] != var.region])

  # What SNS cannot deliver. It tries for 23 days while SQS fails, but not again if SQS refuses: a policy that does not let
  # it in, a key that it cannot use. Without this the announcement, and so the log, would be lost. SNS wants subscription
  # and queue in one account and Region, and does not say whose the subscription to another account's topic is: those
  # have none.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
  subscription_redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letter.arn })
  own_topic_arns              = toset([for arn in local.local_topic_arns : arn if split(":", arn)[4] == local.account_id])
  redriven_topic_arns         = concat(var.create_trail ? [local.topic_arn] : [], tolist(local.own_topic_arns))

  # As much as a topic takes, unless it is set to take more, and all that version 5 of the provider can say; SQS itself has
  # room for 1 MiB. It is the same for both queues, so that whatever one has fits into the other.
  # https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
  max_message_bytes = 262144

  # What SNS keeps out of the queue of a topic that is shared with AWS Config. None of CloudTrail's and S3's messages has a
  # messageType on its outermost level, be it their own or EventBridge's: all of them pass. Of the body SNS reads JSON alone,
  # and what is none passes no filter: a topic that is not shared has none, so that whatever comes from it is indexed or
  # dead-lettered.
  # https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
  # https://docs.aws.amazon.com/sns/latest/dg/message-filtering.html
  # https://docs.aws.amazon.com/config/latest/developerguide/notifications-for-AWS-Config.html
  shared_topic_filter_policy = jsonencode({ messageType = [{ exists = false }] })
  shared_subscription_attributes = "'${jsonencode({
    RawMessageDelivery = "true"
    FilterPolicyScope  = "MessageBody"
    FilterPolicy       = local.shared_topic_filter_policy
  })}'"

  # Regions whose SNS uses the plain service principal when it delivers to another Region; all others are opt-in
  # Regions with a principal of their own. AWS adds no Region to this list any more.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html
  default_regions = [
    "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
  ]
  source_topic_principals = concat(
    ["sns.amazonaws.com"],
    distinct([
      for arn in local.remote_topic_arns : "sns.${split(":", arn)[3]}.amazonaws.com"
      if local.partition == "aws" && !contains(local.default_regions, split(":", arn)[3])
    ]),
  )

  # Buckets that may send to the ingest queue: account => bucket ARNs.
  notifying_buckets = {
    for notification in var.log_bucket_notifications :
    coalesce(notification.account_id, local.account_id) => "arn:${local.partition}:s3:::${notification.bucket}"...
  }
}

resource "aws_sns_topic" "logs" {
  count = var.create_trail ? 1 : 0

  name              = "${local.prefix}-logs"
  kms_master_key_id = aws_kms_key.pipeline.arn
}

resource "aws_sns_topic_policy" "logs" {
  count = var.create_trail ? 1 : 0

  arn    = aws_sns_topic.logs[0].arn
  policy = data.aws_iam_policy_document.topic[0].json
}

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html
data "aws_iam_policy_document" "topic" {
  count = var.create_trail ? 1 : 0

  statement {
    sid       = "TrailPublishes"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# Raw delivery: the message alone, without SNS's envelope, so that more messages fit into an execution's input.

resource "aws_sns_topic_subscription" "ingest" {
  count = var.create_trail ? 1 : 0

  topic_arn            = aws_sns_topic.logs[0].arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.ingest.arn
  raw_message_delivery = true
  redrive_policy       = local.subscription_redrive_policy
}

# A subscription is made in the topic's Region, and version 5 of the provider has one Region for all resources:
# topics of other Regions are permitted in the queue's policy, and subscribed with the commands of output subscribe_commands.
resource "aws_sns_topic_subscription" "existing" {
  for_each = local.local_topic_arns

  topic_arn            = each.value
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.ingest.arn
  raw_message_delivery = true
  redrive_policy       = contains(local.own_topic_arns, each.value) ? local.subscription_redrive_policy : null
  filter_policy        = contains(var.shared_log_topic_arns, each.value) ? local.shared_topic_filter_policy : null
  filter_policy_scope  = contains(var.shared_log_topic_arns, each.value) ? "MessageBody" : null
}

resource "aws_sqs_queue" "ingest" {
  name = "${local.prefix}-ingest"
  # Messages are in flight from the first that the Pipe collects until its execution has started.
  visibility_timeout_seconds = 60 + var.pipe_batching_window_seconds
  message_retention_seconds  = local.queue_retention_seconds
  receive_wait_time_seconds  = 20
  max_message_size           = local.max_message_bytes
  kms_master_key_id          = aws_kms_key.pipeline.arn
  policy                     = data.aws_iam_policy_document.ingest_queue.json

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.ingest_max_receive_count
  })
}

data "aws_iam_policy_document" "ingest_queue" {
  dynamic "statement" {
    for_each = length(local.source_topic_arns) > 0 ? [local.source_topic_arns] : []

    content {
      sid       = "TopicsSend"
      actions   = ["sqs:SendMessage"]
      resources = [local.ingest_queue_arn]

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

  dynamic "statement" {
    for_each = local.notifying_buckets

    content {
      sid       = "BucketsOf${statement.key}Send"
      actions   = ["sqs:SendMessage"]
      resources = [local.ingest_queue_arn]

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

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.ingest_queue_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = "${local.prefix}-dead-letter"
  message_retention_seconds = local.queue_retention_seconds
  receive_wait_time_seconds = 20
  max_message_size          = local.max_message_bytes
  kms_master_key_id         = aws_kms_key.pipeline.arn
  policy                    = data.aws_iam_policy_document.dead_letter_queue.json

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.ingest_queue_arn]
  })
}

# The workflow sends here by its role's policy; EventBridge and SNS need to be let in.
data "aws_iam_policy_document" "dead_letter_queue" {
  statement {
    sid       = "FailedExecutionsSend"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_letter_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.failed_executions_rule_arn]
    }
  }

  dynamic "statement" {
    for_each = length(local.redriven_topic_arns) > 0 ? [local.redriven_topic_arns] : []

    content {
      sid       = "UndeliveredNotificationsSend"
      actions   = ["sqs:SendMessage"]
      resources = [local.dead_letter_arn]

      principals {
        type        = "Service"
        identifiers = ["sns.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.dead_letter_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
