# Amazon OpenSearch Service as the search domain.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_iam_role.step["index_batch"]
  values = { arn = "arn:aws:iam::111122223333:role/trailsearch-test-index-batch" }
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "search_domain" {
  # Nothing of CloudSearch
  assert {
    condition     = length(aws_cloudsearch_domain.events) + length(aws_cloudsearch_domain_service_access_policy.events) == 0
    error_message = "Beside OpenSearch there must be nothing of CloudSearch."
  }

  assert {
    condition = {
      for key, function in aws_lambda_function.step : key => { for name, value in one(function.environment).variables : name => value if startswith(name, "SEARCH_") }
      } == {
      admit_messages = {}
      fetch_logs     = {}
      plan_backfill  = {}
      split_records  = { SEARCH_BACKEND = "opensearch", SEARCH_MAX_BATCH_BYTES = "3000000" }
      index_batch = {
        SEARCH_BACKEND  = "opensearch"
        SEARCH_ENDPOINT = aws_opensearch_domain.events[0].endpoint
        SEARCH_SHARDS   = "1"
        SEARCH_REPLICAS = "0"
      }
    }
    error_message = "The functions must be told of OpenSearch: how large its batches are, where it takes them, and what the template says."
  }

  assert {
    condition     = [output.search_backend, output.search_domain_name, output.search_endpoint] == ["opensearch", "trailsearch-test", aws_opensearch_domain.events[0].endpoint]
    error_message = "Outputs must name OpenSearch's domain, and its endpoint."
  }

  # Domain
  assert {
    condition     = aws_opensearch_domain.events[0].engine_version == "OpenSearch_3.5"
    error_message = "The engine's version must be set: the provider's default is years old."
  }

  assert {
    condition     = one(aws_opensearch_domain.events[0].encrypt_at_rest).enabled && one(aws_opensearch_domain.events[0].encrypt_at_rest).kms_key_id == aws_kms_key.pipeline.arn && one(aws_opensearch_domain.events[0].node_to_node_encryption).enabled
    error_message = "The index must be encrypted with the pipeline's key, and on its way between nodes."
  }

  assert {
    condition     = one(aws_opensearch_domain.events[0].domain_endpoint_options).enforce_https && one(aws_opensearch_domain.events[0].domain_endpoint_options).tls_security_policy == "Policy-Min-TLS-1-2-PFS-2023-10"
    error_message = "The domain must refuse HTTP, and TLS below 1.2."
  }

  assert {
    condition     = one(aws_opensearch_domain.events[0].ebs_options).volume_type == "gp3" && one(aws_opensearch_domain.events[0].ebs_options).volume_size == 20
    error_message = "Data nodes have gp3 volumes."
  }

  assert {
    condition     = !one(aws_opensearch_domain.events[0].cluster_config).zone_awareness_enabled && length(one(aws_opensearch_domain.events[0].cluster_config).zone_awareness_config) == 0 && !one(aws_opensearch_domain.events[0].cluster_config).dedicated_master_enabled
    error_message = "One node is in one Availability Zone, and its own master."
  }

  assert {
    condition     = one(aws_opensearch_domain.events[0].auto_tune_options).desired_state == "DISABLED"
    error_message = "AWS refuses Auto-Tune on burstable instances."
  }

  assert {
    condition     = [for log in aws_opensearch_domain.events[0].log_publishing_options : [log.log_type, log.cloudwatch_log_group_arn]] == [["ES_APPLICATION_LOGS", aws_cloudwatch_log_group.opensearch[0].arn]]
    error_message = "What OpenSearch writes of errors must be kept."
  }

  assert {
    condition     = aws_cloudwatch_log_group.opensearch[0].kms_key_id == aws_kms_key.pipeline.arn && aws_cloudwatch_log_group.opensearch[0].retention_in_days == var.log_group_retention_days
    error_message = "The domain's log must be encrypted with the pipeline's key, and not kept for ever."
  }

  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.pipeline_key.statement : contains(one(statement.condition).values, "arn:aws:logs:us-east-1:111122223333:log-group:${aws_cloudwatch_log_group.opensearch[0].name}") if statement.sid == "LogGroups"
    ])
    error_message = "CloudWatch Logs must be able to use the key for the domain's log."
  }

  assert {
    condition     = endswith(local.opensearch_domain_arn, ":domain/${aws_opensearch_domain.events[0].domain_name}")
    error_message = "The ARN in the policies names another domain."
  }
}

run "production" {
  variables {
    opensearch_instance_type  = "or2.medium.search"
    opensearch_instance_count = 3
    opensearch_zone_count     = 3
    opensearch_replicas       = 1
    opensearch_shards         = 2
  }

  assert {
    condition     = one(aws_opensearch_domain.events[0].cluster_config).zone_awareness_enabled && one(one(aws_opensearch_domain.events[0].cluster_config).zone_awareness_config).availability_zone_count == 3
    error_message = "Data nodes must be in three Availability Zones."
  }

  assert {
    condition     = one(aws_opensearch_domain.events[0].auto_tune_options).desired_state == "ENABLED"
    error_message = "All but burstable instances are tuned by AWS."
  }

  assert {
    condition     = one(aws_lambda_function.step["split_records"].environment).variables.SEARCH_MAX_BATCH_BYTES == "5000000"
    error_message = "All but burstable instances take batches of 5 MB."
  }

  assert {
    condition     = one(aws_lambda_function.step["index_batch"].environment).variables.SEARCH_SHARDS == "2" && one(aws_lambda_function.step["index_batch"].environment).variables.SEARCH_REPLICAS == "1"
    error_message = "The template is made of these."
  }
}

run "standby" {
  command = plan

  variables {
    opensearch_instance_type        = "m7g.large.search"
    opensearch_instance_count       = 3
    opensearch_zone_count           = 3
    opensearch_replicas             = 2
    opensearch_standby              = true
    opensearch_master_instance_type = "m7g.medium.search"
  }

  assert {
    condition = (
      one(aws_opensearch_domain.events[0].cluster_config).multi_az_with_standby_enabled &&
      one(aws_opensearch_domain.events[0].cluster_config).dedicated_master_count == 3 &&
      one(aws_opensearch_domain.events[0].cluster_config).dedicated_master_type == "m7g.medium.search"
    )
    error_message = "Multi-AZ with Standby has three dedicated masters."
  }
}

run "access_policy_and_waits" {
  # Access policy
  assert {
    condition = {
      for statement in data.aws_iam_policy_document.opensearch_domain[0].statement : statement.sid => [sort(statement.actions), sort(statement.resources), sort(one(statement.principals).identifiers)]
      } == {
      IndexBatchUploads              = [tolist(["es:ESHttpPost"]), tolist(["arn:aws:es:us-east-1:111122223333:domain/trailsearch-test/_bulk"]), tolist([aws_iam_role.step["index_batch"].arn])]
      IndexBatchMakesTemplate        = [tolist(["es:ESHttpGet", "es:ESHttpPut"]), tolist(["arn:aws:es:us-east-1:111122223333:domain/trailsearch-test/_index_template/trailsearch-test-events"]), tolist([aws_iam_role.step["index_batch"].arn])]
      IndexBatchReadsAndAddsMappings = [tolist(["es:ESHttpGet", "es:ESHttpPut"]), tolist(["arn:aws:es:us-east-1:111122223333:domain/trailsearch-test/trailsearch-test-events-*/_mapping"]), tolist([aws_iam_role.step["index_batch"].arn])]
    }
    error_message = "Without search_principal_arns, index_batch's role must be the only principal."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.opensearch_domain[0].statement : [statement.sid, statement.actions, statement.resources]
      ] == [
      for statement in data.aws_iam_policy_document.every_step["index_batch"].statement : [statement.sid, statement.actions, statement.resources] if startswith(statement.sid, "IndexBatch")
    ]
    error_message = "index_batch's role must be let in by its own policy, too, which takes effect at once."
  }

  # Waits
  assert {
    condition     = aws_opensearch_domain.events[0].timeouts.create == "2h" && aws_opensearch_domain.events[0].timeouts.update == "12h" && aws_opensearch_domain.events[0].timeouts.delete == "2h"
    error_message = "AWS takes half an hour for a domain, and hours to move what it holds to new instances."
  }
}

run "named_principals_search" {
  variables {
    search_principal_arns = ["arn:aws:iam::111122223333:role/auditor"]
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.opensearch_domain[0].statement : [sort(statement.actions), sort(statement.resources)] if contains(one(statement.principals).identifiers, "arn:aws:iam::111122223333:role/auditor")
      ] == [[
        tolist(["es:ESHttpGet", "es:ESHttpPost"]),
        tolist([for operation in ["_count", "_search"] : "arn:aws:es:us-east-1:111122223333:domain/trailsearch-test/trailsearch-test-events-*/${operation}"]),
    ]]
    error_message = "search_principal_arns may search and count, and nothing else."
  }
}

run "alarms_are_runbooks" {
  variables {
    alarm_topic_arns = ["arn:aws:sns:us-east-1:111122223333:on-call"]
  }

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
}

run "what_rings" {
  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.runbook : name => toset([
        for query in alarm.metric_query : join(" ", concat([query.metric[0].namespace, join(" ", values(query.metric[0].dimensions)), query.metric[0].metric_name, query.metric[0].stat])) if length(query.metric) == 1
      ]) if startswith(name, "domain-")
      } == {
      domain-throttling     = toset(["Trailsearch test index_batch SearchThrottled Sum"])
      domain-errors         = toset([for why in ["SearchUnavailable", "SearchAccessDenied"] : "Trailsearch test index_batch ${why} Sum"])
      domain-nearly-full    = toset(["AWS/ES 111122223333 trailsearch-test FreeStorageSpace Minimum"])
      domain-writes-blocked = toset(["AWS/ES 111122223333 trailsearch-test ClusterIndexWritesBlocked Maximum"])
      domain-red            = toset(["AWS/ES 111122223333 trailsearch-test ClusterStatus.red Maximum"])
      domain-yellow         = toset(["AWS/ES 111122223333 trailsearch-test ClusterStatus.yellow Maximum"])
      domain-memory         = toset(["AWS/ES 111122223333 trailsearch-test JVMMemoryPressure Maximum"])
      domain-shards         = toset(["AWS/ES 111122223333 trailsearch-test Shards.active Maximum"])
      domain-rejects-writes = toset(["AWS/ES 111122223333 trailsearch-test ThreadpoolWriteRejected Sum"])
      domain-server-errors  = toset([for name in ["5xx", "OpenSearchRequests"] : "AWS/ES 111122223333 trailsearch-test ${name} Sum"])
      domain-key            = toset([for name in ["KMSKeyError", "KMSKeyInaccessible"] : "AWS/ES 111122223333 trailsearch-test ${name} Maximum"])
    }
    error_message = "These are OpenSearch's alarms, and what they watch."
  }

  # 20 GiB, of which a quarter is 5,120 MiB.
  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.runbook["domain-nearly-full"].metric_query : query.expression if query.expression != null] == ["100 - 100 * free_storage_mib / 20480"] && aws_cloudwatch_metric_alarm.runbook["domain-nearly-full"].threshold == 75
    error_message = "Before the disk is full, it must ring."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.runbook["domain-shards"].threshold == 900
    error_message = "Before there is no room for another shard, 1,000 on each data node, it must ring."
  }
}

run "alarms_of_the_longest_name" {
  command = plan

  variables {
    environment               = "sixteen--letters"
    region                    = "eu-central-1"
    search_retention_days     = 7300
    opensearch_instance_count = 80
    opensearch_volume_gib     = 36864
    opensearch_instance_type  = "or2.16xlarge.search"
    log_bucket_names          = ["noticed-logs"]
    log_bucket_notifications  = [{ bucket = "noticed-logs" }]
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.runbook), values(aws_cloudwatch_metric_alarm.no_logs)) : length(alarm.alarm_description) <= 1024])
    error_message = "Alarms' descriptions must fit into 1,024 characters (a limit of CloudWatch) whatever the environment is named."
  }
}

run "dashboard_saved_queries_and_log" {
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

  # Log of the domain
  assert {
    condition     = aws_cloudwatch_query_definition.saved["search-domain"].log_group_names == tolist([aws_cloudwatch_log_group.opensearch[0].name])
    error_message = "There must be a query of the domain's own log."
  }
}
