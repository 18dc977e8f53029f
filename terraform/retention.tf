# Retention (search_retention_days): a state machine of its own deletes expired events from the search domain, started once
# a day by a schedule. Without a retention, nothing of this is there.

locals {
  retention = var.search_retention_days != null

  # Beside the functions of the workflow.
  retention_functions = {
    for key in local.retention ? ["delete_expired"] : [] : key => {
      name        = "${local.prefix}-delete-expired"
      description = "Deletes some of the events in the search domain that are older than search_retention_days"
      storage_mb  = 512
      memory_mb   = 256
      # Two searches and an upload, each for as long as their client waits (functions/trailsearch/aws/clients.py).
      timeout_seconds = 240
    }
  }

  retention_state_machine_arn = "arn:${local.partition}:states:${var.region}:${local.account_id}:stateMachine:${local.prefix}-retention"
  schedule_group_arn          = "arn:${local.partition}:scheduler:${var.region}:${local.account_id}:schedule-group/${local.prefix}"
}

resource "aws_sfn_state_machine" "retention" {
  count = local.retention ? 1 : 0

  name     = "${local.prefix}-retention"
  type     = "STANDARD"
  role_arn = aws_iam_role.retention[0].arn
  definition = replace(
    templatefile("${path.module}/../statemachine/retention.asl.json", {
      partition                      = local.partition
      delete_expired_function_arn    = aws_lambda_function.step["delete_expired"].arn
      delete_expired_timeout_seconds = local.state_timeout_seconds.delete_expired
    }),
    local.definition_number, "$1"
  )

  # Execution data are counts and the names of indices.
  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.retention[0].arn}:*"
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
  depends_on = [aws_iam_role_policy.retention]
}

resource "aws_cloudwatch_log_group" "retention" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  count = local.retention ? 1 : 0

  name              = local.log_group_names.retention
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

resource "aws_iam_role" "retention" {
  count = local.retention ? 1 : 0

  name               = "${local.prefix}-retention"
  description        = "State machine: runs the function that deletes expired events"
  assume_role_policy = data.aws_iam_policy_document.service_trust["retention"].json
}

resource "aws_iam_role_policy" "retention" {
  count = local.retention ? 1 : 0

  name   = "retention"
  role   = aws_iam_role.retention[0].name
  policy = data.aws_iam_policy_document.retention[0].json
}

data "aws_iam_policy_document" "retention" {
  count = local.retention ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.every_state_machine.json]

  statement {
    sid       = "RunFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arns.delete_expired]
  }
}

# A group of its own, by which CloudWatch measures what could not be started, and which the role of the schedule trusts.
resource "aws_scheduler_schedule_group" "retention" {
  count = local.retention ? 1 : 0

  name = local.prefix
}

resource "aws_scheduler_schedule" "retention" {
  #checkov:skip=CKV_AWS_297:There is nothing in it to encrypt: its input is {}, which nobody looks at.

  count = local.retention ? 1 : 0

  name                = "${local.prefix}-retention"
  description         = "Starts ${local.prefix}-retention once a day"
  group_name          = aws_scheduler_schedule_group.retention[0].name
  schedule_expression = "rate(1 day)"

  flexible_time_window {
    mode = "OFF"
  }

  # What cannot be started for an hour is not started that day: two executions at a time would be no faster than one.
  target {
    arn      = aws_sfn_state_machine.retention[0].arn
    role_arn = aws_iam_role.retention_schedule[0].arn
    input    = "{}"

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }
  }

  # It may start the first execution as soon as it is there.
  depends_on = [
    aws_iam_role_policy.retention_schedule,
    aws_cloudsearch_domain_service_access_policy.events,
    aws_opensearch_domain.events,
  ]
}

resource "aws_iam_role" "retention_schedule" {
  count = local.retention ? 1 : 0

  name               = "${local.prefix}-retention-schedule"
  description        = "Schedule: starts the state machine that deletes expired events"
  assume_role_policy = data.aws_iam_policy_document.service_trust["retention_schedule"].json
}

resource "aws_iam_role_policy" "retention_schedule" {
  count = local.retention ? 1 : 0

  name   = "retention-schedule"
  role   = aws_iam_role.retention_schedule[0].name
  policy = data.aws_iam_policy_document.retention_schedule[0].json
}

data "aws_iam_policy_document" "retention_schedule" {
  count = local.retention ? 1 : 0

  statement {
    sid       = "StartRetention"
    actions   = ["states:StartExecution"]
    resources = [local.retention_state_machine_arn]
  }
}
