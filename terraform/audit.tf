# Audit (audit_hourly): a state machine of its own compares CloudTrail's signed digests with the log buckets and the ledger,
# started once an hour by a schedule. Without it, nothing of this is there.

locals {
  # Beside the functions of the workflow.
  audit_functions = {
    for key in var.audit_hourly ? ["audit_logs"] : [] : key => {
      name        = "${local.prefix}-audit-logs"
      description = "Compares CloudTrail's signed digests with the log buckets and the ledger, and announces what nobody has read"
      storage_mb  = 512
      # Some logs at a time may have to be hashed, of 50 MB each.
      memory_mb       = 1769
      timeout_seconds = 900
    }
  }

  audit_state_machine_arn  = "arn:${local.partition}:states:${var.region}:${local.account_id}:stateMachine:${local.prefix}-audit"
  audit_schedule_group_arn = "arn:${local.partition}:scheduler:${var.region}:${local.account_id}:schedule-group/${local.prefix}-audit"

  audit_environment = {
    LOG_BUCKETS           = join(",", local.log_bucket_names)
    INGEST_QUEUE_URL      = aws_sqs_queue.ingest.url
    LEDGER_RETENTION_DAYS = var.ledger_retention_days
  }
}

resource "aws_sfn_state_machine" "audit" {
  count = var.audit_hourly ? 1 : 0

  name     = "${local.prefix}-audit"
  type     = "STANDARD"
  role_arn = aws_iam_role.audit[0].arn
  definition = replace(
    templatefile("${path.module}/../statemachine/audit.asl.json", {
      partition                  = local.partition
      audit_logs_function_arn    = aws_lambda_function.step["audit_logs"].arn
      audit_logs_timeout_seconds = local.state_timeout_seconds.audit_logs
      # More would soon ask CloudTrail for its keys more often than it answers.
      audit_concurrency = 4
    }),
    local.definition_number, "$1"
  )

  # Execution data are times, counts and the names of logs.
  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.audit[0].arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # As of the workflow (workflow.tf).
  timeouts {
    create = "20m"
    update = "5m"
    delete = "20m"
  }

  # Step Functions checks that the role may write logs when the state machine is created.
  depends_on = [aws_iam_role_policy.audit]
}

resource "aws_cloudwatch_log_group" "audit" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  count = var.audit_hourly ? 1 : 0

  name              = local.log_group_names.audit
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

resource "aws_iam_role" "audit" {
  count = var.audit_hourly ? 1 : 0

  name               = "${local.prefix}-audit"
  description        = "State machine: runs the function that compares CloudTrail's signed digests with what is indexed"
  assume_role_policy = data.aws_iam_policy_document.service_trust["audit"].json
}

resource "aws_iam_role_policy" "audit" {
  count = var.audit_hourly ? 1 : 0

  name   = "audit"
  role   = aws_iam_role.audit[0].name
  policy = data.aws_iam_policy_document.audit[0].json
}

data "aws_iam_policy_document" "audit" {
  count = var.audit_hourly ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.every_state_machine.json]

  statement {
    sid       = "RunFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arns.audit_logs]
  }
}

# A group of its own, by which CloudWatch measures what could not be started, and which the role of the schedule trusts.
resource "aws_scheduler_schedule_group" "audit" {
  count = var.audit_hourly ? 1 : 0

  name = "${local.prefix}-audit"
}

resource "aws_scheduler_schedule" "audit" {
  #checkov:skip=CKV_AWS_297:There is nothing in it to encrypt: its input is {}.

  count = var.audit_hourly ? 1 : 0

  name                = "${local.prefix}-audit"
  description         = "Starts ${local.prefix}-audit once an hour"
  group_name          = aws_scheduler_schedule_group.audit[0].name
  schedule_expression = "rate(1 hour)"

  flexible_time_window {
    mode = "OFF"
  }

  # What cannot be started for half an hour is not started: the next one looks at most of its hours, too.
  target {
    arn      = aws_sfn_state_machine.audit[0].arn
    role_arn = aws_iam_role.audit_schedule[0].arn
    input    = "{}"

    retry_policy {
      maximum_event_age_in_seconds = 1800
      maximum_retry_attempts       = 10
    }
  }

  # It may start the first execution as soon as it is there.
  depends_on = [aws_iam_role_policy.audit_schedule]
}

resource "aws_iam_role" "audit_schedule" {
  count = var.audit_hourly ? 1 : 0

  name               = "${local.prefix}-audit-schedule"
  description        = "Schedule: starts the state machine that audits"
  assume_role_policy = data.aws_iam_policy_document.service_trust["audit_schedule"].json
}

resource "aws_iam_role_policy" "audit_schedule" {
  count = var.audit_hourly ? 1 : 0

  name   = "audit-schedule"
  role   = aws_iam_role.audit_schedule[0].name
  policy = data.aws_iam_policy_document.audit_schedule[0].json
}

data "aws_iam_policy_document" "audit_schedule" {
  count = var.audit_hourly ? 1 : 0

  statement {
    sid       = "StartAudit"
    actions   = ["states:StartExecution"]
    resources = [local.audit_state_machine_arn]
  }
}

data "aws_iam_policy_document" "audit_logs" {
  count = var.audit_hourly ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.every_step["audit_logs"].json]

  # Digests, and the logs that nobody has read or that were written again since.
  statement {
    sid       = "ReadDigestsAndLogs"
    actions   = ["s3:GetObject"]
    resources = [for arn in local.log_bucket_arns : "${arn}/*"]
  }

  # Of the staging bucket, the ledger.
  statement {
    sid       = "ListDigestsLogsAndLedger"
    actions   = ["s3:ListBucket"]
    resources = concat(local.log_bucket_arns, [aws_s3_bucket.staging.arn])
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

  # CloudTrail's keys are no resources.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html
  statement {
    sid       = "ListCloudTrailsKeys"
    actions   = ["cloudtrail:ListPublicKeys"]
    resources = ["*"]
  }

  # What was announced is written into the ledger, too.
  statement {
    sid       = "ReadAndWriteLedger"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/ledger/*"]
  }

  statement {
    sid       = "KeepAudit"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/audits/*"]
  }

  # Evidence is written, and read by others.
  statement {
    sid       = "KeepEvidence"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/evidence/*"]
  }

  statement {
    sid       = "AnnounceWhatNobodyHasRead"
    actions   = ["sqs:SendMessage"]
    resources = [local.ingest_queue_arn]
  }

  statement {
    sid       = "EncryptAnnouncements"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.pipeline.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.${local.dns_suffix}"]
    }
  }
}
