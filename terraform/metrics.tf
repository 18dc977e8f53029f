# Every metric that an alarm or the dashboard shows, under one name each, with the statistic that it is looked at by. What
# the functions measure is described in functions/trailsearch/aws/telemetry.py; the others are AWS's own.

locals {
  # Topics of this account and Region, which is where SNS measures them: in alarms' names "" is the new trail's.
  measured_topics = merge(
    var.create_trail ? { "" = "${local.prefix}-logs" } : {},
    {
      for arn in local.local_topic_arns : "-on-${split(":", arn)[5]}" => split(":", arn)[5]
      if split(":", arn)[4] == local.account_id
    },
  )
  # Metrics' names hold no hyphens.
  topic_metrics = { for at, suffix in keys(local.measured_topics) : suffix => "topic_${at}" }

  metric_sources = merge(
    {
      fetch_logs = {
        namespace  = "Trailsearch"
        dimensions = { service = "fetch_logs", environment = var.environment }
        metrics    = { logs_fetched = ["LogsFetched", "Sum"] }
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
          messages_sent      = ["NumberOfMessagesSent", "Sum"]
          messages_received  = ["NumberOfMessagesReceived", "Sum"]
          messages_deleted   = ["NumberOfMessagesDeleted", "Sum"]
          empty_receives     = ["NumberOfEmptyReceives", "Sum"]
          messages_waiting   = ["ApproximateNumberOfMessagesVisible", "Maximum"]
          messages_in_flight = ["ApproximateNumberOfMessagesNotVisible", "Maximum"]
          oldest_message     = ["ApproximateAgeOfOldestMessage", "Maximum"]
        }
      }
      dead_letter_queue = {
        namespace  = "AWS/SQS"
        dimensions = { QueueName = aws_sqs_queue.dead_letter.name }
        metrics    = { dead_letters = ["ApproximateNumberOfMessagesVisible", "Maximum"] }
      }

      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
      pipe = {
        namespace  = "AWS/EventBridge/Pipes"
        dimensions = { PipeName = aws_pipes_pipe.ingest.name }
        metrics = {
          pipe_invocations = ["Invocations", "Sum"]
          pipe_failed      = ["ExecutionFailed", "Sum"]
          pipe_timed_out   = ["ExecutionTimeout", "Sum"]
          pipe_throttled   = ["ExecutionThrottled", "Sum"]
        }
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
        metrics = {
          "${local.topic_metrics[suffix]}_published"   = ["NumberOfMessagesPublished", "Sum"]
          "${local.topic_metrics[suffix]}_undelivered" = ["NumberOfNotificationsFailedToRedriveToDlq", "Sum"]
        }
      }
    },
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    {
      for key, function in local.all_functions : "${key}_function" => {
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
      for key, name in local.log_group_names : "${key}_log_group" => {
        namespace  = "AWS/Logs"
        dimensions = { LogGroupName = name }
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
