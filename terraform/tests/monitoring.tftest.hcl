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
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.runbook : can(regex("(?s)^.{40,}\n1\\. .+\n2\\. ", alarm.alarm_description)) && length(alarm.alarm_description) <= 1024])
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
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.runbook : alarm.treat_missing_data == "notBreaching"])
    error_message = "An idle pipeline measures nothing, which is no cause for alarm."
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
    condition     = length(aws_cloudwatch_metric_alarm.no_logs) == 1 && aws_cloudwatch_metric_alarm.no_logs[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.no_logs[0].namespace == "AWS/SNS"
    error_message = "A new trail that falls silent must ring an alarm."
  }

  assert {
    condition     = toset([for key in keys(local.functions) : replace(key, "_", "-")]) == toset([for name in keys(aws_cloudwatch_metric_alarm.runbook) : trimsuffix(name, "-throttles") if endswith(name, "-throttles")])
    error_message = "Every function has its alarms."
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
    condition     = aws_cloudwatch_dashboard.pipeline.dashboard_name == "trailsearch-test"
    error_message = "The dashboard has the name of everything else."
  }

  assert {
    condition     = length(local.dashboard_graphs) == 16 && alltrue([for graph in local.dashboard_graphs : alltrue([for metric in graph.metrics : contains(keys(local.metrics), metric[1])])])
    error_message = "Every graph shows metrics of metrics.tf."
  }
}

run "saved_queries" {
  assert {
    condition     = alltrue([for query in aws_cloudwatch_query_definition.saved : startswith(query.name, "trailsearch-test/") && length(query.log_group_names) > 0])
    error_message = "Saved queries are found under the environment's name, and know which log groups they are about."
  }
}
