# The three examples of terraform/README.md, "Which logs?", with the very values that stand there
# (tests/documentation/test_adoption.py).

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "prod"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "example_1" {
  variables {
    create_trail     = false
    log_bucket_names = ["acme-organization-trail"]
    log_kms_key_arns = ["arn:aws:kms:eu-central-1:444455556666:key/11111111-2222-3333-4444-555555555555"]
    log_topic_arns = [
      "arn:aws:sns:us-east-1:444455556666:organization-trail",
      "arn:aws:sns:eu-central-1:444455556666:organization-trail",
    ]
  }

  assert {
    condition     = length(aws_cloudtrail.audit) == 0 && length(aws_s3_bucket.logs) == 0
    error_message = "No trail and no log bucket are made."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.existing) == [var.log_topic_arns[0]] && length(output.subscribe_commands) == 1
    error_message = "The topic of this Region is subscribed, and for the other there is the command."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.ingest_queue.statement[0].condition).values == tolist(var.log_topic_arns)
    error_message = "Both topics may send to the queue."
  }
}

run "example_2" {
  variables {
    create_trail             = false
    log_bucket_names         = ["acme-audit-logs"]
    log_kms_key_arns         = ["arn:aws:kms:us-east-1:444455556666:key/11111111-2222-3333-4444-555555555555"]
    log_bucket_notifications = [{ bucket = "acme-audit-logs" }]
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.ingest_queue.statement : statement.sid] == ["BucketsOf111122223333Send", "TlsOnly"]
    error_message = "The bucket, and nobody else, may send to the queue."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.fetch_logs.statement : statement.resources if statement.sid == "DecryptLogs"]) == toset(var.log_kms_key_arns)
    error_message = "Its logs can be decrypted."
  }
}

run "example_3" {
  variables {
    create_trail    = true
    organization_id = "o-a1b2c3d4e5"
  }

  assert {
    condition     = aws_cloudtrail.audit[0].is_organization_trail && aws_cloudtrail.audit[0].is_multi_region_trail && aws_cloudtrail.audit[0].enable_log_file_validation
    error_message = "It is the trail of all accounts and Regions, with digests."
  }

  assert {
    condition     = output.log_bucket_names == [local.log_bucket_name] && length(output.subscribe_commands) == 0
    error_message = "Nothing is left to be done by hand."
  }
}

run "example_4" {
  variables {
    create_trail          = false
    log_bucket_names      = ["acme-logs"]
    log_topic_arns        = ["arn:aws:sns:us-east-1:555566667777:acme-notifications"]
    shared_log_topic_arns = ["arn:aws:sns:us-east-1:555566667777:acme-notifications"]
  }

  assert {
    condition     = jsondecode(one(values(aws_sns_topic_subscription.existing)).filter_policy) == { messageType = [{ exists = false }] } && one(values(aws_sns_topic_subscription.existing)).filter_policy_scope == "MessageBody"
    error_message = "SNS keeps AWS Config's messages out of the queue."
  }
}
