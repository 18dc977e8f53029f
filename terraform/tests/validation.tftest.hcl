# Every validation rule refuses what it is there for. A run sets several variables wrong, and each must be refused.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "forms" {
  command = plan

  variables {
    name                         = "Trailsearch"
    region                       = "Virginia"
    organization_id              = "r-a1b2"
    log_retention_days           = 14
    log_bucket_names             = ["arn:aws:s3:::audit-logs"]
    log_kms_key_arns             = ["arn:aws:kms:us-east-1:111122223333:alias/logs"]
    ingest_max_receive_count     = 0
    pipe_batching_window_seconds = 46
    pipe_desired_state           = "PAUSED"
    map_concurrency              = 41
    index_batch_max_attempts     = 0
    execution_timeout_seconds    = 60
    staging_retention_days       = 14
    log_level                    = "TRACE"
    reserved_concurrency         = { fetch_log = 1 }
    search_instance_type         = "search.m1.small"
    search_replication_count     = 0
    search_principal_arns        = ["*"]
    log_group_retention_days     = 31
    alarm_topic_arns             = ["on-call"]
    alarm_oldest_message_seconds = 59
    alarm_lag_seconds            = 59
    access_log_bucket_name       = "arn:aws:s3:::access-logs"
    alarm_no_logs_hours          = 169
    kms_deletion_window_days     = 6
  }

  expect_failures = [
    var.name,
    var.region,
    var.organization_id,
    var.log_retention_days,
    var.log_bucket_names,
    var.log_kms_key_arns,
    var.ingest_max_receive_count,
    var.pipe_batching_window_seconds,
    var.pipe_desired_state,
    var.map_concurrency,
    var.index_batch_max_attempts,
    var.execution_timeout_seconds,
    var.staging_retention_days,
    var.log_level,
    var.reserved_concurrency,
    var.search_instance_type,
    var.search_replication_count,
    var.search_principal_arns,
    var.log_group_retention_days,
    var.alarm_topic_arns,
    var.alarm_oldest_message_seconds,
    var.alarm_lag_seconds,
    var.access_log_bucket_name,
    var.alarm_no_logs_hours,
    var.kms_deletion_window_days,
  ]
}

# Rules that look at other variables are only asked when those are right.
run "forms_beside_right_ones" {
  command = plan

  variables {
    environment            = "dev-"
    log_topic_arns         = ["audit-logs"]
    pipe_batch_size        = 51
    search_partition_count = 11
  }

  expect_failures = [
    var.environment,
    var.log_topic_arns,
    var.pipe_batch_size,
    var.search_partition_count,
  ]
}

run "fractions" {
  command = plan

  variables {
    log_retention_days        = 30.5
    ingest_max_receive_count  = 1.5
    pipe_batch_size           = 1.5
    map_concurrency           = 1.5
    index_batch_max_attempts  = 1.5
    execution_timeout_seconds = 7200.5
    staging_retention_days    = 15.5
    reserved_concurrency      = { fetch_logs = 1.5 }
    search_replication_count  = 1.5
    search_partition_count    = 1.5
    search_instance_type      = "search.2xlarge"
    kms_deletion_window_days  = 7.5
  }

  expect_failures = [
    var.log_retention_days,
    var.ingest_max_receive_count,
    var.pipe_batch_size,
    var.map_concurrency,
    var.index_batch_max_attempts,
    var.execution_timeout_seconds,
    var.staging_retention_days,
    var.reserved_concurrency,
    var.search_replication_count,
    var.search_partition_count,
    var.kms_deletion_window_days,
  ]
}


run "fraction_of_a_window" {
  command = plan

  variables {
    pipe_batching_window_seconds = 1.5
  }

  expect_failures = [var.pipe_batching_window_seconds]
}

run "name_too_long_for_the_search_domain" {
  command = plan

  variables {
    environment = "production-of-europe"
  }

  expect_failures = [var.environment]
}

run "name_too_long_for_the_staging_bucket" {
  command = plan

  variables {
    environment = "a-long-region-24" # Fits into 28 characters.
    region      = "ap-southeast-1"
  }

  expect_failures = [var.environment]
}

run "nothing_to_read" {
  command = plan

  variables {
    create_trail = false
  }

  expect_failures = [var.log_bucket_names]
}

run "nobody_announces_logs" {
  command = plan

  variables {
    create_trail     = false
    log_bucket_names = ["audit-logs"]
  }

  expect_failures = [var.log_topic_arns]
}

run "organization_without_a_trail" {
  command = plan

  variables {
    create_trail     = false
    log_bucket_names = ["audit-logs"]
    log_topic_arns   = ["arn:aws:sns:us-east-1:444455556666:audit-logs"]
    organization_id  = "o-a1b2c3d4e5"
  }

  expect_failures = [var.organization_id]
}

run "topic_named_twice" {
  command = plan

  variables {
    log_topic_arns = ["arn:aws:sns:us-east-1:444455556666:audit-logs", "arn:aws:sns:us-east-1:444455556666:audit-logs"]
  }

  expect_failures = [var.log_topic_arns]
}

run "notifying_bucket_is_an_arn" {
  command = plan

  variables {
    log_bucket_names         = ["audit-logs"]
    log_bucket_notifications = [{ bucket = "arn:aws:s3:::audit-logs" }]
  }

  expect_failures = [var.log_bucket_notifications]
}

run "notifying_bucket_of_no_account" {
  command = plan

  variables {
    log_bucket_names         = ["audit-logs"]
    log_bucket_notifications = [{ bucket = "audit-logs", account_id = "security" }]
  }

  expect_failures = [var.log_bucket_notifications]
}

run "notifying_bucket_that_is_not_read" {
  command = plan

  variables {
    log_bucket_notifications = [{ bucket = "audit-logs" }]
  }

  expect_failures = [var.log_bucket_notifications]
}

run "large_batches_without_a_window" {
  command = plan

  variables {
    pipe_batch_size = 11
  }

  expect_failures = [var.pipe_batch_size]
}

run "function_that_never_runs" {
  command = plan

  variables {
    reserved_concurrency = { index_batch = 0 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "partitions_of_a_small_instance" {
  command = plan

  variables {
    search_partition_count = 2
  }

  expect_failures = [var.search_partition_count]
}

run "package_not_built" {
  command = plan

  variables {
    package_path = "../build/no-such.zip"
  }

  expect_failures = [aws_lambda_function.step]
}
