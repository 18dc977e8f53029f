# The hourly audit, where somebody wants it.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_s3_bucket.staging
  values = { arn = "arn:aws:s3:::staging" }
}

override_resource {
  target = aws_iam_role.audit_schedule[0]
  values = { arn = "arn:aws:iam::111122223333:role/trailsearch-test-audit-schedule" }
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does, but not the same one.
  audit_package_path  = "../statemachine/audit.asl.json"
  keep_ledger         = true
  alarm_topic_arns    = ["arn:aws:sns:us-east-1:111122223333:on-call"]
}

run "is_not_there_unless_wanted" {
  command = plan

  variables {
    # What is not built is not looked for.
    audit_package_path = "../build/no-such.zip"
  }

  assert {
    condition = (
      length(aws_sfn_state_machine.audit) + length(aws_cloudwatch_log_group.audit) + length(aws_scheduler_schedule.audit) + length(aws_scheduler_schedule_group.audit) + length(aws_iam_role.audit) + length(aws_iam_role.audit_schedule) + length(aws_cloudwatch_dashboard.audit) + length(aws_cloudwatch_metric_alarm.audit_silent) == 0 &&
      !contains(keys(aws_lambda_function.step), "audit_logs") && length([for name in keys(aws_cloudwatch_metric_alarm.runbook) : name if startswith(name, "audit")]) == 0
    )
    error_message = "Whoever wants no audit pays for none."
  }
}

run "needs_the_ledger" {
  command = plan

  variables {
    keep_ledger  = false
    audit_hourly = true
  }

  expect_failures = [var.audit_hourly]
}

run "is_started_once_an_hour" {
  variables {
    audit_hourly            = true
    evidence_retention_days = 2557
    ledger_retention_days   = 30
  }

  # State machine
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.audit[0].definition).States["Plan Audit"].TimeoutSeconds > aws_lambda_function.step["audit_logs"].timeout &&
      aws_sfn_state_machine.audit[0].name == "trailsearch-test-audit" && endswith(local.audit_state_machine_arn, ":${aws_sfn_state_machine.audit[0].name}")
    )
    error_message = "The state must give up later than its function; the policies must name the state machine as it is named."
  }

  assert {
    condition     = aws_sfn_state_machine.audit[0].timeouts.create == "20m" && aws_sfn_state_machine.audit[0].timeouts.delete == "20m"
    error_message = "A state machine is gone when its executions have left their states."
  }

  assert {
    condition     = one(aws_sfn_state_machine.audit[0].logging_configuration).level == "ALL" && aws_cloudwatch_log_group.audit[0].retention_in_days == var.log_group_retention_days && aws_cloudwatch_log_group.audit[0].kms_key_id == aws_kms_key.pipeline.arn
    error_message = "What was found must be logged, encrypted, and not for ever."
  }

  assert {
    condition = {
      for key in ["audit", "audit_schedule"] : key => [one(one(data.aws_iam_policy_document.service_trust[key].statement[0].principals).identifiers), { for condition in data.aws_iam_policy_document.service_trust[key].statement[0].condition : condition.variable => one(condition.values) }]
      } == {
      audit          = ["states.amazonaws.com", { "aws:SourceArn" = local.audit_state_machine_arn, "aws:SourceAccount" = "111122223333" }]
      audit_schedule = ["scheduler.amazonaws.com", { "aws:SourceArn" = local.audit_schedule_group_arn, "aws:SourceAccount" = "111122223333" }]
    }
    error_message = "A service may take on a role for one resource of this account only."
  }

  # Function
  assert {
    condition = { for name, value in one(aws_lambda_function.step["audit_logs"].environment).variables : name => value if !startswith(name, "POWERTOOLS_") && name != "ENVIRONMENT" } == {
      LOG_BUCKETS           = "trailsearch-test-logs-111122223333-us-east-1"
      STAGING_BUCKET        = aws_s3_bucket.staging.bucket
      INGEST_QUEUE_URL      = aws_sqs_queue.ingest.url
      LEDGER_RETENTION_DAYS = "30"
    }
    error_message = "The function must know where digests, ledger and ingest queue are, and how far the ledger goes back."
  }

  assert {
    condition     = { for key, step in aws_lambda_function.step : key => step.filename if step.filename != var.package_path } == { audit_logs = var.audit_package_path }
    error_message = "It alone has the package with what checks signatures: the others would start later for it."
  }

  assert {
    condition     = one(aws_lambda_function.step["fetch_logs"].environment).variables["LEDGER_RETENTION_DAYS"] == "30"
    error_message = "make audit asks fetch_logs how far the ledger goes back."
  }

  # Schedule
  assert {
    condition = (
      aws_scheduler_schedule.audit[0].schedule_expression == "rate(1 hour)" &&
      one(aws_scheduler_schedule.audit[0].target).arn == aws_sfn_state_machine.audit[0].arn &&
      one(aws_scheduler_schedule.audit[0].target).role_arn == aws_iam_role.audit_schedule[0].arn &&
      endswith(local.audit_schedule_group_arn, "/${aws_scheduler_schedule_group.audit[0].name}") &&
      aws_scheduler_schedule.audit[0].group_name == aws_scheduler_schedule_group.audit[0].name
    )
    error_message = "The state machine must be started once an hour, by a group of its own."
  }

  # What is kept
  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.staging.rule : one(rule.filter).prefix => one(rule.expiration).days
      if contains(["expire-ledger", "expire-audits", "expire-evidence"], rule.id)
    } == { "ledger/" = 30, "audits/" = 1, "evidence/" = 2557 }
    error_message = "The ledger, and the evidence, have to be kept for as long as is asked for."
  }

  # Alarms
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), aws_cloudwatch_metric_alarm.audit_silent) : can(regex("(?s)^.{40,}\n1\\. .+\n2\\. ", alarm.alarm_description)) && length(alarm.alarm_description) <= 1024 && alarm.alarm_actions == toset(var.alarm_topic_arns) && alarm.ok_actions == toset(var.alarm_topic_arns)])
    error_message = "Every alarm's description must say what it means, and what to do, in 1,024 characters at most (a limit of CloudWatch), and reach the topics."
  }

  assert {
    condition = {
      for name, alarm in merge(aws_cloudwatch_metric_alarm.runbook, { audit-silent = aws_cloudwatch_metric_alarm.audit_silent[0] }) : name => toset([
        for query in alarm.metric_query : join(" ", concat([query.metric[0].namespace, join(" ", values(query.metric[0].dimensions)), query.metric[0].metric_name, query.metric[0].stat])) if length(query.metric) == 1
      ]) if startswith(name, "audit")
      } == {
      audit-altered    = toset([for what in ["LogsAltered", "DigestsAltered"] : "Trailsearch test audit_logs ${what} Maximum"])
      audit-gap        = toset(["Trailsearch test audit_logs DigestGaps Maximum"])
      audit-not-healed = toset(["Trailsearch test audit_logs LogsNotHealed Maximum"])
      audit-failed     = toset([for what in concat([for how in ["Failed", "TimedOut", "Aborted"] : "AWS/States ${aws_sfn_state_machine.audit[0].arn} Executions${how}"], ["AWS/Scheduler trailsearch-test-audit InvocationDroppedCount"]) : "${what} Sum"])
      audit-silent     = toset(["Trailsearch test audit_logs DigestsValid Maximum"])
    }
    error_message = "These are the alarms of the audit, and what they watch."
  }

  assert {
    condition     = [aws_cloudwatch_metric_alarm.audit_silent[0].treat_missing_data, aws_cloudwatch_metric_alarm.audit_silent[0].evaluation_periods, one(aws_cloudwatch_metric_alarm.audit_silent[0].metric_query).metric[0].period] == ["breaching", 6, 3600]
    error_message = "An audit that does not run must ring."
  }

  # Dashboard
  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.audit[0].dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) : join(" ", slice(metric, 0, length(metric) - 1)) if length(metric) > 1
      ]
      ])) == toset([
      for key, metric in local.metrics : join(" ", concat([metric.namespace, metric.name], flatten([for name, value in metric.dimensions : [name, value]])))
      if startswith(key, "audit_") || try(metric.dimensions.service, "") == "audit_logs"
    ])
    error_message = "A dashboard of its own shows every metric of the audit."
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.pipeline.dashboard_body, "audit_logs") && length(jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.runbook) + length(aws_cloudwatch_metric_alarm.no_logs) + 1
    error_message = "The dashboard of the pipeline has all alarms, and room for no more metrics."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.audit[0].dashboard_body).widgets[0].properties.alarms) == 5
    error_message = "It begins with the audit's own alarms."
  }

  assert {
    condition     = endswith(output.audit_url, "/statemachines/view/${local.audit_state_machine_arn}") && output.audit_state_machine_arn == aws_sfn_state_machine.audit[0].arn && endswith(output.audit_dashboard_url, "#dashboards/dashboard/trailsearch-test-audit")
    error_message = "Outputs must lead to the executions and to the dashboard."
  }
}

run "evidence_is_kept_for_ever_unless_said_otherwise" {
  command = plan

  variables {
    audit_hourly = true
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.staging.rule : rule.status if rule.id == "expire-evidence"] == ["Disabled"]
    error_message = "Evidence is for auditors: it goes when somebody says so."
  }
}
