# Alarms, dashboard and saved queries, those of CloudSearch among them; of OpenSearch's, opensearch.tftest.hcl has what differs.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deletion_protection   = false # What a test makes, it destroys.
  environment           = "test"
  region                = "us-east-1"
  search_backend        = "cloudsearch"
  search_retention_days = 30
  package_path          = "../statemachine/index_logs.asl.json" # Any file does.
  alarm_topic_arns      = ["arn:aws:sns:us-east-1:111122223333:on-call"]
}

run "alarms" {
  # Alarms are runbooks
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), values(aws_cloudwatch_metric_alarm.no_logs)) : can(regex("(?s)^.{40,}\n1\\. .+\n2\\. ", alarm.alarm_description)) && length(alarm.alarm_description) <= 1024])
    error_message = "Every alarm's description must say what it means, and what to do step by step, in 1,024 characters at most (a limit of CloudWatch)."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), values(aws_cloudwatch_metric_alarm.no_logs)) : alarm.alarm_actions == toset(var.alarm_topic_arns) && alarm.ok_actions == toset(var.alarm_topic_arns)])
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
    condition     = alltrue(flatten([for name, alarm in aws_cloudwatch_metric_alarm.runbook : name == "dead-letters" ? [true] : [for query in alarm.metric_query : !strcontains(replace(query.expression, "/FILL\\([^)]*\\)/", ""), "+") || length(regexall("FILL", query.expression)) == length(regexall("[+]", query.expression)) + 1 if query.expression != null]]))
    error_message = "A sum with a missing term is missing as a whole: fill every term."
  }

  # What rings
  assert {
    condition     = distinct([for query in aws_cloudwatch_metric_alarm.runbook["dead-letters"].metric_query : query.metric[0].dimensions.QueueName if length(query.metric) == 1]) == tolist([aws_sqs_queue.dead_letter.name])
    error_message = "A dead letter must ring an alarm."
  }

  # FILL of the first would be 0 where SQS has stopped to measure, and end the alarm though letters wait.
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.runbook["dead-letters"].metric_query : query.expression if query.return_data]) == "dead_letters + FILL(dead_letters_in_flight, 0)"
    error_message = "Whoever looks at dead letters hides them: the alarm must neither end by that nor ring a second time."
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
    condition     = [for name, alarm in aws_cloudwatch_metric_alarm.no_logs : [name, one(alarm.metric_query).metric[0].period * alarm.evaluation_periods, alarm.treat_missing_data, alarm.comparison_operator, alarm.threshold]] == [["no-logs", 3600 * var.alarm_no_logs_hours, "breaching", "LessThanThreshold", 1]]
    error_message = "A new trail that falls silent must ring an alarm."
  }

  assert {
    condition = {
      for name in ["oldest-message", "lag"] : name => aws_cloudwatch_metric_alarm.runbook[name].threshold
    } == { oldest-message = var.alarm_oldest_message_seconds, lag = var.alarm_lag_seconds }
    error_message = "Thresholds are those of the variables."
  }

  # All alarms, and what each watches: namespace, the resource, the metrics with their statistics.
  assert {
    condition = {
      for name, alarm in merge(aws_cloudwatch_metric_alarm.runbook, aws_cloudwatch_metric_alarm.no_logs) : name => toset([
        for query in alarm.metric_query : join(" ", concat([query.metric[0].namespace, join(" ", values(query.metric[0].dimensions)), query.metric[0].metric_name, query.metric[0].stat])) if length(query.metric) == 1
      ])
      } == {
      dead-letters                  = toset([for how in ["Visible", "NotVisible"] : "AWS/SQS trailsearch-test-dead-letter ApproximateNumberOfMessages${how} Maximum"])
      undelivered-failed-executions = toset(["AWS/Events trailsearch-test-failed-executions FailedInvocations Sum"])
      undelivered-notifications     = toset(["AWS/SNS trailsearch-test-logs NumberOfNotificationsFailedToRedriveToDlq Sum"])
      executions-failed             = toset([for how in ["Failed", "TimedOut", "Aborted"] : "AWS/States ${aws_sfn_state_machine.index_logs.arn} Executions${how} Sum"])
      backfill-failed               = toset([for how in ["Failed", "TimedOut"] : "AWS/States ${aws_sfn_state_machine.backfill.arn} Executions${how} Sum"])
      oldest-message                = toset(["AWS/SQS trailsearch-test-ingest ApproximateAgeOfOldestMessage Maximum"])
      pipe-stopped                  = toset(["AWS/SQS trailsearch-test-ingest NumberOfMessagesReceived Sum", "AWS/SQS trailsearch-test-ingest ApproximateNumberOfMessagesVisible Maximum"])
      pipe-failing                  = toset([for what in ["trailsearch-test-ingest ExecutionFailed", "trailsearch-test-ingest ExecutionTimeout", "trailsearch-test-ingest ExecutionThrottled", "111122223333 trailsearch-test-ingest ExecutionThrottled"] : "AWS/EventBridge/Pipes ${what} Sum"])
      lag                           = toset(["Trailsearch test index_batch IndexingLagFromDelivery p99"])
      domain-throttling             = toset(["Trailsearch test index_batch SearchThrottled Sum"])
      domain-errors                 = toset([for why in ["SearchUnavailable", "SearchAccessDenied"] : "Trailsearch test index_batch ${why} Sum"])
      domain-nearly-full            = toset(["AWS/CloudSearch 111122223333 trailsearch-test IndexUtilization Maximum"])
      retention-failed              = toset([for what in concat([for how in ["Failed", "TimedOut", "Aborted"] : "AWS/States ${aws_sfn_state_machine.retention[0].arn} Executions${how}"], ["AWS/Scheduler trailsearch-test InvocationDroppedCount"]) : "${what} Sum"])
      fetch-logs-errors             = toset([for what in ["Errors", "Invocations"] : "AWS/Lambda trailsearch-test-fetch-logs ${what} Sum"])
      split-records-errors          = toset([for what in ["Errors", "Invocations"] : "AWS/Lambda trailsearch-test-split-records ${what} Sum"])
      index-batch-errors            = toset([for what in ["Errors", "Invocations"] : "AWS/Lambda trailsearch-test-index-batch ${what} Sum"])
      fetch-logs-throttles          = toset(["AWS/Lambda trailsearch-test-fetch-logs Throttles Sum"])
      split-records-throttles       = toset(["AWS/Lambda trailsearch-test-split-records Throttles Sum"])
      index-batch-throttles         = toset(["AWS/Lambda trailsearch-test-index-batch Throttles Sum"])
      no-logs                       = toset(["Trailsearch trailsearch-test-logs-111122223333-us-east-1 test fetch_logs LogsFetched Sum"])
    }
    error_message = "These are the alarms (terraform/README.md, \"Watch it\"), and what they watch."
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
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.no_logs : name => one(alarm.metric_query).metric[0].dimensions } == { no-logs-in-central-logs = tomap({ bucket = "central-logs", environment = "test", service = "fetch_logs" }) }
    error_message = "Logs of others are watched as those of a new trail."
  }

  assert {
    condition = sort([
      for query in aws_cloudwatch_metric_alarm.runbook["only-ignored-in-central-logs"].metric_query : "${query.metric[0].metric_name} ${query.metric[0].dimensions.bucket} ${query.metric[0].period}" if length(query.metric) == 1
    ]) == tolist(["LogsFetched central-logs 86400", "ObjectsIgnored central-logs 86400"])
    error_message = "A bucket of which objects are ignored, and no log is fetched in a day, must ring: its logs have other keys than CloudTrail's."
  }

  assert {
    condition     = [for name in keys(aws_cloudwatch_metric_alarm.runbook) : name if startswith(name, "undelivered-notifications")] == []
    error_message = "SNS measures topics in the account that they are of."
  }
}

run "logs_of_everybody" {
  variables {
    log_bucket_names = ["own-logs", "central-logs", "noticed-logs"]
    log_topic_arns = [
      "arn:aws:sns:us-east-1:111122223333:own",
      "arn:aws:sns:eu-west-1:111122223333:own",
      "arn:aws:sns:us-east-1:444455556666:central",
    ]
    log_bucket_notifications = [{ bucket = "noticed-logs" }]
  }

  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.no_logs : name => "${one(alarm.metric_query).metric[0].metric_name} ${one(alarm.metric_query).metric[0].dimensions.bucket}"
      } == {
      no-logs                 = "LogsFetched trailsearch-test-logs-111122223333-us-east-1"
      no-logs-in-own-logs     = "LogsFetched own-logs"
      no-logs-in-central-logs = "LogsFetched central-logs"
      no-logs-in-noticed-logs = "LogsFetched noticed-logs"
    }
    error_message = "Each bucket that falls silent must ring, however many logs the others have: an alarm of its own, of one metric, which counts logs and not messages."
  }

  assert {
    condition     = [for name in keys(aws_cloudwatch_metric_alarm.runbook) : name if startswith(name, "undelivered-notifications")] == ["undelivered-notifications", "undelivered-notifications-on-own"]
    error_message = "What SNS could not deliver from a topic of this account and Region must ring."
  }

  assert {
    condition     = [for name in keys(aws_cloudwatch_metric_alarm.runbook) : name if startswith(name, "only-ignored")] == ["only-ignored-in-central-logs", "only-ignored-in-noticed-logs", "only-ignored-in-own-logs"]
    error_message = "Of each existing bucket, and not of the new trail's, it must ring that nothing but other objects is announced."
  }
}

run "alarms_of_the_longest_name" {
  command = plan

  variables {
    environment              = "sixteen--letters"
    region                   = "eu-central-1"
    log_bucket_names         = [join("", [for _ in range(63) : "b"])]
    log_bucket_notifications = [{ bucket = join("", [for _ in range(63) : "b"]) }]
    alarm_topic_arns         = ["arn:aws:sns:eu-central-1:111122223333:on-call"]
    # Topics may have 256 characters, and only the last may be another.
    log_topic_arns = [for last in ["a", "b"] : "arn:aws:sns:eu-central-1:111122223333:${join("", [for _ in range(255) : "t"])}${last}"]
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), values(aws_cloudwatch_metric_alarm.no_logs)) : length(alarm.alarm_description) <= 1024])
    error_message = "Alarms' descriptions must fit into 1,024 characters (a limit of CloudWatch) whatever environment, buckets and topics are named."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), values(aws_cloudwatch_metric_alarm.no_logs)) : length(alarm.alarm_name) <= 255])
    error_message = "Alarms' names must fit into 255 characters (a limit of CloudWatch) whatever environment, buckets and topics are named."
  }

  assert {
    condition     = length([for name, alarm in aws_cloudwatch_metric_alarm.runbook : name if startswith(name, "undelivered-notifications-on-")]) == 2
    error_message = "Each topic must have an alarm of its own, however alike the names are."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), values(aws_cloudwatch_metric_alarm.no_logs)) : length([for query in alarm.metric_query : query if length(query.metric) == 1]) <= 10])
    error_message = "An alarm reads ten metrics at most."
  }
}

run "dashboard_and_saved_queries" {
  # Dashboard
  assert {
    condition     = aws_cloudwatch_dashboard.pipeline.dashboard_name == "trailsearch-test" && endswith(output.dashboard_url, "#dashboards/dashboard/trailsearch-test")
    error_message = "The dashboard has the name of everything else, and an output leads to it."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets[0].type == "alarm" && length(jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets[0].properties.alarms) == length(aws_cloudwatch_metric_alarm.runbook) + length(aws_cloudwatch_metric_alarm.no_logs)
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
      if !contains(["undelivered_failures", "pipe_throttled_of_account", "messages_received"], key) && !startswith(key, "topic_") && !startswith(key, "retention_") && !endswith(key, "_invocations")
    ])
    error_message = "The dashboard shows every metric of metrics.tf but those that only alarms are about."
  }

  assert {
    condition = length(distinct(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.pipeline.dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) : join(" ", slice(metric, 0, length(metric) - 1)) if length(metric) > 1
      ]
    ]))) <= 50
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

  # Saved queries
  assert {
    condition     = alltrue([for query in aws_cloudwatch_query_definition.saved : startswith(query.name, "trailsearch-test/") && length(query.log_group_names) > 0])
    error_message = "Saved queries are found under the environment's name, and know which log groups they are about."
  }
}
