# Every validation rule refuses what it is there for. A run sets several variables wrong, and each must be refused.

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

run "forms" {
  command = plan

  variables {
    region                       = "Virginia"
    organization_id              = "r-a1b2"
    log_retention_days           = 14
    tags                         = { "aws:team" = "audit" }
    function_memory_mb           = { fetch_logs = 127, split_records = 1769, index_batch = 512 }
    function_timeout_seconds     = { fetch_logs = 0, split_records = 600, index_batch = 120 }
    log_bucket_names             = ["arn:aws:s3:::audit-logs"]
    log_kms_key_arns             = ["arn:aws:kms:us-east-1:111122223333:alias/logs"]
    ingest_max_receive_count     = 0
    pipe_batching_window_seconds = 301
    pipe_desired_state           = "PAUSED"
    map_concurrency              = 41
    index_batch_max_attempts     = 0
    staging_retention_days       = 14
    log_level                    = "TRACE"
    reserved_concurrency         = { fetch_log = 1 }
    search_instance_type         = "search.m1.small"
    search_replication_count     = 0
    search_principal_arns        = ["*"]
    log_group_retention_days     = 31
    access_log_bucket_name       = "arn:aws:s3:::access-logs"
    alarm_no_logs_hours          = 169
    kms_deletion_window_days     = 6
  }

  expect_failures = [
    var.region,
    var.organization_id,
    var.log_retention_days,
    var.tags,
    var.function_memory_mb,
    var.function_timeout_seconds,
    var.log_bucket_names,
    var.log_kms_key_arns,
    var.ingest_max_receive_count,
    var.pipe_batching_window_seconds,
    var.pipe_desired_state,
    var.map_concurrency,
    var.index_batch_max_attempts,
    var.staging_retention_days,
    var.log_level,
    var.reserved_concurrency,
    var.search_instance_type,
    var.search_replication_count,
    var.search_principal_arns,
    var.log_group_retention_days,
    var.access_log_bucket_name,
    var.alarm_no_logs_hours,
    var.kms_deletion_window_days,
  ]
}

# Rules that look at other variables are only asked when those are right.
run "forms_beside_right_ones" {
  command = plan

  variables {
    environment                  = "dev-"
    alarm_topic_arns             = ["<your-on-call-topic>"]
    execution_timeout_seconds    = 86401
    log_topic_arns               = ["audit-logs"]
    pipe_batch_size              = 41
    pipe_batching_window_seconds = 1
    search_instance_type         = "search.2xlarge"
    search_partition_count       = 11
    alarm_oldest_message_seconds = 60 # The window takes one second.
    alarm_lag_seconds            = 60
  }

  expect_failures = [
    var.environment,
    var.alarm_topic_arns,
    var.execution_timeout_seconds,
    var.log_topic_arns,
    var.pipe_batch_size,
    var.search_partition_count,
    var.alarm_oldest_message_seconds,
    var.alarm_lag_seconds,
  ]
}

run "above_the_highest" {
  command = plan

  variables {
    ingest_max_receive_count  = 1001
    index_batch_max_attempts  = 101
    execution_timeout_seconds = 86400 # Long enough for 101.
    search_replication_count  = 6
    kms_deletion_window_days  = 31
    function_memory_mb        = { fetch_logs = 1769, split_records = 10241, index_batch = 512 }
    function_timeout_seconds  = { fetch_logs = 300, split_records = 901, index_batch = 120 }
    tags                      = { team = join("", [for _ in range(257) : "x"]) }
  }

  expect_failures = [
    var.ingest_max_receive_count,
    var.index_batch_max_attempts,
    var.search_replication_count,
    var.kms_deletion_window_days,
    var.function_memory_mb,
    var.function_timeout_seconds,
    var.tags,
  ]
}

run "below_the_lowest" {
  command = plan

  variables {
    map_concurrency        = 0
    pipe_batch_size        = 0
    alarm_no_logs_hours    = 0
    search_instance_type   = "search.2xlarge"
    search_partition_count = 0
    tags                   = { (join("", [for _ in range(129) : "x"])) = "audit" }
  }

  expect_failures = [
    var.map_concurrency,
    var.pipe_batch_size,
    var.alarm_no_logs_hours,
    var.search_partition_count,
    var.tags,
  ]
}

run "the_highest_and_lowest_are_taken" {
  command = plan

  variables {
    environment                  = "sixteen--letters"
    ingest_max_receive_count     = 1000
    index_batch_max_attempts     = 100
    execution_timeout_seconds    = 86400
    search_replication_count     = 5
    kms_deletion_window_days     = 30
    map_concurrency              = 1
    pipe_batch_size              = 1
    pipe_batching_window_seconds = 0
    alarm_no_logs_hours          = 1
    search_instance_type         = "search.2xlarge"
    search_partition_count       = 10
    function_memory_mb           = { fetch_logs = 128, split_records = 10240, index_batch = 512 }
    function_timeout_seconds     = { fetch_logs = 1, split_records = 900, index_batch = 120 }
    tags = merge(
      { for number in range(46) : "tag${number}" => "" },
      { (join("", [for _ in range(128) : "x"])) = join("", [for _ in range(256) : "x"]) },
    )
  }
}

run "alarms_that_always_ring" {
  command = plan

  variables {
    pipe_batching_window_seconds = 0
    alarm_oldest_message_seconds = 59
    alarm_lag_seconds            = 59
  }

  expect_failures = [var.alarm_oldest_message_seconds, var.alarm_lag_seconds]
}

run "the_longest_window_is_taken" {
  command = plan

  variables {
    pipe_batch_size              = 40
    pipe_batching_window_seconds = 300
    alarm_oldest_message_seconds = 360
    alarm_lag_seconds            = 360
  }
}

run "too_many" {
  command = plan

  variables {
    alarm_topic_arns = [for number in range(6) : "arn:aws:sns:us-east-1:111122223333:on-call-${number}"]
    tags             = { for number in range(48) : "tag${number}" => "" }
  }

  expect_failures = [var.alarm_topic_arns, var.tags]
}

run "alarms_that_reach_nobody" {
  command = plan

  variables {
    deletion_protection = true
    alarm_topic_arns    = []
  }

  expect_failures = [check.alarms_reach_somebody]
}

run "fractions" {
  command = plan

  variables {
    log_retention_days           = 30.5
    ingest_max_receive_count     = 1.5
    pipe_batch_size              = 1.5
    map_concurrency              = 1.5
    index_batch_max_attempts     = 1.5
    staging_retention_days       = 15.5
    reserved_concurrency         = { fetch_logs = 1.5 }
    search_replication_count     = 1.5
    search_partition_count       = 1.5
    search_instance_type         = "search.2xlarge"
    kms_deletion_window_days     = 7.5
    alarm_oldest_message_seconds = 900.5
    alarm_lag_seconds            = 1800.5
    alarm_no_logs_hours          = 6.5
    function_memory_mb           = { fetch_logs = 1769.5, split_records = 1769, index_batch = 512 }
  }

  expect_failures = [
    var.log_retention_days,
    var.ingest_max_receive_count,
    var.pipe_batch_size,
    var.map_concurrency,
    var.index_batch_max_attempts,
    var.staging_retention_days,
    var.reserved_concurrency,
    var.search_replication_count,
    var.search_partition_count,
    var.kms_deletion_window_days,
    var.alarm_oldest_message_seconds,
    var.alarm_lag_seconds,
    var.alarm_no_logs_hours,
    var.function_memory_mb,
  ]
}

# Rules about other variables look at these.
run "fractions_that_others_look_at" {
  command = plan

  variables {
    pipe_batching_window_seconds = 1.5
    function_timeout_seconds     = { fetch_logs = 300.5, split_records = 600, index_batch = 120 }
  }

  expect_failures = [var.pipe_batching_window_seconds, var.function_timeout_seconds]
}

run "no_such_backend" {
  command = plan

  variables {
    search_backend = "elasticsearch"
  }

  expect_failures = [var.search_backend]
}

run "forms_of_opensearch" {
  command = plan

  variables {
    opensearch_engine_version       = "Elasticsearch_7.10"
    opensearch_instance_type        = "search.small"
    opensearch_instance_count       = 81
    opensearch_master_instance_type = "m7g.medium"
    opensearch_shards               = 0
  }

  expect_failures = [
    var.opensearch_engine_version,
    var.opensearch_instance_type,
    var.opensearch_instance_count,
    var.opensearch_master_instance_type,
    var.opensearch_shards,
  ]
}

run "forms_of_opensearch_beside_right_ones" {
  command = plan

  variables {
    opensearch_volume_gib = 9
    opensearch_replicas   = 0.5
  }

  expect_failures = [var.opensearch_volume_gib, var.opensearch_replicas]
}

run "standby_without_masters" {
  command = plan

  variables {
    opensearch_instance_type  = "m7g.large.search"
    opensearch_zone_count     = 3
    opensearch_instance_count = 3
    opensearch_replicas       = 2
    opensearch_standby        = true
  }

  expect_failures = [var.opensearch_standby]
}

run "package_not_built" {
  command = plan

  variables {
    package_path = "../build/no-such.zip"
  }

  expect_failures = [aws_lambda_function.step]
}

# What follows are rules that a variable has beside that of its form: in each run one of each variable.
run "one_rule_each" {
  command = plan

  variables {
    alarm_topic_arns          = ["arn:aws:sns:us-east-1:111122223333:on-call", "arn:aws:sns:eu-west-1:111122223333:on-call"]
    environment               = "2024" # It looks like a number.
    execution_timeout_seconds = 5279   # Too short for the retries: 2 * (300 + 600 + 300) + 120 * 16 + 960 - 1
    log_bucket_names          = ["audit-logs"]
    log_bucket_notifications  = [{ bucket = "audit-logs", account_id = "security" }]
    log_topic_arns            = ["arn:aws:sns:us-east-1:444455556666:audit-logs", "arn:aws:sns:us-east-1:444455556666:audit-logs"]
    opensearch_instance_type  = "r6gd.large.search"   # Without gp3.
    pipe_batch_size           = 11                    # Without a window.
    reserved_concurrency      = { index_batch = 0 }   # It would never run.
    search_partition_count    = 2                     # Of a small instance.
    tags                      = { environment = "x" } # One of ours, but for the case.
  }

  expect_failures = [
    var.alarm_topic_arns,
    var.environment,
    var.execution_timeout_seconds,
    var.log_bucket_notifications,
    var.log_topic_arns,
    var.opensearch_instance_type,
    var.pipe_batch_size,
    var.reserved_concurrency,
    var.search_partition_count,
    var.tags,
  ]
}

run "another_rule_each" {
  command = plan

  variables {
    environment                  = "seventeen-letters" # Too long for the search domain.
    execution_timeout_seconds    = 7200.5
    log_bucket_notifications     = [{ bucket = "audit-logs" }] # It is not read.
    log_topic_arns               = ["arn:aws:sns:us-east-1:444455556666:audit-logs"]
    opensearch_instance_type     = "t2.small.search" # Of the previous generation.
    pipe_batching_window_seconds = -1
    shared_log_topic_arns        = ["arn:aws:sns:us-east-1:444455556666:config"] # Without a subscription.
    tags                         = { team = "a", Team = "b" }
  }

  expect_failures = [
    var.environment,
    var.execution_timeout_seconds,
    var.log_bucket_notifications,
    var.opensearch_instance_type,
    var.pipe_batching_window_seconds,
    var.shared_log_topic_arns,
    var.tags,
  ]
}

run "a_third_rule_each" {
  command = plan

  variables {
    environment               = "sixteen--letters" # Too long for the staging bucket, in that Region.
    region                    = "ap-southeast-1"
    log_bucket_names          = [for number in range(50) : format("%063d", number)] # More than Lambda has room for.
    opensearch_instance_count = 4
    opensearch_replicas       = 1
    opensearch_volume_gib     = 101 # Too large for the instance.
    opensearch_zone_count     = 4   # There are not as many.
  }

  expect_failures = [
    var.environment,
    var.log_bucket_names,
    var.opensearch_volume_gib,
    var.opensearch_zone_count,
  ]
}

run "nothing_to_read_and_nodes_that_zones_cannot_share" {
  command = plan

  variables {
    create_trail              = false
    opensearch_instance_count = 4
    opensearch_replicas       = 1
    opensearch_zone_count     = 3
  }

  expect_failures = [var.log_bucket_names, var.opensearch_instance_count]
}

run "nobody_announces_logs_and_copies_without_a_node" {
  command = plan

  variables {
    create_trail        = false
    log_bucket_names    = ["audit-logs"]
    opensearch_replicas = 1
  }

  expect_failures = [var.log_topic_arns, var.opensearch_replicas]
}

run "organization_without_a_trail_and_zones_without_a_copy" {
  command = plan

  variables {
    create_trail              = false
    log_bucket_names          = ["audit-logs"]
    log_topic_arns            = ["arn:aws:sns:us-east-1:444455556666:audit-logs"]
    organization_id           = "o-a1b2c3d4e5"
    opensearch_instance_count = 2
    opensearch_zone_count     = 2
  }

  expect_failures = [var.organization_id, var.opensearch_replicas]
}
