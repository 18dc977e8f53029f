# One page for whoever is called at night. From top to bottom: is it well, what to do, does it flow, what does it cost.

locals {
  dashboard_text = <<-EOT
    **${local.prefix}.** Something red? Its alarm's description says what to do, step by step. `make dlq ENV=${var.environment}` lists what waits and why; remove the cause, then `make redrive ENV=${var.environment}`. Nothing is lost: what fails waits for 14 days.

    [Executions](${local.console_of_executions}) · [Dead-letter queue](${local.console}/sqs/v3/home?region=${var.region}#/queues/${urlencode(aws_sqs_queue.dead_letter.url)}) · [Alarms](${local.console}/cloudwatch/home?region=${var.region}#alarmsV2:) · [Logs Insights](${local.console}/cloudwatch/home?region=${var.region}#logsV2:logs-insights), saved queries under ${local.prefix} · [Traces](${local.console}/cloudwatch/home?region=${var.region}#xray:traces)
  EOT

  # What the retention takes and writes once a day is too little to be shown, and so are the errors that Pipe and search
  # domain write; if there are any, alarms ring.
  # A graph shows some of local.metrics, as label and name, or expressions over metrics that are not shown themselves;
  # and as a line the threshold of the alarm that watches them.
  dashboard_rows = concat([
    {
      title = "Health"
      graphs = [
        { title = "Dead letters", metrics = [["waiting", "dead_letters"], ["somebody looks at them", "dead_letters_in_flight"]] },
        {
          title = "Executions by outcome"
          metrics = [
            ["succeeded", "executions_succeeded"], ["failed", "executions_failed"],
            ["timed out", "executions_timed_out"], ["aborted", "executions_aborted"],
          ]
        },
        { title = "Ingest queue: age of the oldest message (s)", metrics = [["oldest", "oldest_message"]], alarm = "oldest-message" },
        { title = "Lag from delivery to searchable (s)", metrics = [["p50", "delivery_lag_p50"], ["p99", "delivery_lag_p99"]], alarm = "lag" },
      ]
    },
    {
      title = "Flow"
      graphs = [
        {
          title = "Events indexed${local.retention ? ", events deleted" : ""}"
          metrics = concat(
            [[local.retention ? "indexed" : "events", "events_indexed"]],
            local.retention ? [["deleted", "events_deleted"]] : [],
          )
        },
        { title = "Ingest queue: messages", metrics = [["waiting", "messages_waiting"], ["in flight", "messages_in_flight"]] },
        {
          title   = "Pipe: executions that it could not start"
          metrics = [["failed", "pipe_failed"], ["timed out", "pipe_timed_out"], ["throttled", "pipe_throttled"]]
        },
        { title = "Lag from the event to searchable (s)", metrics = [["p50", "event_lag_p50"], ["p99", "event_lag_p99"]] },
      ]
    },
    ], local.domain_rows[var.search_backend], [
    {
      # S3 measures requests only for a fee. There is about one GET for each log, and a PUT and a GET for each batch.
      title = "What costs"
      graphs = [
        {
          title = "Logs fetched, what was ignored, batches uploaded"
          metrics = concat(
            [for suffix, name in local.measured_buckets : ["logs of ${name}", "${local.bucket_metrics[suffix]}_logs_fetched"]],
            [for suffix, name in local.measured_buckets : ["ignored of ${name}", "${local.bucket_metrics[suffix]}_objects_ignored"] if suffix != ""],
            [["objects ignored", "objects_ignored"], ["messages ignored", "messages_ignored"]],
            [["batches", "batches_indexed"]],
          )
        },
        { title = "State transitions (of the whole account)", metrics = [["transitions", "state_transitions"]] },
        {
          title       = "Lambda (GB-seconds)"
          metrics     = []
          expressions = [for key, function in local.functions : [key, "${key}_duration / 1000 * ${function.memory_mb} / 1024"]]
          over        = [for key in keys(local.functions) : "${key}_duration"]
        },
        { title = "Logs written (bytes)", metrics = [for key in concat(keys(local.functions), ["workflow"]) : [key, "${key}_log_bytes"]] },
      ]
    },
  ])

  domain_rows = {
    cloudsearch = [
      {
        title = "Search domain and functions"
        graphs = [
          local.uploads_graph,
          { title = "Index used (%), partitions", metrics = [["index", "index_utilization"], ["partitions", "partitions"]], alarm = "domain-nearly-full" },
          { title = "Searchable documents", metrics = [["documents", "searchable_documents"]] },
          local.functions_graph,
        ]
      },
    ]

    opensearch = [
      {
        title = "Search domain"
        graphs = [
          {
            title = "Cluster: red, yellow, writes blocked"
            metrics = [
              ["red", "cluster_red"], ["yellow", "cluster_yellow"], ["writes blocked", "writes_blocked"],
            ]
          },
          {
            title       = "Storage used (%), on the fullest data node"
            metrics     = []
            expressions = [["used", local.domain_alarms.opensearch.domain-nearly-full.expression]]
            over        = ["free_storage_mib"]
            alarm       = "domain-nearly-full"
          },
          { title = "Memory used (%), on the fullest data node", metrics = [["memory", "memory_pressure"]], alarm = "domain-memory" },
          { title = "Searchable documents", metrics = [["documents", "searchable_documents"]] },
        ]
      },
      {
        title = "Search domain: what comes next"
        graphs = [
          {
            title       = "Writes that data nodes rejected"
            metrics     = []
            expressions = [["rejected", local.domain_alarms.opensearch.domain-rejects-writes.expression]]
            over        = ["writes_rejected"]
          },
          { title = "Shards", metrics = [["active", "active_shards"]], alarm = "domain-shards" },
          { title = "Requests to the domain", metrics = [["requests", "domain_requests"], ["answered with 5xx", "domain_errors"]] },
          { title = "The domain's key", metrics = [["errors", "key_errors"], ["inaccessible", "key_inaccessible"]] },
        ]
      },
      { title = "Uploads and functions", graphs = [local.uploads_graph, local.functions_graph] },
    ]
  }

  uploads_graph = {
    title = "Uploads that the domain did not take (the workflow retries the first two)"
    metrics = [
      ["throttled", "search_throttled"], ["unavailable", "search_unavailable"], ["denied", "search_access_denied"],
      ["documents refused", "documents_refused"],
    ]
  }

  functions_graph = {
    title = "Functions: errors and throttles"
    metrics = concat(
      [for key in keys(local.functions) : ["${key} errors", "${key}_errors"]],
      [for key in keys(local.functions) : ["${key} throttles", "${key}_throttles"]],
    )
  }

  # A dashboard of its own: the other one has as many metrics as a dashboard may have before CloudWatch asks for more.
  audit_rows = [
    {
      title = "Is every log indexed that CloudTrail has signed? Of the latest three hours, up to two hours ago"
      graphs = [
        { title = "Signed logs, and those indexed unaltered", metrics = [["signed", "logs_signed"], ["indexed unaltered", "logs_unaltered"]] },
        {
          title = "Logs that nobody was told of"
          metrics = [
            ["missing", "logs_missing"], ["healed", "logs_healed"], ["not healed", "logs_not_healed"],
          ]
        },
        { title = "Logs altered, dead-lettered", metrics = [["altered", "logs_altered"], ["dead-lettered", "logs_dead_lettered"]] },
        {
          title = "Digests"
          metrics = [
            ["valid", "digests_valid"], ["altered", "digests_altered"], ["gaps", "digest_gaps"],
            ["not validated", "not_validated"],
          ]
        },
      ]
    },
    {
      title = "Audits"
      graphs = [
        {
          title = "Executions by outcome"
          metrics = [
            ["succeeded", "audit_succeeded"], ["failed", "audit_failed"], ["timed out", "audit_timed_out"],
            ["aborted", "audit_aborted"], ["not started", "audit_not_started"],
          ]
        },
      ]
    },
  ]

  audit_text = <<-EOT
    **${local.prefix}, audit.** It proves that every delivered log is indexed, not that CloudTrail recorded every call. Something red? Its alarm's description says what to do. What was missing is announced again by itself; `make audit ENV=${var.environment}` names everything that is not well.

    [Executions](${local.console_of_audit}), whose output says where the evidence is · [Dashboard of the pipeline](${local.console}/cloudwatch/home?region=${var.region}#dashboards/dashboard/${local.prefix})
  EOT

  rows_of_dashboards = merge({ pipeline = local.dashboard_rows }, var.audit_hourly ? { audit = local.audit_rows } : {})

  # A metric as dashboards write it: namespace, name, dimensions.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
  dashboard_metrics = {
    for key, metric in local.metrics :
    key => concat([metric.namespace, metric.name], flatten([for name, value in metric.dimensions : [name, value]]))
  }

  dashboard_alarms = {
    type = "alarm", x = 0, y = 0, width = 24, height = 4
    properties = {
      title  = "Alarms"
      sortBy = "stateUpdatedTimestamp" # Those that ring come first.
      alarms = concat(values(aws_cloudwatch_metric_alarm.runbook)[*].arn, values(aws_cloudwatch_metric_alarm.no_logs)[*].arn, aws_cloudwatch_metric_alarm.audit_silent[*].arn)
    }
  }

  dashboard_next = {
    type       = "text", x = 0, y = 4, width = 24, height = 3
    properties = { markdown = local.dashboard_text }
  }

  dashboard_titles = {
    for name, rows in local.rows_of_dashboards : name => [
      for at, row in rows : {
        type       = "text", x = 0, y = 7 * (at + 1), width = 24, height = 1
        properties = { markdown = "## ${row.title}" }
      }
    ]
  }

  dashboard_graphs = {
    for name, rows in local.rows_of_dashboards : name => flatten([
      for at, row in rows : [
        for column, graph in row.graphs : {
          type = "metric", x = 6 * column, y = 7 * (at + 1) + 1, width = 6, height = 6
          properties = {
            title  = graph.title
            region = var.region
            period = name == "audit" ? 3600 : 300
            view   = "timeSeries"
            yAxis  = { left = { min = 0 } }
            annotations = {
              horizontal = [for alarm in try([graph.alarm], []) : { label = "alarm", value = local.alarms[alarm].above }]
            }
            metrics = concat(
              [for shown in graph.metrics : concat(local.dashboard_metrics[shown[1]], [{ label = shown[0], stat = local.metrics[shown[1]].stat }])],
              [for key in try(graph.over, []) : concat(local.dashboard_metrics[key], [{ id = key, stat = local.metrics[key].stat, visible = false }])],
              [for shown in try(graph.expressions, []) : [{ label = shown[0], expression = shown[1] }]],
            )
          }
        }
      ]
    ])
  }
}

resource "aws_cloudwatch_dashboard" "pipeline" {
  dashboard_name = local.prefix
  dashboard_body = jsonencode({
    start          = "-PT6H"
    periodOverride = "inherit"
    widgets        = concat([local.dashboard_alarms, local.dashboard_next], local.dashboard_titles.pipeline, local.dashboard_graphs.pipeline)
  })
}

resource "aws_cloudwatch_dashboard" "audit" {
  count = var.audit_hourly ? 1 : 0

  dashboard_name = "${local.prefix}-audit"
  dashboard_body = jsonencode({
    start          = "-P7D"
    periodOverride = "inherit"
    widgets = concat(
      [
        {
          type = "alarm", x = 0, y = 0, width = 24, height = 4
          properties = {
            title  = "Alarms"
            sortBy = "stateUpdatedTimestamp"
            alarms = concat([for key in keys(local.audit_alarms) : aws_cloudwatch_metric_alarm.runbook[key].arn], aws_cloudwatch_metric_alarm.audit_silent[*].arn)
          }
        },
        { type = "text", x = 0, y = 4, width = 24, height = 3, properties = { markdown = local.audit_text } },
      ],
      local.dashboard_titles.audit, local.dashboard_graphs.audit,
    )
  })
}
