# Backfill: a state machine plans which logs of days gone by are to be indexed, and runs the workflow for one part of them
# after the other. Nothing starts it but "make backfill"; until then it costs nothing.

locals {
  # Beside the functions of the workflow.
  backfill_functions = {
    plan_backfill = {
      name        = "${local.prefix}-plan-backfill"
      description = "Lists logs of days gone by, and makes parts of them that the workflow takes"
      storage_mb  = 512
      # To read what S3 lists takes a vCPU: a thousand keys in some 50 ms.
      memory_mb       = 1769
      timeout_seconds = 900
    }
  }

  backfill_state_machine_arn = "arn:${local.partition}:states:${var.region}:${local.account_id}:stateMachine:${local.prefix}-backfill"
  # Of the state machine, and of the Map Run's items.
  # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
  backfill_executions_arns = [
    for name in ["${local.prefix}-backfill", "${local.prefix}-backfill/Parts"] :
    "arn:${local.partition}:states:${var.region}:${local.account_id}:execution:${name}:*"
  ]
}

resource "aws_sfn_state_machine" "backfill" {
  name     = "${local.prefix}-backfill"
  type     = "STANDARD"
  role_arn = aws_iam_role.backfill.arn
  definition = replace(
    templatefile("${path.module}/../statemachine/backfill.asl.json", {
      partition                     = local.partition
      environment                   = var.environment
      prefix                        = local.prefix
      staging_bucket                = aws_s3_bucket.staging.bucket
      index_logs_arn                = aws_sfn_state_machine.index_logs.arn
      index_logs_executions_arn     = trimsuffix(local.executions_arn, ":*")
      backfill_concurrency          = var.backfill_concurrency
      plan_backfill_function_arn    = aws_lambda_function.step["plan_backfill"].arn
      plan_backfill_timeout_seconds = local.state_timeout_seconds.plan_backfill
      part_timeout_seconds          = var.execution_timeout_seconds + 900
    }),
    local.definition_number, "$1"
  )

  # Errors alone: each part would be logged with all of its keys, several times. Its execution of the workflow is logged.
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.backfill.arn}:*"
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

  # Step Functions checks that the role may write logs, and make the rule of startExecution.sync, when it is created.
  depends_on = [aws_iam_role_policy.backfill]
}

resource "aws_cloudwatch_log_group" "backfill" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  name              = local.log_group_names.backfill
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

resource "aws_iam_role" "backfill" {
  name               = "${local.prefix}-backfill"
  description        = "State machine: plans a backfill, runs the workflow for each part of it"
  assume_role_policy = data.aws_iam_policy_document.service_trust["backfill"].json
}

resource "aws_iam_role_policy" "backfill" {
  name   = "backfill"
  role   = aws_iam_role.backfill.name
  policy = data.aws_iam_policy_document.backfill.json
}

data "aws_iam_policy_document" "backfill" {
  source_policy_documents = [data.aws_iam_policy_document.every_state_machine.json]

  statement {
    sid       = "RunFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arns.plan_backfill]
  }

  # The workflow, and this state machine itself for each item of the Map Run.
  statement {
    sid       = "StartExecutions"
    actions   = ["states:StartExecution"]
    resources = [local.state_machine_arn, local.backfill_state_machine_arn]
  }

  # Not StopExecution: a backfill that is stopped lets the workflow end the part that it is at, where an execution that is
  # aborted is dead-lettered.
  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
  statement {
    sid       = "WaitForExecutions"
    actions   = ["states:DescribeExecution"]
    resources = [local.executions_arn]
  }

  # "Redrive" in the console does what make backfill RESUME=1 does.
  statement {
    sid       = "ControlItems"
    actions   = ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
    resources = local.backfill_executions_arns
  }

  # Step Functions makes this rule in the account, to be told when an execution that it waits for has ended.
  statement {
    sid       = "HearOfExecutions"
    actions   = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
    resources = ["arn:${local.partition}:events:${var.region}:${local.account_id}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"]
  }

  statement {
    sid       = "ReadParts"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.staging.arn}/backfills/*"]
  }

  statement {
    sid       = "MarkPartsDone"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/backfills/*/done/*"]
  }

  statement {
    sid       = "UseStagingKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.pipeline.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.${local.dns_suffix}"]
    }
  }

  # CloudWatch authorizes a list of alarms by all of them.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
  statement {
    sid       = "LookAtLiveTraffic"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "plan_backfill" {
  source_policy_documents = [data.aws_iam_policy_document.every_step["plan_backfill"].json]

  statement {
    sid       = "ListLogs"
    actions   = ["s3:ListBucket"]
    resources = concat(local.log_bucket_arns, [aws_s3_bucket.staging.arn])
  }

  statement {
    sid       = "KeepPlan"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.staging.arn}/backfills/*"]
  }
}
