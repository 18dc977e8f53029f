# Alarms. Each description is a small runbook: what it means, and what to do, in order.

locals {
  console_of_executions = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.state_machine_arn}"

  console_of_backfill = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.backfill_state_machine_arn}"

  console_of_retention = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.retention_state_machine_arn}"

  console_of_audit = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.audit_state_machine_arn}"

  # What an alarm watches is one of local.metrics, or an expression over several of them. Periods are in seconds. Many
  # metrics have no value where nothing happened: FILL, because a sum with a missing term is missing as a whole.
  alarms = merge(
    {
      dead-letters = {
        meaning = "Something could not be made searchable and waits in the dead-letter queue ${local.prefix}-dead-letter (for at most 14 days)."
        steps = [
          "See what and why: make dlq ENV=${var.environment}",
          "Remove the cause. The execution that each dead letter names shows the failing state.",
          "Send it back: make redrive ENV=${var.environment}",
        ]
        # Whoever looks at them (make dlq) hides them for a while.
        metrics    = ["dead_letters", "dead_letters_in_flight"]
        expression = "dead_letters + FILL(dead_letters_in_flight, 0)", above = 0, period = 60, periods = 1
        # SQS may stop measuring a queue that nobody has touched for six hours. What waits in it waits all the same.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
        missing = "ignore"
      }

      # Step Functions hands events to EventBridge by best effort: of one that never came, executions-failed tells.
      # https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html
      undelivered-failed-executions = {
        meaning = "An execution timed out, was aborted or failed, and EventBridge could not put a dead letter about it into the queue ${local.prefix}-dead-letter."
        steps = [
          "Remove the cause: the policy of the queue or of its key no longer lets the rule ${local.prefix}-failed-executions send, or the key is disabled.",
          "Find the executions that ended as Timed out, Aborted or Failed since, and are not in make dlq ENV=${var.environment}: ${local.console_of_executions}",
          "Start each again, by \"New execution\" on its page, which takes the same input. What is indexed already stays as it is. Step Functions keeps executions for 90 days.",
        ]
        metrics = ["undelivered_failures"], above = 0, period = 60, periods = 1
      }

      executions-failed = {
        meaning = "Executions failed, timed out or were aborted. What they could not do waits in the dead-letter queue; the rest is indexed."
        steps = [
          "Open a red execution, whose Cause says what and why: ${local.console_of_executions}",
          "See all that waits: make dlq ENV=${var.environment}",
          "Remove the cause, then: make redrive ENV=${var.environment}",
          "Timed out, Aborted, or Failed without SomeWorkDeadLettered or MessagesDeadLettered, and not in make dlq? AWS tells EventBridge of it by best effort only. Start it again, by \"New execution\" on its page; what is indexed stays.",
        ]
        metrics    = ["executions_failed", "executions_timed_out", "executions_aborted"]
        expression = "FILL(executions_failed, 0) + FILL(executions_timed_out, 0) + FILL(executions_aborted, 0)", above = 0, period = 300, periods = 1
      }

      oldest-message = {
        meaning = "A message has waited in the ingest queue for more than ${var.alarm_oldest_message_seconds} seconds: logs arrive faster than they are indexed, or the Pipe does not take them."
        steps = [
          "See whether the Pipe is RUNNING, and what runs: make status ENV=${var.environment}",
          "If the Pipe fails, the log group ${local.log_group_names.pipe} says why.",
          "If executions wait in Index Batch, the domain throttles: raise ${local.on_opensearch ? "opensearch_instance_type" : "search_instance_type"}. If functions are throttled, raise their concurrency.",
        ]
        metrics = ["oldest_message"], above = var.alarm_oldest_message_seconds, period = 300, periods = 2
      }

      pipe-stopped = {
        meaning = "Messages wait in the ingest queue, and the Pipe ${local.prefix}-ingest has taken none for 15 minutes: it is stopped, or may not receive them. Nothing is lost for 14 days."
        steps = [
          "See its state and the reason: make status ENV=${var.environment}",
          "A role, key or queue that was changed by hand: make plan ENV=${var.environment} shows it, make apply ENV=${var.environment} mends it.",
          "Start it again: aws pipes start-pipe --region ${var.region} --name ${local.prefix}-ingest",
        ]
        # The queue's own count: what the Pipe says of itself may be late, or not come at all.
        metrics    = ["messages_received", "messages_waiting"]
        expression = "IF(FILL(messages_received, 0) == 0 AND messages_waiting > 0, 1, 0)", above = 0, period = 300, periods = 3
      }

      pipe-failing = {
        meaning = "The Pipe ${local.prefix}-ingest cannot start executions. Messages that it has received ${var.ingest_max_receive_count} times go to the dead-letter queue."
        steps = [
          "Read why: the log group ${local.log_group_names.pipe}",
          "Does ${local.all_functions.admit_messages.name} fail? Its own log group says why: ${local.log_group_names.admit_messages}",
          "Remove the cause: its role or key (make plan ENV=${var.environment}), or the account's quotas of StartExecution and of Lambda's concurrency.",
          "Send back what went to the dead-letter queue: make redrive ENV=${var.environment} REASON=ReceivedTooOften",
        ]
        metrics    = ["pipe_failed", "pipe_timed_out", "pipe_throttled", "pipe_throttled_of_account"]
        expression = "FILL(pipe_failed, 0) + FILL(pipe_timed_out, 0) + FILL(pipe_throttled, 0) + FILL(pipe_throttled_of_account, 0)", above = 0, period = 300, periods = 3
      }

      # Not of one that is aborted: make backfill-stop does that.
      backfill-failed = {
        meaning = "A backfill, or its planning, failed or timed out. What is marked as done is indexed, and nothing is lost: the logs are in their buckets."
        steps = [
          "Open the red execution: ${local.console_of_backfill}. LogsNotPlanned says in its Cause why. Else the state that failed has the error, or a red execution of the Map Run below Index Parts: in Redriven Since?, look at error in the input.",
          "How far it came: make backfill-status ENV=${var.environment}",
          "Remove the cause. A role or key that was changed by hand: make plan ENV=${var.environment} shows it, make apply ENV=${var.environment} mends it.",
          "Go on: make backfill ENV=${var.environment} RESUME=1. One that is not planned: plan it again.",
        ]
        metrics    = ["backfill_failed", "backfill_timed_out"]
        expression = "FILL(backfill_failed, 0) + FILL(backfill_timed_out, 0)", above = 0, period = 300, periods = 1
      }

      lag = {
        meaning = "For 15 minutes, one batch in a hundred has become searchable only more than ${var.alarm_lag_seconds} seconds after CloudTrail delivered the oldest of its logs."
        steps = [
          "See where it waits: make status ENV=${var.environment}",
          "In the ingest queue: see the alarm ${local.prefix}-oldest-message. In Index Batch: the domain throttles, see the alarm ${local.prefix}-domain-throttling.",
          "After an outage or a large redrive it falls by itself.",
        ]
        metrics = ["delivery_lag_p99"], above = var.alarm_lag_seconds, period = 300, periods = 3
      }
    },
    local.domain_alarms[var.search_backend],
    {
      for key in local.retention ? ["retention-failed"] : [] : key => {
        meaning = "The state machine ${local.prefix}-retention failed, timed out, was aborted or could not be started: events that are older than search_retention_days are still in the search domain, which grows."
        steps = [
          "Open the latest execution; if it is red, its Cause says what and why: ${local.console_of_retention}",
          "SearchThrottled, SearchUnavailable: the domain is busy or down; do its alarms ring? SearchAccessDenied, or no execution at all: make plan ENV=${var.environment} shows what was changed by hand, make apply mends it.",
          "DeletionWithoutEffect: does somebody index old logs again? If not, ask AWS Support why the domain does not delete.",
          "Start it again: \"Start execution\", with any input. Or wait: it is started once a day, and goes on with what is left.",
        ]
        metrics    = ["retention_failed", "retention_timed_out", "retention_aborted", "retention_not_started"]
        expression = "FILL(retention_failed, 0) + FILL(retention_timed_out, 0) + FILL(retention_aborted, 0) + FILL(retention_not_started, 0)", above = 0, period = 300, periods = 1
      }
    },
    { for key, alarm in local.audit_alarms : key => alarm if var.audit_hourly },
    {
      for key, function in local.functions : "${replace(key, "_", "-")}-errors" => {
        meaning = "More than half of the invocations of ${function.name} have failed for 15 minutes. The workflow retries them; what stays failed waits in the dead-letter queue."
        steps = [
          "Read the errors: the saved query ${local.prefix}/errors in CloudWatch Logs Insights. Of index_batch, those of the search domain have alarms of their own.",
          "Time-outs or exits without an error: raise function_memory_mb or function_timeout_seconds, and make apply ENV=${var.environment}",
          "Send back what was given up: make redrive ENV=${var.environment}",
        ]
        metrics    = ["${key}_errors", "${key}_invocations"]
        expression = "IF(${key}_invocations > 0, 100 * ${key}_errors / ${key}_invocations, 0)", above = 50, period = 300, periods = 3
      }
    },
    {
      for key, function in local.functions : "${replace(key, "_", "-")}-throttles" => {
        meaning = "Lambda has throttled ${function.name} for 15 minutes. The workflow waits and tries again; the queue grows."
        steps = [
          "See the account's concurrent executions: aws lambda get-account-settings",
          "Raise reserved_concurrency for it, or the account's quota.",
          "Send back what was given up: make redrive ENV=${var.environment} REASON=TooManyRequests",
        ]
        metrics = ["${key}_throttles"], above = 0, period = 300, periods = 3
      }
    },
    {
      for suffix, name in local.measured_topics : "undelivered-notifications${suffix}" => {
        meaning = "SNS could neither deliver an announcement of the topic ${name} to the queue ${local.prefix}-ingest nor put it into ${local.prefix}-dead-letter: the log that it announced is in the bucket, but is not searchable."
        steps = [
          "Remove the cause: a policy of the queues or of their key was changed, or the key is disabled; make plan ENV=${var.environment} shows it, make apply ENV=${var.environment} mends it.",
          "See what did reach the dead-letter queue: make dlq ENV=${var.environment}, then make redrive ENV=${var.environment}",
          "Index the logs of the days since then: make backfill ENV=${var.environment} FROM=… TO=… (terraform/README.md, \"Backfill\").",
        ]
        metrics = ["${local.topic_metrics[suffix]}_undelivered"], above = 0, period = 60, periods = 1
      }
    },
    # Not of the new trail's bucket, of which CloudTrail announces logs alone. Where other objects are delivered among the
    # logs, a day has some of both.
    {
      for suffix, name in local.measured_buckets : "only-ignored${suffix}" => {
        meaning = "Objects of the bucket ${name} were announced within a day, but by their keys none of them is a CloudTrail log: all were ignored, and nothing of them is searchable."
        steps = [
          "See what is there: aws s3 ls --recursive s3://${name}/ | tail",
          "Logs are taken whose keys are [<prefix>/]AWSLogs/[<organization>/]<account>/CloudTrail…/….json.gz, in this very spelling. Logs under other keys: copy them to such keys, or announce them as CloudTrail does, by a message to the queue ${local.prefix}-ingest: {\"s3Bucket\": …, \"s3ObjectKey\": […]}.",
          "The logs are in another bucket? Correct log_bucket_names, and make apply ENV=${var.environment}",
          "They come, but seldom? The first that is fetched ends this alarm. What was ignored: the saved query ${local.prefix}/ignored-messages",
        ]
        metrics    = ["${local.bucket_metrics[suffix]}_objects_ignored", "${local.bucket_metrics[suffix]}_logs_fetched"]
        expression = "IF(${local.bucket_metrics[suffix]}_objects_ignored > 0 AND FILL(${local.bucket_metrics[suffix]}_logs_fetched, 0) == 0, 1, 0)", above = 0, period = 86400, periods = 1
      } if suffix != ""
    },
  )

  # What an audit finds is a problem for as long as it is in the hours that are looked at: three of its executions.
  audit_alarms = {
    audit-altered = {
      meaning = "CloudTrail has signed logs or digests that are not what lies in the bucket, or not what was indexed: somebody has altered them."
      steps = [
        "Which ones? make audit ENV=${var.environment}, or the problems in the output of the latest execution: ${local.console_of_audit}",
        "Treat it as an incident: who wrote to the bucket? make search ENV=${var.environment} RESOURCE=<log bucket> WHAT='PutObject,DeleteObject' shows it, if data events are logged.",
        "Keep the evidence (summary.evidence in that output), and the versions of the object, if its bucket keeps them.",
      ]
      metrics    = ["logs_altered", "digests_altered"]
      expression = "FILL(logs_altered, 0) + FILL(digests_altered, 0)", above = 0, period = 3600, periods = 1
    }

    audit-gap = {
      meaning = "For some of the time that was audited there is no digest of CloudTrail's: it is missing, or a chain of digests ends or begins anew. What was delivered then is not proven to be indexed."
      steps = [
        "Which time? make audit ENV=${var.environment}",
        "Was the trail stopped, or log file validation switched off? make ask ENV=${var.environment} Q=trail-tampering",
        "A digest that somebody deleted: as of ${local.prefix}-audit-altered.",
        "Index what may have been delivered then: make backfill ENV=${var.environment} FROM=… TO=… (terraform/README.md, \"Backfill\").",
      ]
      metrics = ["digest_gaps"], above = 0, period = 3600, periods = 1
    }

    audit-not-healed = {
      meaning = "CloudTrail has signed logs that nobody has read, though an audit announced them, or that cannot be read: they are not in the bucket, or not as they were signed."
      steps = [
        "Which ones? make audit ENV=${var.environment}",
        "Announced, and not read: does the queue wait, or the Pipe not take messages? make status ENV=${var.environment}, and follow the alarms that ring beside this one.",
        "Not in the bucket: restore them from a version or a copy, then make audit ENV=${var.environment} FROM=… TO=… HEAL=1",
      ]
      metrics = ["logs_not_healed"], above = 0, period = 3600, periods = 1
    }

    audit-failed = {
      meaning = "The state machine ${local.prefix}-audit failed, timed out, was aborted or could not be started: of some hours it is not known whether all of their logs are indexed."
      steps = [
        "Open the latest execution; if it is red, its Cause says what and why: ${local.console_of_audit}",
        "StorageAccessDenied, PublicKeysUnavailable, QueueUnavailable, or no execution at all: make plan ENV=${var.environment} shows what was changed by hand, make apply mends it.",
        "Nothing else to do if the next execution succeeds, which looks at most of these hours again. Else: make audit ENV=${var.environment} FROM=… TO=… HEAL=1",
      ]
      metrics    = ["audit_failed", "audit_timed_out", "audit_aborted", "audit_not_started"]
      expression = "FILL(audit_failed, 0) + FILL(audit_timed_out, 0) + FILL(audit_aborted, 0) + FILL(audit_not_started, 0)", above = 0, period = 300, periods = 1
    }
  }

  # What is about the search domain. Names that both have mean the same of both.
  domain_alarms = {
    cloudsearch = {
      domain-throttling = {
        meaning = "The search domain has asked for fewer uploads for half an hour (503, 507, 509). The workflow retries each batch for 12 minutes on average; what outlasts that waits in the dead-letter queue."
        steps = [
          "See the domain's state: make status ENV=${var.environment}",
          "Raise search_instance_type or search_partition_count, or lower map_concurrency, and make apply ENV=${var.environment}",
          "Then send back what was given up: make redrive ENV=${var.environment} REASON=SearchThrottled",
        ]
        metrics = ["search_throttled"], above = 0, period = 300, periods = 6
      }

      domain-errors = {
        meaning = "The search domain is down, out of reach, or does not let the role ${local.prefix}-index-batch upload, for 15 minutes."
        steps = [
          "See the domain's state and the errors: make status ENV=${var.environment}",
          "SearchAccessDenied: the domain's access policy and the role's were changed; make plan ENV=${var.environment} shows it.",
          "Then send back what was given up: make redrive ENV=${var.environment} KIND=batch",
        ]
        metrics    = ["search_unavailable", "search_access_denied"]
        expression = "FILL(search_unavailable, 0) + FILL(search_access_denied, 0)", above = 0, period = 300, periods = 3
      }

      domain-nearly-full = {
        meaning = "The search domain's index is more than 80 % full. CloudSearch scales up by itself, but not while it is overloaded, and not beyond 10 partitions."
        steps = [
          "See how many instances and partitions it has: make status ENV=${var.environment}",
          "Raise search_instance_type, or with search.2xlarge search_partition_count, and make apply ENV=${var.environment}",
          "Or delete old events: CloudSearch does not expire documents.",
        ]
        metrics = ["index_utilization"], above = 80, period = 300, periods = 3
      }
    }

    opensearch = {
      domain-throttling = {
        meaning = "The search domain has asked for fewer uploads for half an hour (429). The workflow retries each batch for 12 minutes on average; what outlasts that waits in the dead-letter queue."
        steps = [
          "See the domain's state: make status ENV=${var.environment}",
          "If ${local.prefix}-domain-nearly-full rings too, the disk is full: follow that one.",
          "Raise opensearch_instance_type or opensearch_instance_count, or lower map_concurrency and reserved_concurrency, and make apply ENV=${var.environment}",
          "Then send back what was given up: make redrive ENV=${var.environment} REASON=SearchThrottled",
        ]
        metrics = ["search_throttled"], above = 0, period = 300, periods = 6
      }

      domain-errors = {
        meaning = "The search domain is down, out of reach, takes no writes, or does not let the role ${local.prefix}-index-batch upload, for 15 minutes."
        steps = [
          "See the domain's state and the errors: make status ENV=${var.environment}, and the saved query ${local.prefix}/errors",
          "SearchAccessDenied: the domain's access policy and the role's were changed; make plan ENV=${var.environment} shows it.",
          "\"this action would add … shards\": too many shards. Raise opensearch_instance_type or opensearch_instance_count, or delete the indices of old months; opensearch_shards and opensearch_replicas say how many the next month takes.",
          "Else another alarm of the domain says why.",
          "Then send back what was given up: make redrive ENV=${var.environment} KIND=batch",
        ]
        metrics    = ["search_unavailable", "search_access_denied"]
        expression = "FILL(search_unavailable, 0) + FILL(search_access_denied, 0)", above = 0, period = 300, periods = 3
      }

      # Warns at three quarters, as AWS recommends: nothing is written below the lesser of 20 % and 20 GiB.
      # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cloudwatch-alarms.html
      domain-nearly-full = {
        meaning = "A data node of the search domain has less than a quarter of its ${var.opensearch_volume_gib} GiB free. Below the lesser of 20 % and 20 GiB, the domain takes no more writes."
        steps = [
          "Raise opensearch_volume_gib (or opensearch_instance_count), and make apply ENV=${var.environment}. It is done in place.",
          "Or delete the indices of old months: they can be indexed again from the logs.",
          "Was it full? Writes are let in by themselves once there is room. Then send back what was given up: make redrive ENV=${var.environment} KIND=batch",
        ]
        metrics    = ["free_storage_mib"]
        expression = "100 - 100 * free_storage_mib / ${1024 * var.opensearch_volume_gib}", above = 75, period = 300, periods = 1
      }

      domain-writes-blocked = {
        meaning = "The search domain takes no writes: a disk is full, or its memory has been short for 30 minutes. Batches are retried for 12 minutes on average, and then wait in the dead-letter queue."
        steps = [
          "Disk full (${local.prefix}-domain-nearly-full rings): raise opensearch_volume_gib, and make apply ENV=${var.environment}",
          "Memory short (${local.prefix}-domain-memory rings): raise opensearch_instance_type.",
          "The block is lifted by itself: once there is room, or five minutes after memory has fallen to 88 %.",
          "Then send back what was given up: make redrive ENV=${var.environment} REASON=SearchUnavailable",
        ]
        metrics = ["writes_blocked"], above = 0, period = 300, periods = 1
      }

      domain-red = {
        meaning = "The search domain has lost the only copy of a part of an index, for now: whoever asks for events of that month gets an error instead of an incomplete answer, and what belongs there is retried."
        steps = [
          "See what is wrong: the domain's page in the console, Cluster health and Instance health; its own log: the saved query ${local.prefix}/search-domain",
          "A node is down: AWS replaces it by itself; wait. Disk full: raise opensearch_volume_gib.",
          "Does not turn yellow or green within an hour? Ask AWS Support to restore the index from its hourly snapshot, or index the month's logs again: make backfill ENV=${var.environment} FROM=… TO=…",
          "Then send back what was given up: make redrive ENV=${var.environment} KIND=batch",
        ]
        metrics = ["cluster_red"], above = 0, period = 60, periods = 1
      }

      domain-yellow = {
        meaning = "A copy of a part of an index has had no data node for five minutes. All is searchable and written; one more failure may lose it."
        steps = [
          "A node is down, or a change is being deployed: AWS brings it back by itself; wait.",
          "Stays yellow: fewer nodes than copies, or no room for one. See Cluster health on the domain's page in the console; raise opensearch_instance_count or opensearch_volume_gib.",
        ]
        metrics = ["cluster_yellow"], above = 0, period = 60, periods = 5
      }

      # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/handling-errors.html
      domain-memory = {
        meaning = "The memory of a data node has been more than 92 % full for 15 minutes. After 30, the search domain takes no more writes."
        steps = [
          "Raise opensearch_instance_type, or opensearch_instance_count, and make apply ENV=${var.environment}",
          "Until then, upload less at a time: lower map_concurrency and reserved_concurrency. Searches with facets over many months take memory too.",
          "About 25 shards for each GiB of heap are sound: delete the indices of old months, or raise the instance type.",
        ]
        metrics = ["memory_pressure"], above = 92, period = 300, periods = 3
      }

      # OpenSearch's own limit, cluster.max_shards_per_node; newer ones allow more where a node has more memory.
      # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-sharding.html
      domain-shards = {
        meaning = "The search domain has more than nine tenths of the shards that it takes, 1,000 for each data node. Beyond, it makes no index for another month, and its events wait."
        steps = [
          "Delete the indices of old months, or lower search_retention_days: they can be indexed again from the logs.",
          "Or raise opensearch_instance_count, and make apply ENV=${var.environment}",
          "Lower opensearch_shards or opensearch_replicas: they say how many the next month takes.",
        ]
        metrics = ["active_shards"], above = 900 * var.opensearch_instance_count, period = 300, periods = 1
      }

      # A counter since the nodes were started: what matters is that it grows.
      domain-rejects-writes = {
        meaning = "Data nodes of the search domain have rejected writes for 15 minutes, because their queues are full. The workflow retries them."
        steps = [
          "Lower map_concurrency and reserved_concurrency, and make apply ENV=${var.environment}",
          "Or raise opensearch_instance_type or opensearch_instance_count: a node writes with as many threads as it has vCPUs.",
          "Send back what was given up: make redrive ENV=${var.environment} REASON=SearchThrottled",
        ]
        metrics    = ["writes_rejected"]
        expression = "DIFF(writes_rejected)", above = 0, period = 300, periods = 3
      }

      domain-server-errors = {
        meaning = "The search domain has answered more than one request in ten with an error of its own (5xx) for five minutes."
        steps = [
          "Does ${local.prefix}-domain-red, -memory or -writes-blocked ring? Follow that one first.",
          "Read the domain's own log: the saved query ${local.prefix}/search-domain",
          "Too little memory or CPU for what is asked: raise opensearch_instance_type, and make apply ENV=${var.environment}",
          "Send back what was given up: make redrive ENV=${var.environment} REASON=SearchUnavailable",
        ]
        metrics    = ["domain_errors", "domain_requests"]
        expression = "IF(domain_requests > 0, 100 * domain_errors / domain_requests, 0)", above = 10, period = 60, periods = 5
      }

      # Both metrics only exist while there is something wrong.
      # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html#monitoring-ear
      domain-key = {
        meaning = "The search domain cannot use the key alias/${local.prefix}: it was disabled, is to be deleted, or its policy or the domain's grant was changed. Without it, the domain is lost."
        steps = [
          "At once: enable the key, or cancel its deletion: aws kms describe-key --region ${var.region} --key-id alias/${local.prefix}",
          "make plan ENV=${var.environment} shows a policy that was changed, make apply ENV=${var.environment} mends it.",
          "A grant that was retired: ask AWS Support.",
        ]
        metrics    = ["key_errors", "key_inaccessible"]
        expression = "FILL(key_errors, 0) + FILL(key_inaccessible, 0)", above = 0, period = 60, periods = 1
      }
    }
  }

  # Where logs come from, each bucket watched by itself, however they are announced: Fetch Logs counts what it has fetched.
  # Queue and topics count messages, approximately, and not whose.
  log_sources = {
    for suffix, name in local.measured_buckets : "no-logs${suffix}" => { bucket = name, metric = "${local.bucket_metrics[suffix]}_logs_fetched" }
  }
}

resource "aws_cloudwatch_metric_alarm" "runbook" {
  for_each = local.alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = join("\n", concat([each.value.meaning], [for at, step in each.value.steps : "${at + 1}. ${step}"]))
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = each.value.periods
  treat_missing_data  = try(each.value.missing, "notBreaching")
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  dynamic "metric_query" {
    for_each = try([each.value.expression], [])

    content {
      id          = "value"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id          = metric_query.value
      return_data = !can(each.value.expression)

      metric {
        namespace   = local.metrics[metric_query.value].namespace
        metric_name = local.metrics[metric_query.value].name
        dimensions  = local.metrics[metric_query.value].dimensions
        stat        = local.metrics[metric_query.value].stat
        period      = each.value.period
      }
    }
  }
}

# Alarms of their own: here it is the missing data that is alarming.
resource "aws_cloudwatch_metric_alarm" "no_logs" {
  for_each = var.alarm_no_logs_hours == null ? {} : local.log_sources

  alarm_name        = "${local.prefix}-${each.key}"
  alarm_description = <<-EOT
    No CloudTrail log of the bucket ${each.value.bucket} has been fetched for ${var.alarm_no_logs_hours} hours. CloudTrail delivers about every five minutes while anything happens in an account. Just deployed: the first log ends this alarm.
    1. Do messages or dead letters wait? make status ENV=${var.environment}. Then follow the alarms that ring beside this one.
    2. Is the trail logging? aws cloudtrail get-trail-status --region ${var.region} --name ${each.key == "no-logs" ? local.prefix : "<your trail>"}: IsLogging, LatestDeliveryError, LatestNotificationError
    3. May it still write to the bucket, use the key, publish to the topic? Does the topic or bucket still send to the queue ${local.prefix}-ingest? make plan ENV=${var.environment}
    4. Logs that were delivered without a notification: make backfill ENV=${var.environment} FROM=… TO=… (terraform/README.md, "Backfill").
  EOT

  evaluation_periods  = var.alarm_no_logs_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = each.value.metric
    return_data = true

    metric {
      namespace   = local.metrics[each.value.metric].namespace
      metric_name = local.metrics[each.value.metric].name
      dimensions  = local.metrics[each.value.metric].dimensions
      stat        = local.metrics[each.value.metric].stat
      period      = 3600
    }
  }
}

# As above: no audit, or none that proves anything.
resource "aws_cloudwatch_metric_alarm" "audit_silent" {
  count = var.audit_hourly ? 1 : 0

  alarm_name        = "${local.prefix}-audit-silent"
  alarm_description = <<-EOT
    For six hours, no audit has found a valid digest of CloudTrail's: nothing is proven to be indexed. Just deployed: digests come once an hour, and are looked at two hours later.
    1. Does the state machine run? ${local.console_of_audit}
    2. It ends in Not Proven: is log file validation on, and the trail logging? aws cloudtrail get-trail-status --region ${var.region} --name ${var.create_trail ? local.prefix : "<your trail>"}: LatestDigestDeliveryTime, LatestDigestDeliveryError
    3. There is no execution: is the schedule ${local.prefix}-audit enabled? make plan ENV=${var.environment} shows what was changed by hand.
    4. Look at the time that was left out: make audit ENV=${var.environment} FROM=… TO=… HEAL=1
  EOT

  evaluation_periods  = 6
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "digests_valid"
    return_data = true

    metric {
      namespace   = local.metrics.digests_valid.namespace
      metric_name = local.metrics.digests_valid.name
      dimensions  = local.metrics.digests_valid.dimensions
      stat        = local.metrics.digests_valid.stat
      period      = 3600
    }
  }
}

# Where nothing may be destroyed unasked, something is worth being told of.
check "alarms_reach_somebody" {
  assert {
    condition     = length(var.alarm_topic_arns) > 0 || !var.deletion_protection
    error_message = "alarm_topic_arns is empty: the alarms of ${local.prefix} will be seen in the console alone, and reach nobody."
  }
}
