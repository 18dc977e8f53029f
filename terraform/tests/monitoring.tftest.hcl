# Alarms, dashboard and saved queries.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
  alarm_topic_arns    = ["arn:aws:sns:us-east-1:111122223333:on-call"]
}

run "alarms_are_runbooks" {
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), aws_cloudwatch_metric_alarm.no_logs) : can(regex("(?s)^.{40,}\n1\\. .+\n2\\. ", alarm.alarm_description)) && length(alarm.alarm_description) <= 1024])
    error_message = "Every alarm's description must say what it means, and what to do step by step, in 1,024 characters at most (a limit of CloudWatch)."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), aws_cloudwatch_metric_alarm.no_logs) : alarm.alarm_actions == toset(var.alarm_topic_arns) && alarm.ok_actions == toset(var.alarm_topic_arns)])
    error_message = "Every alarm must reach the topics, also when it is over."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.runbook : length([for query in alarm.metric_query : query if query.return_data]) == 1])
    error_message = "An alarm watches one value."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.runbook : alarm.treat_missing_data == (name == "dead-letters" ? "ignore" : "notBreaching")])
    error_message = "An idle pipeline measures nothing, which is no cause for alarm. Dead letters wait also where SQS has stopped to count them."
  }

  # Identifiers of metrics begin with a small letter, functions are in capitals.
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.runbook :
      toset(flatten([for query in alarm.metric_query : regexall("\\b[a-z]\\w*", query.expression) if query.expression != null])) == toset([for query in alarm.metric_query : query.id if query.expression == null && !query.return_data])
    ])
    error_message = "An expression must use all metrics of its alarm, and no others."
  }

  assert {
    condition     = alltrue(flatten([for alarm in aws_cloudwatch_metric_alarm.runbook : [for query in alarm.metric_query : !strcontains(replace(query.expression, "/FILL\\([^)]*\\)/", ""), "+") || length(regexall("FILL", query.expression)) == length(regexall("[+]", query.expression)) + 1 if query.expression != null]]))
    error_message = "A sum with a missing term is missing as a whole: fill every term."
  }
}

run "what_rings" {
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.runbook["dead-letters"].metric_query : query.metric[0].dimensions.QueueName]) == aws_sqs_queue.dead_letter.name
    error_message = "A dead letter must ring an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.runbook["dead-letters"].threshold == 0 && aws_cloudwatch_metric_alarm.runbook["dead-letters"].evaluation_periods == 1
    error_message = "The first dead letter must ring, at once."
  }

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.runbook["undelivered-failed-executions"].metric_query : [query.metric[0].metric_name, query.metric[0].dimensions.RuleName]]) == ["FailedInvocations", aws_cloudwatch_event_rule.failed_executions.name]
    error_message = "An event that EventBridge drops must ring an alarm."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.no_logs) == 1 && aws_cloudwatch_metric_alarm.no_logs[0].period * aws_cloudwatch_metric_alarm.no_logs[0].evaluation_periods == 3600 * var.alarm_no_logs_hours && aws_cloudwatch_metric_alarm.no_logs[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.no_logs[0].namespace == "AWS/SNS"
    error_message = "A new trail that falls silent must ring an alarm."
  }

  assert {
    condition     = length(setsubtract(flatten([for key in keys(local.functions) : [for kind in ["errors", "throttles"] : "${replace(key, "_", "-")}-${kind}"]]), keys(aws_cloudwatch_metric_alarm.runbook))) == 0
    error_message = "Every function has its alarms."
  }

  assert {
    condition = {
      for name in ["oldest-message", "lag"] : name => aws_cloudwatch_metric_alarm.runbook[name].threshold
    } == { oldest-message = var.alarm_oldest_message_seconds, lag = var.alarm_lag_seconds }
    error_message = "Thresholds are those of the variables."
  }

  # Every path that an execution's failure can take is watched.
  assert {
    condition     = toset([for query in aws_cloudwatch_metric_alarm.runbook["executions-failed"].metric_query : query.metric[0].metric_name if query.expression == null]) == toset(["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"])
    error_message = "However an execution ends badly, it must ring."
  }

  assert {
    condition     = alltrue([for group in concat(values(aws_cloudwatch_log_group.step), [aws_cloudwatch_log_group.workflow, aws_cloudwatch_log_group.pipe]) : group.retention_in_days == var.log_group_retention_days])
    error_message = "No log group may keep its logs for ever."
  }
}

run "an_account_in_which_nothing_happens" {
  variables {
    alarm_no_logs_hours = null
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.no_logs) == 0
    error_message = "alarm_no_logs_hours = null means no such alarm."
  }
}

run "logs_of_others" {
  variables {
    create_trail     = false
    log_bucket_names = ["central-logs"]
    log_topic_arns   = ["arn:aws:sns:us-east-1:444455556666:logs"]
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_logs[0].namespace == "AWS/SQS" && aws_cloudwatch_metric_alarm.no_logs[0].dimensions == tomap({ QueueName = aws_sqs_queue.ingest.name })
    error_message = "Without a topic of our own, it is the queue that shows whether logs are announced."
  }
}

run "dashboard" {
  assert {
    condition     = aws_cloudwatch_dashboard.pipeline.dashboard_name == "trailsearch-test" && endswith(output.dashboard_url, "#dashboards/dashboard/trailsearch-test")
    error_message = "The dashboard has the name of everything else, and an output leads to it."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets[0].type == "alarm" && length(jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.runbook) + 1
    error_message = "The dashboard begins with the state of every alarm."
  }

  # A metric is [namespace, name, dimensions …, options], an expression [options].
  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) : join(" ", slice(metric, 0, length(metric) - 1)) if length(metric) > 1
      ]
      ])) == toset([
      for key, metric in local.metrics : join(" ", concat([metric.namespace, metric.name], flatten([for name, value in metric.dimensions : [name, value]])))
      if !contains(["notifications", "undelivered_failures"], key) && !endswith(key, "_invocations") || key == "pipe_invocations"
    ])
    error_message = "The dashboard shows every metric of metrics.tf but those that only alarms are about."
  }

  assert {
    condition = sum([
      for widget in jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets : length([for metric in try(widget.properties.metrics, []) : metric if length(metric) > 1])
    ]) <= 50
    error_message = "CloudWatch charges for a dashboard of more than 50 metrics."
  }

  # As long as no two widgets begin at the same place, each stays where it is meant to be.
  assert {
    condition = (
      length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets : "${widget.x} ${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets) &&
      alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets : widget.x + widget.width <= 24])
    )
    error_message = "Widgets must not lie on each other, nor reach beyond the 24 columns."
  }
}

run "saved_queries" {
  assert {
    condition     = alltrue([for query in aws_cloudwatch_query_definition.saved : startswith(query.name, "trailsearch-test/") && length(query.log_group_names) > 0])
    error_message = "Saved queries are found under the environment's name, and know which log groups they are about."
  }
}
