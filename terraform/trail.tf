# The new trail with its log bucket and key. With create_trail = false, nothing of this exists.

locals {
  log_bucket_name = "${local.prefix}-logs-${local.account_id}-${var.region}"

  # Everything that fetch_logs may read, new or brought along.
  log_bucket_names = concat(aws_s3_bucket.logs[*].bucket, var.log_bucket_names)
  log_bucket_arns = concat(
    aws_s3_bucket.logs[*].arn,
    [for name in var.log_bucket_names : "arn:${local.partition}:s3:::${name}"],
  )
  log_kms_key_arns = concat(aws_kms_key.logs[*].arn, var.log_kms_key_arns)
}

resource "aws_cloudtrail" "audit" {
  #checkov:skip=CKV2_AWS_10:Trailsearch makes the events searchable; CloudWatch Logs would cost many times as much.

  count = var.create_trail ? 1 : 0

  name                          = local.prefix
  s3_bucket_name                = aws_s3_bucket.logs[0].bucket
  kms_key_id                    = aws_kms_key.logs[0].arn
  sns_topic_name                = aws_sns_topic.logs[0].name
  is_multi_region_trail         = true
  is_organization_trail         = var.organization_id != null
  include_global_service_events = true
  enable_log_file_validation    = true

  # CloudTrail checks that it may write to all of them when the trail is created.
  depends_on = [aws_s3_bucket_policy.logs, aws_sns_topic_policy.logs]
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:On with access_log_bucket_name.
  #checkov:skip=CKV_AWS_144:Whether logs are replicated, and where to, is the owner's choice; versioning, which it needs, is on.
  #checkov:skip=CKV2_AWS_62:CloudTrail announces its logs on the topic.

  count = var.create_trail ? 1 : 0

  bucket        = local.log_bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count = var.create_trail ? 1 : 0

  bucket                  = aws_s3_bucket.logs[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_logging" "logs" {
  count = var.create_trail && var.access_log_bucket_name != null ? 1 : 0

  bucket        = aws_s3_bucket.logs[0].bucket
  target_bucket = var.access_log_bucket_name
  target_prefix = "${aws_s3_bucket.logs[0].bucket}/"
}

resource "aws_s3_bucket_versioning" "logs" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.logs[0].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.logs[0].bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.logs[0].arn
    }

    # One request to KMS for many logs, not one for each that is written and one for each that is read.
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  #checkov:skip=CKV_AWS_300:The rule remove-leftovers does; the check wants it in every rule.

  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.logs[0].bucket

  rule {
    id     = "remove-leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  dynamic "rule" {
    for_each = var.log_retention_days == null ? [] : [var.log_retention_days]

    content {
      id     = "expire-logs"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  count = var.create_trail ? 1 : 0

  bucket = aws_s3_bucket.logs[0].bucket
  policy = data.aws_iam_policy_document.log_bucket[0].json
}

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
data "aws_iam_policy_document" "log_bucket" {
  count = var.create_trail ? 1 : 0

  statement {
    sid       = "TrailChecksBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.logs[0].arn]

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
    sid     = "TrailWritesLogs"
    actions = ["s3:PutObject"]
    resources = [
      for owner in compact([local.account_id, var.organization_id]) :
      "${aws_s3_bucket.logs[0].arn}/AWSLogs/${owner}/*"
    ]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.logs[0].arn, "${aws_s3_bucket.logs[0].arn}/*"]

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

# The logs have a key of their own: who may read the logs is another question than who may run the pipeline.

resource "aws_kms_key" "logs" {
  count = var.create_trail ? 1 : 0

  description             = "${local.prefix}: CloudTrail logs"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days
  policy                  = data.aws_iam_policy_document.log_key[0].json
}

resource "aws_kms_alias" "logs" {
  count = var.create_trail ? 1 : 0

  name          = "alias/${local.prefix}-logs"
  target_key_id = aws_kms_key.logs[0].key_id
}

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
data "aws_iam_policy_document" "log_key" {
  count = var.create_trail ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.key_administration.json]

  statement {
    sid       = "TrailEncryptsLogs"
    actions   = ["kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    # IfExists: S3 documents the bucket as the context of a bucket key, and not whether CloudTrail's own is in it too.
    condition {
      test     = "StringLikeIfExists"
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
      values   = ["arn:${local.partition}:cloudtrail:*:${local.account_id}:trail/*"]
    }
  }

  # Decrypt, because CloudTrail creates no trail otherwise if the bucket has a bucket key.
  statement {
    sid       = "TrailUsesKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey"]
    resources = ["*"]

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
}
