# A new trail: how its logs get from the trail to the search domain.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_sqs_queue.ingest
  values = { arn = "arn:aws:sqs:us-east-1:111122223333:trailsearch-test-ingest" }
}

override_resource {
  target = aws_sqs_queue.dead_letter
  values = {
    arn = "arn:aws:sqs:us-east-1:111122223333:trailsearch-test-dead-letter"
    url = "https://sqs.us-east-1.amazonaws.com/111122223333/trailsearch-test-dead-letter"
  }
}

override_resource {
  target = aws_sns_topic.logs
  values = { arn = "arn:aws:sns:us-east-1:111122223333:trailsearch-test-logs" }
}

override_resource {
  target = aws_iam_role.step["index_batch"]
  values = { arn = "arn:aws:iam::111122223333:role/trailsearch-test-index-batch" }
}

override_resource {
  target = aws_s3_bucket.staging
  values = { arn = "arn:aws:s3:::staging" }
}

override_resource {
  target = aws_s3_bucket.logs
  values = { arn = "arn:aws:s3:::logs" }
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "trail_queues_and_staging" {
  # Names
  assert {
    condition = [
      aws_cloudtrail.audit[0].name,
      aws_s3_bucket.logs[0].bucket,
      aws_s3_bucket.staging.bucket,
      aws_sns_topic.logs[0].name,
      aws_sqs_queue.ingest.name,
      aws_sqs_queue.dead_letter.name,
      aws_pipes_pipe.ingest.name,
      aws_sfn_state_machine.index_logs.name,
      output.search_domain_name,
      ] == [
      "trailsearch-test",
      "trailsearch-test-logs-111122223333-us-east-1",
      "trailsearch-test-staging-111122223333-us-east-1",
      "trailsearch-test-logs",
      "trailsearch-test-ingest",
      "trailsearch-test-dead-letter",
      "trailsearch-test-ingest",
      "trailsearch-test-index-logs",
      "trailsearch-test",
    ]
    error_message = "The commands of an operator find resources by these names."
  }

  assert {
    condition     = { for key, function in aws_lambda_function.step : key => "${function.function_name} ${function.handler}" } == { admit_messages = "trailsearch-test-admit-messages admit_messages.handler", fetch_logs = "trailsearch-test-fetch-logs fetch_logs.handler", index_batch = "trailsearch-test-index-batch index_batch.handler", plan_backfill = "trailsearch-test-plan-backfill plan_backfill.handler", split_records = "trailsearch-test-split-records split_records.handler" }
    error_message = "A function and its handler must be named after its key."
  }

  assert {
    condition     = alltrue([for key, group in aws_cloudwatch_log_group.step : group.name == "/aws/lambda/${aws_lambda_function.step[key].function_name}"])
    error_message = "A function's log group must be the one that Lambda writes to."
  }

  # Policies name these ARNs before the resources exist.
  assert {
    condition = (
      endswith(local.trail_arn, "trail/${aws_cloudtrail.audit[0].name}") &&
      endswith(local.topic_arn, ":${aws_sns_topic.logs[0].name}") &&
      endswith(local.ingest_queue_arn, ":${aws_sqs_queue.ingest.name}") &&
      endswith(local.dead_letter_arn, ":${aws_sqs_queue.dead_letter.name}") &&
      endswith(local.pipe_arn, "pipe/${aws_pipes_pipe.ingest.name}") &&
      endswith(local.state_machine_arn, ":${aws_sfn_state_machine.index_logs.name}") &&
      endswith(local.executions_arn, ":execution:${aws_sfn_state_machine.index_logs.name}:*") &&
      endswith(local.failed_executions_rule_arn, ":rule/${aws_cloudwatch_event_rule.failed_executions.name}") &&
      alltrue([for key, function in aws_lambda_function.step : endswith(local.function_arns[key], ":${function.function_name}")])
    )
    error_message = "An ARN in locals.tf names another resource than the one it is made for."
  }

  # Trail to ingest queue
  assert {
    condition     = aws_cloudtrail.audit[0].is_multi_region_trail && aws_cloudtrail.audit[0].enable_log_file_validation && aws_cloudtrail.audit[0].include_global_service_events && !aws_cloudtrail.audit[0].is_organization_trail
    error_message = "The trail must cover all Regions and global services, and its logs must be verifiable."
  }

  assert {
    condition     = aws_cloudtrail.audit[0].s3_bucket_name == aws_s3_bucket.logs[0].bucket && aws_cloudtrail.audit[0].sns_topic_name == aws_sns_topic.logs[0].name
    error_message = "The trail must write to the log bucket and announce on the topic."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.logs[0].rule).bucket_key_enabled && contains(flatten(data.aws_iam_policy_document.log_key[0].statement[*].actions), "kms:Decrypt")
    error_message = "The log bucket must have a bucket key, and CloudTrail may decrypt it: it creates no trail otherwise."
  }

  assert {
    condition     = aws_sns_topic_subscription.ingest[0].topic_arn == aws_sns_topic.logs[0].arn && aws_sns_topic_subscription.ingest[0].endpoint == aws_sqs_queue.ingest.arn && aws_sns_topic_subscription.ingest[0].raw_message_delivery
    error_message = "The ingest queue must be subscribed to the topic, raw."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.ingest[0].redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letter.arn
    error_message = "What SNS cannot deliver must go to the dead-letter queue."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.dead_letter_queue.statement : [statement.actions, one(statement.condition).variable, one(statement.condition).values] if one(statement.principals).identifiers == toset(["sns.amazonaws.com"])
    ] == [[toset(["sqs:SendMessage"]), "aws:SourceArn", tolist([aws_sns_topic.logs[0].arn])]]
    error_message = "SNS must be let into the dead-letter queue, for this topic alone."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.ingest_queue.statement : statement.sid] == ["TopicsSend", "TlsOnly"]
    error_message = "Only the topic may send to the ingest queue."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.ingest_queue.statement[0].condition).values == tolist([aws_sns_topic.logs[0].arn])
    error_message = "Only this topic may send to the ingest queue."
  }

  assert {
    condition = alltrue([
      for statement in concat(
        data.aws_iam_policy_document.topic[0].statement,
        data.aws_iam_policy_document.log_bucket[0].statement,
        data.aws_iam_policy_document.log_key[0].statement,
      ) :
      statement.effect == "Deny" || contains([for condition in statement.condition : condition.variable], "aws:SourceArn")
    ])
    error_message = "Whatever CloudTrail may do, it may do for this trail only."
  }

  # Queues
  assert {
    condition     = aws_sqs_queue.ingest.visibility_timeout_seconds == 60 && aws_sqs_queue.ingest.message_retention_seconds == 1209600 && aws_sqs_queue.ingest.receive_wait_time_seconds == 20
    error_message = "Ingest queue: visibility 60 s, retention 14 days, long poll 20 s."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.ingest.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letter.arn, maxReceiveCount = 5 }
    error_message = "What the Pipe cannot deliver five times must go to the dead-letter queue."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.dead_letter.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.ingest.arn] }
    error_message = "The dead-letter queue must be the ingest queue's alone."
  }

  assert {
    condition     = aws_sqs_queue.dead_letter.message_retention_seconds < 86400 * one(one([for rule in aws_s3_bucket_lifecycle_configuration.staging.rule : rule if rule.id == "expire"]).expiration).days
    error_message = "A staged batch must outlive the dead letter that points at it."
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.ingest, aws_sqs_queue.dead_letter] : queue.kms_master_key_id == aws_kms_key.pipeline.arn])
    error_message = "Queues must be encrypted with the pipeline's key."
  }

  # Staging
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.staging.rule : rule.id => one(rule.expiration).days if rule.status == "Enabled" && length(rule.expiration) > 0 } == { expire = 15, expire-audits = 1, expire-backfills = 90, expire-ledger = 90, expire-messages = 15, expire-records = 1, expire-soon = 1 }
    error_message = "Records and batches with the tag expire after a day, as long as an execution lasts at most; batches and messages after 15, and backfills and ledger after 90."
  }

  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.staging.rule : rule.id => one(rule.filter).prefix if rule.id != "expire-soon" && rule.status == "Enabled" && length(rule.expiration) > 0 } == { expire = "batches/", expire-audits = "audits/", expire-backfills = "backfills/", expire-ledger = "ledger/", expire-messages = "messages/", expire-records = "records/" }
    error_message = "Of what is not tagged, only records expire early."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.staging.rule : [for tag in one(rule.filter).tag : "${tag.key}=${tag.value}"] if rule.id == "expire-soon"] == [["expires=soon"]]
    error_message = "A batch expires early by its tag alone."
  }

  # Functions know their buckets
  assert {
    condition     = aws_lambda_function.step["fetch_logs"].environment[0].variables.LOG_BUCKETS == aws_s3_bucket.logs[0].bucket
    error_message = "fetch_logs must know the new trail's bucket."
  }

  assert {
    condition     = [for key, function in aws_lambda_function.step : key if contains(keys(function.environment[0].variables), "STAGING_BUCKET")] == ["admit_messages", "fetch_logs", "index_batch", "plan_backfill", "split_records"]
    error_message = "The functions of the workflow, the Pipe and the backfill use the staging bucket, and no others."
  }
}

run "queue_while_the_pipe_collects" {
  command = plan

  variables {
    pipe_batch_size              = 40
    pipe_batching_window_seconds = 300
  }

  assert {
    condition     = aws_sqs_queue.ingest.visibility_timeout_seconds == 360
    error_message = "Messages stay invisible for 60 s more than the Pipe collects them."
  }

  assert {
    condition     = aws_lambda_function.step["admit_messages"].timeout < 60
    error_message = "Messages must be admitted, and their execution be started, before they are received again."
  }

  # Each byte of a message has six characters in JSON at most. How a batch that exceeds what the Pipe hands over at once is
  # cut is AWS's matter, but one message must fit.
  assert {
    condition     = aws_sqs_queue.ingest.max_message_size == 262144 && 6 * aws_sqs_queue.ingest.max_message_size + 4096 <= 6 * 1024 * 1024
    error_message = "Whatever the queue takes must fit into the payload of an invocation, which has 6 MB."
  }

  assert {
    condition     = aws_sqs_queue.dead_letter.max_message_size == aws_sqs_queue.ingest.max_message_size
    error_message = "Whatever is in one queue must fit into the other."
  }
}

run "pipe_workflow_and_functions" {
  # Pipe to workflow
  assert {
    condition     = aws_pipes_pipe.ingest.source == aws_sqs_queue.ingest.arn && aws_pipes_pipe.ingest.target == aws_sfn_state_machine.index_logs.arn
    error_message = "The Pipe must lead from the ingest queue to the workflow."
  }

  assert {
    condition     = one(aws_pipes_pipe.ingest.target_parameters).input_template == null && one(one(aws_pipes_pipe.ingest.target_parameters).step_function_state_machine_parameters).invocation_type == "FIRE_AND_FORGET"
    error_message = "The Pipe must pass messages as they are, and not wait for the execution."
  }

  assert {
    condition     = aws_pipes_pipe.ingest.enrichment == aws_lambda_function.step["admit_messages"].arn && length(aws_pipes_pipe.ingest.enrichment_parameters) == 0
    error_message = "Every batch must pass the function that makes room for its messages, as it is."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.pipe.statement : statement.resources if statement.sid == "AdmitMessages"]) == toset([local.function_arns.admit_messages])
    error_message = "The Pipe runs this function, and no step of the workflow."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.large_messages.statement : statement.resources if statement.sid == "KeepLargeMessages"]) == toset(["arn:aws:s3:::staging/messages/*"])
    error_message = "What reads messages stages no batches."
  }

  assert {
    condition     = sort(flatten([for statement in data.aws_iam_policy_document.pipe.statement : statement.actions])) == tolist(["kms:Decrypt", "lambda:InvokeFunction", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "states:StartExecution"])
    error_message = "The Pipe's role may receive, decrypt, have messages admitted and start executions; no more, no less."
  }

  # Workflow
  # A function's time-out is 15 minutes at most.
  assert {
    condition     = aws_sfn_state_machine.index_logs.timeouts.create == "20m" && aws_sfn_state_machine.index_logs.timeouts.delete == "20m"
    error_message = "A state machine is gone when its executions have left their states, and only then can another of the name be created."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.index_logs.definition).TimeoutSeconds == 14400
    error_message = "The definition must be JSON whose numbers are numbers."
  }

  assert {
    condition     = !can(regex("[$][{]", aws_sfn_state_machine.index_logs.definition))
    error_message = "A placeholder is left in the definition."
  }

  assert {
    condition = alltrue([
      for key, seconds in {
        fetch_logs    = jsondecode(aws_sfn_state_machine.index_logs.definition).States["Fetch Logs"].TimeoutSeconds
        split_records = jsondecode(aws_sfn_state_machine.index_logs.definition).States["Split Records"].TimeoutSeconds
        index_batch   = jsondecode(aws_sfn_state_machine.index_logs.definition).States["Index Batches"].ItemProcessor.States["Index Batch"].TimeoutSeconds
      } : seconds > aws_lambda_function.step[key].timeout
    ])
    error_message = "A state must not time out before its function."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.index_logs.definition).States["Dead-Letter Messages"].ItemProcessor.States["Send Message To Dead Letter Queue"].Parameters.QueueUrl == aws_sqs_queue.dead_letter.url
    error_message = "Dead letters must go to the dead-letter queue."
  }

  assert {
    condition     = one(aws_sfn_state_machine.index_logs.logging_configuration).level == "ALL" && one(aws_sfn_state_machine.index_logs.logging_configuration).include_execution_data && one(aws_sfn_state_machine.index_logs.tracing_configuration).enabled
    error_message = "Every execution must be logged with its data, and traced."
  }

  # Functions
  assert {
    condition     = alltrue([for function in aws_lambda_function.step : function.runtime == "python3.13" && function.architectures == tolist(["arm64"])])
    error_message = "Functions run Python 3.13 on arm64."
  }

  assert {
    condition     = { for key, function in aws_lambda_function.step : key => one(function.tracing_config).mode } == { admit_messages = "PassThrough", fetch_logs = "Active", index_batch = "Active", plan_backfill = "Active", split_records = "Active" }
    error_message = "The functions of the workflow and of the backfill are traced; what the Pipe asks begins no trace."
  }

  assert {
    condition     = [for key, function in aws_lambda_function.step : key if can(one(function.environment).variables.SEARCH_ENDPOINT)] == ["index_batch"]
    error_message = "Only index_batch knows the search domain."
  }

  assert {
    condition     = [for key, document in { fetch_logs = data.aws_iam_policy_document.fetch_logs, split_records = data.aws_iam_policy_document.split_records, index_batch = data.aws_iam_policy_document.index_batch } : key if anytrue([for arn in flatten(document.statement[*].resources) : startswith(arn, aws_s3_bucket.logs[0].arn)])] == ["fetch_logs"]
    error_message = "Only fetch_logs may read the log bucket."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.fetch_logs.statement : statement.resources if statement.sid == "StageRecords"]) == toset(["arn:aws:s3:::staging/records/*"])
    error_message = "fetch_logs stages records, no batches."
  }

  assert {
    condition     = alltrue([for document in [data.aws_iam_policy_document.split_records, data.aws_iam_policy_document.index_batch] : one([for statement in document.statement : statement.resources if statement.sid == "TellExpiredFromDenied"]) == toset(["arn:aws:s3:::staging"])])
    error_message = "What reads the staging bucket must learn that an object has expired."
  }
}

run "organization_trail" {
  variables {
    organization_id = "o-a1b2c3d4e5"
  }

  assert {
    condition     = aws_cloudtrail.audit[0].is_organization_trail
    error_message = "organization_id makes it an organization trail."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.log_bucket[0].statement : statement.resources if statement.sid == "TrailWritesLogs"]) == toset(["arn:aws:s3:::logs/AWSLogs/111122223333/*", "arn:aws:s3:::logs/AWSLogs/o-a1b2c3d4e5/*"])
    error_message = "An organization trail writes below the organization's id."
  }
}

run "failed_executions_and_outputs" {
  # Failed executions are dead lettered
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.failed_executions.event_pattern) == {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail = {
        stateMachineArn = [local.state_machine_arn]
        "$or" = [
          { status = ["TIMED_OUT", "ABORTED"] },
          { status = ["FAILED"], error = [{ exists = false }, null, { anything-but = ["SomeWorkDeadLettered", "MessagesDeadLettered"] }] },
        ]
      }
    }
    error_message = "Only executions that did not dead-letter their work themselves are to be dead-lettered by the rule."
  }

  assert {
    condition = toset([
      for state in jsondecode(aws_sfn_state_machine.index_logs.definition).States : state.Error if state.Type == "Fail" && try(state.Error, "") != "DeadLetterQueueUnreachable"
    ]) == toset(["SomeWorkDeadLettered", "MessagesDeadLettered"])
    error_message = "The rule leaves out other errors than the workflow ends with after it has dead-lettered its work."
  }

  assert {
    condition     = aws_cloudwatch_event_target.failed_executions.arn == aws_sqs_queue.dead_letter.arn && jsondecode(one(aws_cloudwatch_event_target.failed_executions.input_transformer).input_template).execution == "<execution>"
    error_message = "What goes to the dead-letter queue points to the execution."
  }

  assert {
    condition     = one(aws_cloudwatch_event_target.failed_executions.retry_policy).maximum_event_age_in_seconds == 86400 && one(aws_cloudwatch_event_target.failed_executions.retry_policy).maximum_retry_attempts == 185
    error_message = "EventBridge must try for as long as it can."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.pipeline_key.statement : [sort(statement.actions), one(statement.condition).variable, one(statement.condition).values] if one(statement.principals).identifiers == toset(["events.amazonaws.com"])
    ] == [[tolist(["kms:Decrypt", "kms:GenerateDataKey*"]), "kms:EncryptionContext:aws:sqs:arn", tolist([aws_sqs_queue.dead_letter.arn])]]
    error_message = "EventBridge must be able to encrypt what it sends to this queue, whether or not it says for which rule, and nothing else."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.fetch_logs.statement : statement.resources if contains(statement.actions, "states:DescribeExecution")] == [toset([local.executions_arn])]
    error_message = "fetch_logs must be able to read the inputs of this workflow's executions, and of no other's."
  }

  assert {
    condition = contains([
      for statement in data.aws_iam_policy_document.dead_letter_queue.statement : jsonencode([statement.actions, statement.condition]) if contains(coalesce(statement.actions, []), "sqs:SendMessage")
    ], jsonencode([["sqs:SendMessage"], [{ test = "ArnEquals", values = [local.failed_executions_rule_arn], variable = "aws:SourceArn" }]]))
    error_message = "EventBridge must be let into the dead-letter queue, for this rule alone."
  }

  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.workflow.statement : statement.actions == toset(["states:StartExecution"]) && statement.resources == toset([local.state_machine_arn])
    ])
    error_message = "The workflow must be able to start executions of itself, and of nothing else."
  }

  # Outputs
  assert {
    condition     = output.state_machine_url == "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/statemachines/view/${aws_sfn_state_machine.index_logs.arn}"
    error_message = "There must be a link to the executions."
  }

  assert {
    condition     = output.dead_letter_queue_console_url == "https://us-east-1.console.aws.amazon.com/sqs/v3/home?region=us-east-1#/queues/https%3A%2F%2Fsqs.us-east-1.amazonaws.com%2F111122223333%2Ftrailsearch-test-dead-letter"
    error_message = "There must be a link to the dead-letter queue; the console wants its URL encoded."
  }

  assert {
    condition = output.commands == {
      verify  = "make verify ENV=test"
      status  = "make status ENV=test"
      search  = "make search ENV=test QUERY=matchall FACETS=event_source,event_name"
      dlq     = "make dlq ENV=test"
      redrive = "make redrive ENV=test"
    }
    error_message = "There must be the commands that come next."
  }
}
