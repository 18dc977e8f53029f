# The functions, each with its own role, and the staging bucket through which those of the workflow hand data on.

locals {
  # Those of the workflow.
  functions = {
    fetch_logs = {
      name        = "${local.prefix}-fetch-logs"
      description = "Fetches the CloudTrail logs that messages announce and stages their records"
      # Records spill to disk: ten logs of 50 MB, the largest there are, hold 4.5 GB of them. An execution may have more
      # (pipe_batch_size). Where they do not fit on the disk, or into the time-out, each message gets an execution of
      # its own, and if need be each log.
      storage_mb      = 5120
      memory_mb       = var.function_memory_mb.fetch_logs
      timeout_seconds = var.function_timeout_seconds.fetch_logs
    }
    split_records = {
      name            = "${local.prefix}-split-records"
      description     = "Turns staged records into search documents, packed into full batches"
      storage_mb      = 512
      memory_mb       = var.function_memory_mb.split_records
      timeout_seconds = var.function_timeout_seconds.split_records
    }
    index_batch = {
      name            = "${local.prefix}-index-batch"
      description     = "Uploads one staged batch to the search domain"
      storage_mb      = 512
      memory_mb       = var.function_memory_mb.index_batch
      timeout_seconds = var.function_timeout_seconds.index_batch
    }
  }

  # The Pipe's (pipe.tf).
  pipe_functions = {
    admit_messages = {
      name        = "${local.prefix}-admit-messages"
      description = "Makes room for every message of a batch of the Pipe: what is large is set aside in the staging bucket"
      storage_mb  = 512
      # A batch has 6 MB of JSON at most.
      memory_mb = 256
      # Messages stay invisible for 60 s more than the Pipe collects them, and the execution is to be started by then.
      timeout_seconds = 45
    }
  }

  all_functions = merge(local.functions, local.pipe_functions, local.retention_functions, local.backfill_functions, local.audit_functions)

  # Those that hand data on through the staging bucket.
  staging_functions = concat(keys(local.functions), keys(local.pipe_functions), keys(local.backfill_functions), keys(local.audit_functions))

  # What checks signatures (cryptography) is three times as large as all else, and one function needs it.
  package_paths = {
    for key in keys(local.all_functions) : key => contains(keys(local.audit_functions), key) ? var.audit_package_path : var.package_path
  }

  # As long as the longest execution_timeout_seconds: what an execution stages for itself outlives it.
  soon_days = 1

  # As long as Step Functions keeps an execution.
  backfill_days = 90

  # fetch_logs reads from these buckets alone, whatever a message announces.
  function_environments = merge(
    { admit_messages = {} },
    { for key in ["fetch_logs", "plan_backfill"] : key => { LOG_BUCKETS = join(",", local.log_bucket_names) } },
    { for key in keys(local.audit_functions) : key => local.audit_environment },
    local.search_environments,
  )

  staging_environments = {
    for key in keys(local.all_functions) :
    key => merge(
      contains(local.staging_functions, key) ? { STAGING_BUCKET = aws_s3_bucket.staging.bucket } : {},
      # "make audit" asks fetch_logs how long it is kept.
      var.keep_ledger && contains(keys(local.functions), key) ? { LEDGER = "true", LEDGER_RETENTION_DAYS = var.ledger_retention_days } : {},
    )
  }

  function_policies = merge(
    { for key in keys(local.retention_functions) : key => data.aws_iam_policy_document.every_step[key].json },
    { for key in keys(local.audit_functions) : key => data.aws_iam_policy_document.audit_logs[0].json },
    {
      admit_messages = data.aws_iam_policy_document.admit_messages.json
      fetch_logs     = data.aws_iam_policy_document.fetch_logs.json
      split_records  = data.aws_iam_policy_document.split_records.json
      index_batch    = data.aws_iam_policy_document.index_batch.json
      plan_backfill  = data.aws_iam_policy_document.plan_backfill.json
    },
  )
}

resource "aws_lambda_function" "step" {
  #checkov:skip=CKV_AWS_116:Step Functions or the Pipe invokes it and waits; what fails is dead-lettered by the workflow, or by SQS.
  #checkov:skip=CKV_AWS_117:It talks to public AWS endpoints alone, over TLS; a VPC would add cost and no protection.
  #checkov:skip=CKV_AWS_173:The environment variables are names, no secrets; Lambda encrypts them with its own key.
  #checkov:skip=CKV_AWS_272:The package is built from this repository, byte for byte the same, and Terraform checks its hash.

  for_each = local.all_functions

  function_name                  = each.value.name
  description                    = each.value.description
  role                           = aws_iam_role.step[each.key].arn
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  handler                        = "${each.key}.handler"
  filename                       = local.package_paths[each.key]
  source_code_hash               = filebase64sha256(local.package_paths[each.key])
  memory_size                    = each.value.memory_mb
  timeout                        = each.value.timeout_seconds
  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)

  ephemeral_storage {
    size = each.value.storage_mb
  }

  environment {
    variables = merge(local.function_environments[each.key], local.staging_environments[each.key], {
      ENVIRONMENT                  = var.environment
      POWERTOOLS_SERVICE_NAME      = each.key
      POWERTOOLS_METRICS_NAMESPACE = "Trailsearch"
      POWERTOOLS_LOG_LEVEL         = var.log_level
    })
  }

  # What the Pipe asks is no part of an execution's trace. A trace of its own would say little, and cost as much again.
  tracing_config {
    mode = contains(keys(local.pipe_functions), each.key) ? "PassThrough" : "Active"
  }

  depends_on = [aws_cloudwatch_log_group.step, aws_iam_role_policy.step]

  lifecycle {
    precondition {
      condition     = fileexists(local.package_paths[each.key])
      error_message = "There is no ${local.package_paths[each.key]}: build it with \"make package\"."
    }
  }
}

# The functions write JSON by themselves, so the log format of Lambda stays Text.
resource "aws_cloudwatch_log_group" "step" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  for_each = local.all_functions

  name              = local.log_group_names[each.key]
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

resource "aws_iam_role" "step" {
  for_each = local.all_functions

  name               = each.value.name
  description        = each.value.description
  assume_role_policy = data.aws_iam_policy_document.step_trust.json
}

# No condition on who makes Lambda assume the role: a role can only be passed to a function of its own account.
data "aws_iam_policy_document" "step_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "step" {
  for_each = local.all_functions

  name   = each.key
  role   = aws_iam_role.step[each.key].name
  policy = local.function_policies[each.key]
}

data "aws_iam_policy_document" "admit_messages" {
  source_policy_documents = [
    data.aws_iam_policy_document.every_step["admit_messages"].json,
    data.aws_iam_policy_document.large_messages.json,
  ]
}

# Who reads a large message writes it once more, so that it does not expire before what points to it.
data "aws_iam_policy_document" "large_messages" {
  statement {
    sid       = "KeepLargeMessages"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/messages/*"]
  }

  # Without it S3 answers 403 instead of 404 for messages that have expired.
  statement {
    sid       = "TellExpiredFromDenied"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.staging.arn]
  }
}

data "aws_iam_policy_document" "fetch_logs" {
  source_policy_documents = [
    data.aws_iam_policy_document.every_step["fetch_logs"].json,
    data.aws_iam_policy_document.large_messages.json,
  ]

  statement {
    sid       = "ReadLogs"
    actions   = ["s3:GetObject"]
    resources = [for arn in local.log_bucket_arns : "${arn}/*"]
  }

  # Without it S3 answers 403 instead of 404 for a log that has been deleted.
  statement {
    sid       = "TellDeletedFromDenied"
    actions   = ["s3:ListBucket"]
    resources = local.log_bucket_arns
  }

  dynamic "statement" {
    for_each = length(local.log_kms_key_arns) > 0 ? [local.log_kms_key_arns] : []

    content {
      sid       = "DecryptLogs"
      actions   = ["kms:Decrypt"]
      resources = statement.value

      # The key is in the Region of its bucket, which may be another one.
      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = ["s3.*.${local.dns_suffix}"]
      }
    }
  }

  statement {
    sid       = "StageRecords"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.staging.arn}/records/*"]
  }

  # A dead letter about an execution points to it; its messages are in its input.
  statement {
    sid       = "ReadInputsOfExecutions"
    actions   = ["states:DescribeExecution"]
    resources = [local.executions_arn]
  }
}

data "aws_iam_policy_document" "split_records" {
  source_policy_documents = [data.aws_iam_policy_document.every_step["split_records"].json]

  statement {
    sid       = "ReadRecords"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.staging.arn}/records/*"]
  }

  # Without it S3 answers 403 instead of 404 for records that have expired.
  statement {
    sid       = "TellExpiredFromDenied"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.staging.arn]
  }

  # Batches carry the tag of what expires soon.
  statement {
    sid       = "StageBatches"
    actions   = ["s3:PutObject", "s3:PutObjectTagging"]
    resources = ["${aws_s3_bucket.staging.arn}/batches/*"]
  }
}

data "aws_iam_policy_document" "index_batch" {
  source_policy_documents = [data.aws_iam_policy_document.every_step["index_batch"].json]

  statement {
    sid       = "ReadBatches"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.staging.arn}/batches/*"]
  }

  # Without it S3 answers 403 instead of 404 for batches that have expired.
  statement {
    sid       = "TellExpiredFromDenied"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.staging.arn]
  }

  statement {
    sid       = "StageRefusedDocuments"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/batches/*"]
  }
}

# What every function may: write its own log, send traces; those of the staging bucket, use its key; and
# whoever has to do with the search domain, ask it for that.
data "aws_iam_policy_document" "every_step" {
  for_each = local.all_functions

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:${local.log_group_names[each.key]}:*"]
  }

  # X-Ray knows no resources.
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.keep_ledger && contains(keys(local.functions), each.key) ? [aws_s3_bucket.staging.arn] : []

    content {
      sid       = "WriteLedger"
      actions   = ["s3:PutObject"]
      resources = ["${statement.value}/ledger/*"]
    }
  }

  # A multipart upload decrypts as well.
  dynamic "statement" {
    for_each = contains(local.staging_functions, each.key) ? [aws_kms_key.pipeline.arn] : []

    content {
      sid       = "UseStagingKey"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.region}.${local.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = [for permission in local.search_permissions : permission if permission.function == each.key]

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_s3_bucket" "staging" {
  #checkov:skip=CKV_AWS_18:On with access_log_bucket_name.
  #checkov:skip=CKV_AWS_21:Objects are made from the logs, written once, and expire after some days.
  #checkov:skip=CKV_AWS_144:Objects are made from the logs, and can be made again.
  #checkov:skip=CKV2_AWS_62:The workflow hands on what it stages.

  bucket        = "${local.prefix}-staging-${local.account_id}-${var.region}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "staging" {
  bucket                  = aws_s3_bucket.staging.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "staging" {
  bucket = aws_s3_bucket.staging.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.pipeline.arn
    }
  }
}

resource "aws_s3_bucket_logging" "staging" {
  count = var.access_log_bucket_name == null ? 0 : 1

  bucket        = aws_s3_bucket.staging.bucket
  target_bucket = var.access_log_bucket_name
  target_prefix = "${aws_s3_bucket.staging.bucket}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "staging" {
  bucket = aws_s3_bucket.staging.bucket

  # Where several rules expire an object, the earliest does.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
  dynamic "rule" {
    for_each = { expire = "batches/", expire-messages = "messages/" }

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days = var.staging_retention_days
      }
    }
  }

  rule {
    id     = "remove-leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "expire-ledger"
    status = "Enabled"

    filter {
      prefix = "ledger/"
    }

    expiration {
      days = var.ledger_retention_days
    }
  }

  # What an audit's execution keeps for itself.
  rule {
    id     = "expire-audits"
    status = "Enabled"

    filter {
      prefix = "audits/"
    }

    expiration {
      days = local.soon_days
    }
  }

  # Without a number of days it does nothing: the number is there because a rule has to have one.
  rule {
    id     = "expire-evidence"
    status = var.evidence_retention_days == null ? "Disabled" : "Enabled"

    filter {
      prefix = "evidence/"
    }

    expiration {
      days = coalesce(var.evidence_retention_days, 3650)
    }
  }

  # For as long a backfill can be resumed.
  rule {
    id     = "expire-backfills"
    status = "Enabled"

    filter {
      prefix = "backfills/"
    }

    expiration {
      days = local.backfill_days
    }
  }

  # Nothing points to records once their execution is over, and that lasts a day at most.
  rule {
    id     = "expire-records"
    status = "Enabled"

    filter {
      prefix = "records/"
    }

    expiration {
      days = local.soon_days
    }
  }

  # Nor to batches that are indexed. The workflow takes the tag off those that it dead-letters, and what is staged for a
  # dead letter never has it (functions/trailsearch/workflow/staging.py).
  rule {
    id     = "expire-soon"
    status = "Enabled"

    filter {
      tag {
        key   = "expires"
        value = "soon"
      }
    }

    expiration {
      days = local.soon_days
    }
  }
}

resource "aws_s3_bucket_policy" "staging" {
  bucket = aws_s3_bucket.staging.bucket
  policy = data.aws_iam_policy_document.staging_bucket.json
}

data "aws_iam_policy_document" "staging_bucket" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.staging.arn, "${aws_s3_bucket.staging.arn}/*"]

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
