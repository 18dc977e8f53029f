# The retention of the search domain, on both backends.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_iam_role.step["delete_expired"]
  values = { arn = "arn:aws:iam::111122223333:role/trailsearch-test-delete-expired" }
}

override_resource {
  target = aws_iam_role.retention_schedule[0]
  values = { arn = "arn:aws:iam::111122223333:role/trailsearch-test-retention-schedule" }
}

variables {
  deletion_protection   = false # What a test makes, it destroys.
  environment           = "test"
  region                = "us-east-1"
  search_backend        = "cloudsearch"
  search_retention_days = 30
  package_path          = "../statemachine/index_logs.asl.json" # Any file does.
}

run "of_cloudsearch" {
  assert {
    condition = { for name, value in one(aws_lambda_function.step["delete_expired"].environment).variables : name => value if startswith(name, "SEARCH_") } == {
      SEARCH_BACKEND        = "cloudsearch"
      SEARCH_ENDPOINT       = "doc-mock.us-east-1.cloudsearch.amazonaws.com"
      SEARCH_QUERY_ENDPOINT = "search-mock.us-east-1.cloudsearch.amazonaws.com"
      SEARCH_RETENTION_DAYS = "30"
    }
    error_message = "The function must know where CloudSearch takes documents and searches, and how long events are kept."
  }

  assert {
    condition = one([
      for statement in data.aws_iam_policy_document.cloudsearch_domain[0].statement : one(statement.principals).identifiers
      if contains(statement.actions, "cloudsearch:search")
    ]) == toset([aws_iam_role.step["delete_expired"].arn])
    error_message = "Nobody but the function may search, unless search_principal_arns says so."
  }
}

run "of_opensearch" {
  variables {
    search_backend = "opensearch"
  }

  assert {
    condition = { for name, value in one(aws_lambda_function.step["delete_expired"].environment).variables : name => value if startswith(name, "SEARCH_") } == {
      SEARCH_BACKEND        = "opensearch"
      SEARCH_ENDPOINT       = aws_opensearch_domain.events[0].endpoint
      SEARCH_QUERY_ENDPOINT = aws_opensearch_domain.events[0].endpoint
      SEARCH_RETENTION_DAYS = "30"
    }
    error_message = "The function must know where OpenSearch is, and how long events are kept."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.opensearch_domain[0].statement : one(statement.actions) => one(statement.resources)
      if one(statement.principals).identifiers == toset([aws_iam_role.step["delete_expired"].arn])
      } == {
      "es:ESHttpGet"    = "arn:aws:es:us-east-1:111122223333:domain/trailsearch-test/_cat/indices/trailsearch-test-events-*"
      "es:ESHttpDelete" = "arn:aws:es:us-east-1:111122223333:domain/trailsearch-test/trailsearch-test-events-????.??"
    }
    error_message = "The function may list the indices, and drop months by their names: not undated events, and not several at once."
  }
}

run "state_machine_and_schedule" {
  # State machine
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.retention[0].definition).States["Delete Expired"].TimeoutSeconds > aws_lambda_function.step["delete_expired"].timeout &&
      aws_sfn_state_machine.retention[0].name == "trailsearch-test-retention" && endswith(local.retention_state_machine_arn, ":${aws_sfn_state_machine.retention[0].name}")
    )
    error_message = "The state must give up later than its function; the policies must name the state machine as it is named."
  }

  assert {
    condition     = aws_sfn_state_machine.retention[0].timeouts.create == "20m" && aws_sfn_state_machine.retention[0].timeouts.delete == "20m"
    error_message = "A state machine is gone when its executions have left their states."
  }

  assert {
    condition = {
      for key, document in data.aws_iam_policy_document.service_trust : key => [one(one(document.statement[0].principals).identifiers), { for condition in document.statement[0].condition : condition.variable => one(condition.values) }]
      } == {
      pipe               = ["pipes.amazonaws.com", { "aws:SourceArn" = local.pipe_arn, "aws:SourceAccount" = "111122223333" }]
      workflow           = ["states.amazonaws.com", { "aws:SourceArn" = local.state_machine_arn, "aws:SourceAccount" = "111122223333" }]
      backfill           = ["states.amazonaws.com", { "aws:SourceArn" = local.backfill_state_machine_arn, "aws:SourceAccount" = "111122223333" }]
      retention          = ["states.amazonaws.com", { "aws:SourceArn" = local.retention_state_machine_arn, "aws:SourceAccount" = "111122223333" }]
      retention_schedule = ["scheduler.amazonaws.com", { "aws:SourceArn" = local.schedule_group_arn, "aws:SourceAccount" = "111122223333" }]
    }
    error_message = "A service may take on a role for one resource of this account only."
  }

  assert {
    condition     = one(aws_sfn_state_machine.retention[0].logging_configuration).level == "ALL" && aws_cloudwatch_log_group.retention[0].retention_in_days == var.log_group_retention_days && aws_cloudwatch_log_group.retention[0].kms_key_id == aws_kms_key.pipeline.arn
    error_message = "What was deleted must be logged, encrypted, and not for ever."
  }

  assert {
    condition     = data.aws_iam_policy_document.retention[0].statement[0].resources == toset([local.function_arns.delete_expired]) && !contains(data.aws_iam_policy_document.workflow.statement[0].resources, local.function_arns.delete_expired)
    error_message = "Each state machine may run its own functions, and no others."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.every_step["delete_expired"].statement : statement.sid] == ["WriteLog", "Trace", "DeleteExpiredSearchesAndDeletes"]
    error_message = "The function stages nothing, and needs no key. What it asks of the search domain, its own policy allows too."
  }

  assert {
    condition     = endswith(output.retention_url, "/statemachines/view/${local.retention_state_machine_arn}") && output.retention_state_machine_arn == aws_sfn_state_machine.retention[0].arn
    error_message = "An output must lead to the executions."
  }

  # Schedule
  assert {
    condition = (
      aws_scheduler_schedule.retention[0].schedule_expression == "rate(1 day)" &&
      one(aws_scheduler_schedule.retention[0].target).arn == aws_sfn_state_machine.retention[0].arn &&
      one(aws_scheduler_schedule.retention[0].target).role_arn == aws_iam_role.retention_schedule[0].arn
    )
    error_message = "The state machine must be started once a day."
  }

  assert {
    condition     = 86400 - jsondecode(aws_sfn_state_machine.retention[0].definition).TimeoutSeconds >= one(one(aws_scheduler_schedule.retention[0].target).retry_policy).maximum_event_age_in_seconds
    error_message = "An execution must be over when the next is started, though it was itself started as late as can be."
  }

  assert {
    condition     = endswith(local.schedule_group_arn, "/${aws_scheduler_schedule_group.retention[0].name}")
    error_message = "The role must trust the schedules of this group."
  }
}

run "without" {
  variables {
    search_retention_days = null
  }

  assert {
    condition = (
      length(aws_sfn_state_machine.retention) + length(aws_cloudwatch_log_group.retention) + length(aws_scheduler_schedule.retention) + length(aws_scheduler_schedule_group.retention) + length(aws_iam_role.retention) + length(aws_iam_role.retention_schedule) == 0 &&
      !contains(keys(aws_lambda_function.step), "delete_expired") && !contains(keys(aws_iam_role.step), "delete_expired") && !contains(keys(aws_cloudwatch_log_group.step), "delete_expired")
    )
    error_message = "Where everything is kept, there must be nothing that could delete."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.cloudsearch_domain[0].statement : statement.sid] == ["IndexBatchUploads"]
    error_message = "Where everything is kept, nobody but index_batch may use the search domain."
  }

  assert {
    condition     = output.retention_url == null && output.retention_state_machine_arn == null && !contains(keys(aws_cloudwatch_metric_alarm.runbook), "retention-failed")
    error_message = "Where everything is kept, nothing can fail to delete."
  }
}

run "not_for_no_time" {
  command = plan

  variables {
    search_retention_days = 0
  }

  expect_failures = [var.search_retention_days]
}

run "not_for_half_a_day" {
  command = plan

  variables {
    search_retention_days = 1.5
  }

  expect_failures = [var.search_retention_days]
}

run "not_for_longer_than_there_are_logs" {
  command = plan

  variables {
    search_retention_days = 7301
  }

  expect_failures = [var.search_retention_days]
}
