# Every metric that an alarm or the dashboard shows, under one name each, with the statistic that it is looked at by. What
# the functions measure is described in functions/trailsearch/aws/telemetry.py; the others are AWS's own.

locals {
  # Topics of this account and Region, which is where SNS measures them, by what comes last in the names of their alarms:
  # "" is the new trail's. A topic's name may have 256 characters, an alarm's 255: a long one is cut, and told from others
  # that begin alike by its hash.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  measured_topics = merge(
    var.create_trail ? { "" = "${local.prefix}-logs" } : {},
    {
      for name in [for arn in local.own_topic_arns : split(":", arn)[5]] :
      "-on-${length(name) <= 190 ? name : "${substr(name, 0, 181)}-${substr(sha256(name), 0, 8)}"}" => name
    },
  )

  # Every bucket that logs come from, by what comes last in the name of its alarm.
  measured_buckets = merge(
    var.create_trail ? { "" = local.log_bucket_name } : {},
    { for name in toset(var.log_bucket_names) : "-in-${name}" => name },
  )

  # Metrics' names hold no hyphens.
  topic_metrics  = { for at, suffix in keys(local.measured_topics) : suffix => "topic_${at}" }
  bucket_metrics = { for at, suffix in keys(local.measured_buckets) : suffix => "bucket_${at}" }

  metric_sources = merge(
    {
      # Of the messages of others, and of the objects of all buckets.
      fetch_logs = {
        namespace  = "Trailsearch"
        dimensions = { service = "fetch_logs", environment = var.environment }
        metrics = {
          objects_ignored  = ["ObjectsIgnored", "Sum"]
          messages_ignored = ["MessagesIgnored", "Sum"]
        }
      }
      index_batch = {
        namespace  = "Trailsearch"
        dimensions = { service = "index_batch", environment = var.environment }
        metrics = {
          events_indexed       = ["EventsIndexed", "Sum"]
          batches_indexed      = ["BatchesIndexed", "Sum"]
          documents_refused    = ["DocumentsRefused", "Sum"]
          search_throttled     = ["SearchThrottled", "Sum"]
          search_unavailable   = ["SearchUnavailable", "Sum"]
          search_access_denied = ["SearchAccessDenied", "Sum"]
          event_lag_p50        = ["IndexingLagFromEvent", "p50"]
          event_lag_p99        = ["IndexingLagFromEvent", "p99"]
          delivery_lag_p50     = ["IndexingLagFromDelivery", "p50"]
          delivery_lag_p99     = ["IndexingLagFromDelivery", "p99"]
        }
      }

      # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
      ingest_queue = {
        namespace  = "AWS/SQS"
        dimensions = { QueueName = aws_sqs_queue.ingest.name }
        metrics = {
          messages_received  = ["NumberOfMessagesReceived", "Sum"]
          messages_waiting   = ["ApproximateNumberOfMessagesVisible", "Maximum"]
          messages_in_flight = ["ApproximateNumberOfMessagesNotVisible", "Maximum"]
          oldest_message     = ["ApproximateAgeOfOldestMessage", "Maximum"]
        }
      }
      dead_letter_queue = {
        namespace  = "AWS/SQS"
        dimensions = { QueueName = aws_sqs_queue.dead_letter.name }
        metrics = {
          dead_letters           = ["ApproximateNumberOfMessagesVisible", "Maximum"]
          dead_letters_in_flight = ["ApproximateNumberOfMessagesNotVisible", "Maximum"] # Somebody looks at them.
        }
      }

      # Of throttles AWS documents the dimensions "AwsAccountId, PipeName": each by itself, or both together. What there is
      # not has no value.
      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
      pipe = {
        namespace  = "AWS/EventBridge/Pipes"
        dimensions = { PipeName = aws_pipes_pipe.ingest.name }
        metrics = {
          pipe_failed    = ["ExecutionFailed", "Sum"]
          pipe_timed_out = ["ExecutionTimeout", "Sum"]
          pipe_throttled = ["ExecutionThrottled", "Sum"]
        }
      }
      pipe_of_account = {
        namespace  = "AWS/EventBridge/Pipes"
        dimensions = { AwsAccountId = local.account_id, PipeName = aws_pipes_pipe.ingest.name }
        metrics    = { pipe_throttled_of_account = ["ExecutionThrottled", "Sum"] }
      }

      # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
      workflow = {
        namespace  = "AWS/States"
        dimensions = { StateMachineArn = aws_sfn_state_machine.index_logs.arn }
        metrics = {
          executions_succeeded = ["ExecutionsSucceeded", "Sum"]
          executions_failed    = ["ExecutionsFailed", "Sum"]
          executions_timed_out = ["ExecutionsTimedOut", "Sum"]
          executions_aborted   = ["ExecutionsAborted", "Sum"]
        }
      }
      backfill = {
        namespace  = "AWS/States"
        dimensions = { StateMachineArn = aws_sfn_state_machine.backfill.arn }
        metrics = {
          backfill_failed    = ["ExecutionsFailed", "Sum"]
          backfill_timed_out = ["ExecutionsTimedOut", "Sum"]
        }
      }
      # Step Functions counts state transitions for the whole account and Region.
      transitions = {
        namespace  = "AWS/States"
        dimensions = { ServiceMetric = "StateTransition" }
        metrics    = { state_transitions = ["ConsumedCapacity", "Sum"] }
      }

      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
      failed_executions = {
        namespace  = "AWS/Events"
        dimensions = { RuleName = aws_cloudwatch_event_rule.failed_executions.name }
        metrics    = { undelivered_failures = ["FailedInvocations", "Sum"] }
      }
    },
    {
      for suffix, name in local.measured_buckets : local.bucket_metrics[suffix] => {
        namespace  = "Trailsearch"
        dimensions = { service = "fetch_logs", environment = var.environment, bucket = name }
        metrics = merge(
          { "${local.bucket_metrics[suffix]}_logs_fetched" = ["LogsFetched", "Sum"] },
          suffix == "" ? {} : { "${local.bucket_metrics[suffix]}_objects_ignored" = ["ObjectsIgnored", "Sum"] },
        )
      }
    },
    {
      for key in keys(local.retention_functions) : key => {
        namespace  = "Trailsearch"
        dimensions = { service = key, environment = var.environment }
        metrics    = { events_deleted = ["EventsDeleted", "Sum"] }
      }
    },
    {
      for machine in aws_sfn_state_machine.retention : "retention" => {
        namespace  = "AWS/States"
        dimensions = { StateMachineArn = machine.arn }
        metrics = {
          retention_failed    = ["ExecutionsFailed", "Sum"]
          retention_timed_out = ["ExecutionsTimedOut", "Sum"]
          retention_aborted   = ["ExecutionsAborted", "Sum"]
        }
      }
    },
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
    {
      for group in aws_scheduler_schedule_group.retention : "retention_schedule" => {
        namespace  = "AWS/Scheduler"
        dimensions = { ScheduleGroup = group.name }
        metrics    = { retention_not_started = ["InvocationDroppedCount", "Sum"] }
      }
    },
    # An audit looks at hours of which the one before it has seen most: the most of an hour, and no sum.
    {
      for key in keys(local.audit_functions) : key => {
        namespace  = "Trailsearch"
        dimensions = { service = key, environment = var.environment }
        metrics = {
          digests_valid      = ["DigestsValid", "Maximum"]
          digests_altered    = ["DigestsAltered", "Maximum"]
          digest_gaps        = ["DigestGaps", "Maximum"]
          not_validated      = ["NotValidated", "Maximum"]
          logs_signed        = ["LogsSigned", "Maximum"]
          logs_unaltered     = ["LogsIndexedUnaltered", "Maximum"]
          logs_dead_lettered = ["LogsDeadLettered", "Maximum"]
          logs_altered       = ["LogsAltered", "Maximum"]
          logs_missing       = ["LogsMissing", "Maximum"]
          logs_healed        = ["LogsHealed", "Maximum"]
          logs_not_healed    = ["LogsNotHealed", "Maximum"]
        }
      }
    },
    {
      for machine in aws_sfn_state_machine.audit : "audit" => {
        namespace  = "AWS/States"
        dimensions = { StateMachineArn = machine.arn }
        metrics = {
          audit_succeeded = ["ExecutionsSucceeded", "Sum"]
          audit_failed    = ["ExecutionsFailed", "Sum"]
          audit_timed_out = ["ExecutionsTimedOut", "Sum"]
          audit_aborted   = ["ExecutionsAborted", "Sum"]
        }
      }
    },
    {
      for group in aws_scheduler_schedule_group.audit : "audit_schedule" => {
        namespace  = "AWS/Scheduler"
        dimensions = { ScheduleGroup = group.name }
        metrics    = { audit_not_started = ["InvocationDroppedCount", "Sum"] }
      }
    },
    # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/cloudwatch-monitoring.html
    {
      for domain in aws_cloudsearch_domain.events : "cloudsearch_domain" => {
        namespace  = "AWS/CloudSearch"
        dimensions = { ClientId = local.account_id, DomainName = domain.name }
        metrics = {
          searchable_documents = ["SearchableDocuments", "Maximum"]
          index_utilization    = ["IndexUtilization", "Maximum"]
          partitions           = ["Partitions", "Maximum"]
        }
      }
    },
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html
    {
      for domain in aws_opensearch_domain.events : "opensearch_domain" => {
        namespace  = "AWS/ES"
        dimensions = { ClientId = local.account_id, DomainName = domain.domain_name }
        metrics = {
          searchable_documents = ["SearchableDocuments", "Maximum"]
          cluster_red          = ["ClusterStatus.red", "Maximum"]
          cluster_yellow       = ["ClusterStatus.yellow", "Maximum"]
          writes_blocked       = ["ClusterIndexWritesBlocked", "Maximum"]
          free_storage_mib     = ["FreeStorageSpace", "Minimum"] # of the node that has the least
          memory_pressure      = ["JVMMemoryPressure", "Maximum"]
          active_shards        = ["Shards.active", "Maximum"]
          writes_rejected      = ["ThreadpoolWriteRejected", "Sum"] # since the nodes were started
          domain_requests      = ["OpenSearchRequests", "Sum"]
          domain_errors        = ["5xx", "Sum"]
          key_errors           = ["KMSKeyError", "Maximum"]
          key_inaccessible     = ["KMSKeyInaccessible", "Maximum"]
        }
      }
    },
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    {
      for suffix, name in local.measured_topics : local.topic_metrics[suffix] => {
        namespace  = "AWS/SNS"
        dimensions = { TopicName = name }
        metrics    = { "${local.topic_metrics[suffix]}_undelivered" = ["NumberOfNotificationsFailedToRedriveToDlq", "Sum"] }
      }
    },
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    {
      for key, function in local.functions : "${key}_function" => {
        namespace  = "AWS/Lambda"
        dimensions = { FunctionName = function.name }
        metrics = {
          "${key}_invocations" = ["Invocations", "Sum"]
          "${key}_errors"      = ["Errors", "Sum"]
          "${key}_throttles"   = ["Throttles", "Sum"]
          "${key}_duration"    = ["Duration", "Sum"]
        }
      }
    },
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    {
      for key in concat(keys(local.functions), ["workflow"]) : "${key}_log_group" => {
        namespace  = "AWS/Logs"
        dimensions = { LogGroupName = local.log_group_names[key] }
        metrics    = { "${key}_log_bytes" = ["IncomingBytes", "Sum"] }
      }
    },
  )

  metrics = merge([
    for source in local.metric_sources : {
      for key, metric in source.metrics : key => {
        namespace  = source.namespace
        dimensions = source.dimensions
        name       = metric[0]
        stat       = metric[1]
      }
    }
  ]...)
}
