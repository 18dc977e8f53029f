# The backfill: its state machine, its function, and what a setting of it is refused for.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "backfill" {
  assert {
    condition = (
      aws_sfn_state_machine.backfill.name == "trailsearch-test-backfill" && endswith(local.backfill_state_machine_arn, ":${aws_sfn_state_machine.backfill.name}") &&
      alltrue([for arn in local.backfill_executions_arns : can(regex(":execution:${aws_sfn_state_machine.backfill.name}[:/]", arn))])
    )
    error_message = "The ARNs that the policies name must be those of the state machine and its executions."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.backfill.definition).States["Index Parts"].MaxConcurrency == 1 && jsondecode(aws_sfn_state_machine.backfill.definition).States["Index Parts"].Label == "Parts"
    error_message = "One part at a time; the label is in the ARNs of the Map Run's executions."
  }

  assert {
    condition     = toset(jsondecode(aws_sfn_state_machine.backfill.definition).States["Index Parts"].ItemProcessor.States["Look At Live Traffic"].Parameters.AlarmNames) == toset([for name in ["lag", "oldest-message"] : aws_cloudwatch_metric_alarm.runbook[name].alarm_name])
    error_message = "It must look at alarms that are there."
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.backfill.definition).States["Find Folders"].TimeoutSeconds > aws_lambda_function.step["plan_backfill"].timeout &&
      jsondecode(aws_sfn_state_machine.backfill.definition).States["Index Parts"].ItemProcessor.States["Index Part"].TimeoutSeconds > var.execution_timeout_seconds
    )
    error_message = "A state must give up later than what it runs."
  }

  assert {
    condition     = toset(keys(one(aws_lambda_function.step["plan_backfill"].environment).variables)) == toset(["ENVIRONMENT", "LOG_BUCKETS", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME", "STAGING_BUCKET"])
    error_message = "The function must know the log buckets and the staging bucket, and not the search domain."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.plan_backfill.statement : statement.actions if statement.sid == "ListLogs"]) == toset(["s3:ListBucket"]) && alltrue(flatten([for statement in data.aws_iam_policy_document.plan_backfill.statement : [for arn in statement.resources : endswith(arn, "/backfills/*")] if statement.sid == "KeepPlan"]))
    error_message = "It lists logs, and reads none."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.backfill.statement : statement.resources if contains(statement.actions, "states:StopExecution")
    ] == [toset(local.backfill_executions_arns)]
    error_message = "A backfill that is stopped must not stop executions of the workflow, which would be dead-lettered."
  }

  assert {
    condition     = one(aws_sfn_state_machine.backfill.logging_configuration).level == "ERROR" && aws_cloudwatch_log_group.backfill.retention_in_days == var.log_group_retention_days && aws_cloudwatch_log_group.backfill.kms_key_id == aws_kms_key.pipeline.arn
    error_message = "Its log is encrypted, expires, and has no part of a plan in it."
  }

  assert {
    condition     = aws_sfn_state_machine.backfill.timeouts.create == "20m" && aws_sfn_state_machine.backfill.timeouts.delete == "20m"
    error_message = "A state machine is deleted when its last execution has ended."
  }

  assert {
    condition     = endswith(output.backfill_url, "/statemachines/view/${aws_sfn_state_machine.backfill.arn}") && output.plan_backfill_role_arn == aws_iam_role.step["plan_backfill"].arn
    error_message = "The outputs name the state machine, and the role that others let list."
  }
}

run "two_at_a_time" {
  variables {
    backfill_concurrency = 2
    reserved_concurrency = { index_batch = 16 }
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.backfill.definition).States["Index Parts"].MaxConcurrency == 2
    error_message = "Two parts at a time."
  }
}

run "more_than_half_of_the_uploads" {
  command = plan

  variables {
    backfill_concurrency = 2
    reserved_concurrency = { index_batch = 15 }
  }

  expect_failures = [var.backfill_concurrency]
}

run "more_than_two" {
  command = plan

  variables {
    backfill_concurrency = 3
  }

  expect_failures = [var.backfill_concurrency]
}
