# Existing trails: buckets of several accounts, topics of several Regions and accounts, and S3 event notifications.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_sqs_queue.ingest
  values = { arn = "arn:aws:sqs:us-east-1:111122223333:trailsearch-test-ingest" }
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.

  create_trail     = false
  log_bucket_names = ["audit-logs", "other-logs"]
  log_kms_key_arns = ["arn:aws:kms:us-east-1:444455556666:key/11111111-2222-3333-4444-555555555555"]
  log_topic_arns = [
    "arn:aws:sns:us-east-1:444455556666:audit-logs",
    "arn:aws:sns:eu-west-1:444455556666:audit-logs",
    "arn:aws:sns:af-south-1:444455556666:audit-logs",
  ]
  log_bucket_notifications = [
    { bucket = "other-logs" },
    { bucket = "audit-logs", account_id = "444455556666" },
  ]
}

run "logs_of_others" {
  # No trail
  assert {
    condition     = length(aws_cloudtrail.audit) + length(aws_s3_bucket.logs) + length(aws_kms_key.logs) + length(aws_sns_topic.logs) + length(aws_sns_topic_subscription.ingest) == 0
    error_message = "With create_trail = false there must be no trail, log bucket, key or topic."
  }

  assert {
    condition     = !contains([for statement in data.aws_iam_policy_document.pipeline_key.statement : statement.sid], "TrailToTopic")
    error_message = "Without a trail, CloudTrail has no business with the pipeline's key."
  }

  # Logs are read
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.fetch_logs.statement : statement.resources if statement.sid == "ReadLogs"]) == toset(["arn:aws:s3:::audit-logs/*", "arn:aws:s3:::other-logs/*"])
    error_message = "fetch_logs must read the logs of exactly these buckets."
  }

  assert {
    condition     = aws_lambda_function.step["fetch_logs"].environment[0].variables.LOG_BUCKETS == "audit-logs,other-logs"
    error_message = "fetch_logs must know the buckets that it may read from, and take no others from a message."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.fetch_logs.statement : statement.resources if statement.sid == "TellDeletedFromDenied"]) == toset(["arn:aws:s3:::audit-logs", "arn:aws:s3:::other-logs"])
    error_message = "fetch_logs must be able to list exactly these buckets."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.fetch_logs.statement : statement.resources if statement.sid == "DecryptLogs"]) == toset(var.log_kms_key_arns)
    error_message = "fetch_logs must decrypt with exactly these keys."
  }

  # Topics send
  assert {
    condition     = [for statement in data.aws_iam_policy_document.ingest_queue.statement : statement.sid] == ["TopicsSend", "BucketsOf111122223333Send", "BucketsOf444455556666Send", "TlsOnly"]
    error_message = "Topics and buckets, and nobody else, may send to the ingest queue."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.ingest_queue.statement[0].condition).values == tolist(var.log_topic_arns)
    error_message = "All topics, of every Region, may send to the ingest queue."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.ingest_queue.statement[0].principals).identifiers == toset(["sns.amazonaws.com", "sns.af-south-1.amazonaws.com"])
    error_message = "SNS delivers from an opt-in Region under that Region's service principal."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.existing) == ["arn:aws:sns:us-east-1:444455556666:audit-logs"] && alltrue([for subscription in aws_sns_topic_subscription.existing : subscription.endpoint == aws_sqs_queue.ingest.arn && subscription.raw_message_delivery])
    error_message = "Topics of this Region, whatever their account, are subscribed here."
  }

  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.existing : subscription.redrive_policy == null])
    error_message = "SNS wants a subscription and its dead-letter queue in one account."
  }

  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.existing : subscription.filter_policy == null])
    error_message = "What a topic of its own sends must reach the queue whatever it is, and be dead-lettered if it cannot be read."
  }

  assert {
    condition     = !contains([for statement in data.aws_iam_policy_document.dead_letter_queue.statement : statement.sid], "UndeliveredNotificationsSend")
    error_message = "SNS must not be let into the dead-letter queue for topics of other accounts."
  }

  assert {
    condition = output.subscribe_commands == [
      "aws sns subscribe --region af-south-1 --topic-arn arn:aws:sns:af-south-1:444455556666:audit-logs --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:111122223333:trailsearch-test-ingest --attributes RawMessageDelivery=true",
      "aws sns subscribe --region eu-west-1 --topic-arn arn:aws:sns:eu-west-1:444455556666:audit-logs --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:111122223333:trailsearch-test-ingest --attributes RawMessageDelivery=true",
    ]
    error_message = "For topics of other Regions there must be the command that subscribes them."
  }
}

run "topics_that_are_shared" {
  variables {
    shared_log_topic_arns = [for arn in var.log_topic_arns : arn if !strcontains(arn, ":af-south-1:")]
  }

  assert {
    condition = { for arn, subscription in aws_sns_topic_subscription.existing : arn => "${subscription.filter_policy_scope} ${subscription.filter_policy}" } == {
      "arn:aws:sns:us-east-1:444455556666:audit-logs" = "MessageBody {\"messageType\":[{\"exists\":false}]}"
    }
    error_message = "SNS must keep AWS Config's messages of a shared topic out of the queue."
  }

  assert {
    condition = output.subscribe_commands == [
      "aws sns subscribe --region af-south-1 --topic-arn arn:aws:sns:af-south-1:444455556666:audit-logs --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:111122223333:trailsearch-test-ingest --attributes RawMessageDelivery=true",
      "aws sns subscribe --region eu-west-1 --topic-arn arn:aws:sns:eu-west-1:444455556666:audit-logs --protocol sqs --notification-endpoint arn:aws:sqs:us-east-1:111122223333:trailsearch-test-ingest --attributes '{\"FilterPolicy\":\"{\\\"messageType\\\":[{\\\"exists\\\":false}]}\",\"FilterPolicyScope\":\"MessageBody\",\"RawMessageDelivery\":\"true\"}'",
    ]
    error_message = "So must the subscription to a shared topic of another Region."
  }
}

run "buckets_send" {
  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.ingest_queue, data.aws_iam_policy_document.pipeline_key] :
      [
        for statement in document.statement :
        { for condition in statement.condition : condition.variable => one(condition.values) }
        if startswith(statement.sid, "BucketsOf")
      ] ==
      [
        { "aws:SourceAccount" = "111122223333", "aws:SourceArn" = "arn:aws:s3:::other-logs" },
        { "aws:SourceAccount" = "444455556666", "aws:SourceArn" = "arn:aws:s3:::audit-logs" },
      ]
    ])
    error_message = "A bucket may send, and use the key, for the account that owns it only."
  }
}

run "topics_of_this_account" {
  variables {
    log_topic_arns = ["arn:aws:sns:us-east-1:111122223333:audit-logs", "arn:aws:sns:us-east-1:444455556666:audit-logs", "arn:aws:sns:eu-west-1:111122223333:audit-logs"]
  }

  assert {
    condition     = { for arn, subscription in aws_sns_topic_subscription.existing : arn => subscription.redrive_policy == null ? null : jsondecode(subscription.redrive_policy).deadLetterTargetArn } == { "arn:aws:sns:us-east-1:111122223333:audit-logs" = aws_sqs_queue.dead_letter.arn, "arn:aws:sns:us-east-1:444455556666:audit-logs" = null }
    error_message = "What SNS cannot deliver from topics of this account and Region must go to the dead-letter queue."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.dead_letter_queue.statement : one(statement.condition).values if one(statement.principals).identifiers == toset(["sns.amazonaws.com"])
    ] == [tolist(["arn:aws:sns:us-east-1:111122223333:audit-logs"])]
    error_message = "SNS must be let into the dead-letter queue for topics of this account and Region, and no others."
  }
}

run "event_notifications_alone" {
  variables {
    log_topic_arns = []
  }

  assert {
    condition     = !contains([for statement in data.aws_iam_policy_document.ingest_queue.statement : statement.sid], "TopicsSend") && !contains([for statement in data.aws_iam_policy_document.pipeline_key.statement : statement.sid], "TopicsToQueues")
    error_message = "Without topics, SNS may neither send to the ingest queue nor use its key."
  }
}

run "beside_a_new_trail" {
  variables {
    create_trail = true
  }

  assert {
    condition     = output.log_bucket_names == ["trailsearch-test-logs-111122223333-us-east-1", "audit-logs", "other-logs"]
    error_message = "Existing buckets come beside the new trail's."
  }
}
