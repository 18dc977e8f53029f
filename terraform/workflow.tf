locals {
  # A state gives up a little later than the function that it runs, so that it is the function that says what was slow.
  state_timeout_seconds = { for key, function in local.all_functions : key => function.timeout_seconds + 15 }

  # A definition is valid JSON with placeholders in strings only, which editors, validators and the console's importer
  # read as it is. Hence numbers are marked and stand in quotes there, and lose both here: whatever else is all digits,
  # such as an account, stays a string.
  definition_number = "/\"number:([0-9]+)\"/"

  definition = replace(
    templatefile("${path.module}/../statemachine/index_logs.asl.json", {
      partition                     = local.partition
      environment                   = var.environment
      fetch_logs_function_arn       = aws_lambda_function.step["fetch_logs"].arn
      split_records_function_arn    = aws_lambda_function.step["split_records"].arn
      index_batch_function_arn      = aws_lambda_function.step["index_batch"].arn
      dead_letter_queue_url         = aws_sqs_queue.dead_letter.url
      map_concurrency               = var.map_concurrency
      execution_timeout_seconds     = var.execution_timeout_seconds
      fetch_logs_timeout_seconds    = local.state_timeout_seconds.fetch_logs
      split_records_timeout_seconds = local.state_timeout_seconds.split_records
      index_batch_timeout_seconds   = local.state_timeout_seconds.index_batch
      index_batch_max_attempts      = var.index_batch_max_attempts
    }),
    local.definition_number, "$1"
  )
}

resource "aws_sfn_state_machine" "index_logs" {
  name       = "${local.prefix}-index-logs"
  type       = "STANDARD"
  role_arn   = aws_iam_role.workflow.arn
  definition = local.definition

  # Execution data are pointers and counts, never log records.
  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.workflow.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # A state machine is gone when the last of its executions has left its state, which takes as long as a function may, and
  # none of the same name can be created before.
  # https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
  timeouts {
    create = "20m"
    update = "5m"
    delete = "20m"
  }

  # Step Functions checks that the role may write logs when the state machine is created.
  depends_on = [aws_iam_role_policy.workflow]
}

resource "aws_cloudwatch_log_group" "workflow" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  name              = local.log_group_names.workflow
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

resource "aws_iam_role" "workflow" {
  name               = "${local.prefix}-workflow"
  description        = "State machine: runs the functions, sends to the dead-letter queue"
  assume_role_policy = data.aws_iam_policy_document.service_trust["workflow"].json
}

resource "aws_iam_role_policy" "workflow" {
  name   = "workflow"
  role   = aws_iam_role.workflow.name
  policy = data.aws_iam_policy_document.workflow.json
}

data "aws_iam_policy_document" "workflow" {
  source_policy_documents = [data.aws_iam_policy_document.every_state_machine.json]

  statement {
    sid       = "RunFunctions"
    actions   = ["lambda:InvokeFunction"]
    resources = [for key in keys(local.functions) : local.function_arns[key]]
  }

  statement {
    sid       = "SendDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_letter_arn]
  }

  # A batch that is dead-lettered loses the tag that makes it expire soon.
  statement {
    sid       = "KeepBatches"
    actions   = ["s3:DeleteObjectTagging"]
    resources = ["${aws_s3_bucket.staging.arn}/batches/*"]
  }

  # A message that may have crashed a step gets an execution of its own.
  statement {
    sid       = "StartExecutionsForMessages"
    actions   = ["states:StartExecution"]
    resources = [local.state_machine_arn]
  }

  statement {
    sid       = "EncryptDeadLetters"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.pipeline.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.${local.dns_suffix}"]
    }
  }
}

# What every state machine may: write its log, send traces.
data "aws_iam_policy_document" "every_state_machine" {
  # Neither log delivery nor X-Ray knows resources.
  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Trace"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }
}

# Executions that end as the workflow does not mean them to: timed out, aborted, failed uncaught. EventBridge puts a dead
# letter into the queue that points to the execution, which Step Functions keeps, with its messages, for 90 days. It uses
# only what the event of every execution has. What the workflow has dead-lettered itself is left out.
# Step Functions hands its events to EventBridge by best effort. Of an execution whose event never came, the alarm
# executions-failed tells all the same, and its description says what to do.
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
# https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html

resource "aws_cloudwatch_event_rule" "failed_executions" {
  name        = "${local.prefix}-failed-executions"
  description = "Executions of ${local.prefix}-index-logs that did not dead-letter their work themselves"

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [local.state_machine_arn]
      "$or" = [
        { status = ["TIMED_OUT", "ABORTED"] },
        # An event that does not say its error is dead-lettered as well: twice is better than never.
        { status = ["FAILED"], error = [{ exists = false }, null, { anything-but = ["SomeWorkDeadLettered", "MessagesDeadLettered"] }] },
      ]
    }
  })
}

# EventBridge tries for 24 hours, the most it does, and not at all again if policies do not let it send. The target has no
# dead-letter queue of its own: it could only be this one, which has just refused the event. The alarm
# undelivered-failed-executions rings instead.
resource "aws_cloudwatch_event_target" "failed_executions" {
  rule = aws_cloudwatch_event_rule.failed_executions.name
  arn  = aws_sqs_queue.dead_letter.arn

  # A DeadLetter of functions/trailsearch/contracts/messages.py.
  input_transformer {
    input_paths = {
      execution = "$.detail.executionArn"
      status    = "$.detail.status"
      time      = "$.time"
    }

    input_template = <<-JSON
      {"dead_letter": 1, "kind": "execution", "environment": "${var.environment}", "execution": "<execution>", "failed_at": "<time>", "error": {"Error": "<status>"}}
    JSON
  }

  retry_policy {
    maximum_event_age_in_seconds = 24 * 60 * 60
    maximum_retry_attempts       = 185
  }
}
