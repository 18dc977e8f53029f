# One page for whoever is called at night. From top to bottom: is it well, does it flow, what does it cost.

locals {
  dashboard_text = <<-EOT
    # ${local.prefix}
    Something red? `make status ENV=${var.environment}` says what, `make dlq ENV=${var.environment}` what waits and why. Remove the cause, then `make redrive ENV=${var.environment}`. Each alarm's description says what to do.

    [Executions](${local.console_of_executions}) · [Dead-letter queue](${local.console}/sqs/v3/home?region=${var.region}#/queues/${urlencode(aws_sqs_queue.dead_letter.url)}) · [Saved queries](${local.console}/cloudwatch/home?region=${var.region}#logsV2:logs-insights)
  EOT

  # Four graphs a row. Each shows some of local.metrics: label and name.
  dashboard_graphs = [
    { title = "Events indexed", metrics = [["events", "events_indexed"]] },
    { title = "Lag from delivery to searchable (s)", metrics = [["p50", "delivery_lag_p50"], ["p99", "delivery_lag_p99"]] },
    { title = "Dead letters waiting", metrics = [["dead letters", "dead_letters"]] },
    {
      title = "Executions"
      metrics = [
        ["succeeded", "executions_succeeded"], ["failed", "executions_failed"],
        ["timed out", "executions_timed_out"], ["aborted", "executions_aborted"],
      ]
    },

    { title = "Ingest queue: messages", metrics = [["waiting", "messages_waiting"], ["in flight", "messages_in_flight"]] },
    { title = "Ingest queue: age of the oldest (s)", metrics = [["oldest", "oldest_message"]] },
    { title = "Pipe", metrics = [["invocations", "pipe_invocations"], ["failed", "pipe_failed"], ["throttled", "pipe_throttled"]] },
    { title = "Lag from the event to searchable (s)", metrics = [["p50", "event_lag_p50"], ["p99", "event_lag_p99"]] },

    {
      title = "Uploads that the domain did not take"
      metrics = [
        ["throttled", "search_throttled"], ["unavailable", "search_unavailable"], ["denied", "search_access_denied"],
        ["documents refused", "documents_refused"],
      ]
    },
    { title = "Search domain: documents", metrics = [["searchable", "searchable_documents"]] },
    { title = "Search domain: index used (%), partitions", metrics = [["index", "index_utilization"], ["partitions", "partitions"]] },
    {
      title = "Functions: errors and throttles"
      metrics = concat(
        [for key in keys(local.functions) : ["${key} errors", "${key}_errors"]],
        [for key in keys(local.functions) : ["${key} throttles", "${key}_throttles"]],
      )
    },

    { title = "Cost: batches uploaded", metrics = [["batches", "batches_indexed"]] },
    { title = "Cost: state transitions (whole account)", metrics = [["transitions", "state_transitions"]] },
    { title = "Cost: Lambda duration (ms)", metrics = [for key in keys(local.functions) : [key, "${key}_duration"]] },
    { title = "Cost: logs ingested (bytes)", metrics = [for key in keys(local.log_group_names) : [key, "${key}_log_bytes"]] },
  ]

  dashboard_graph_height = 6
}

resource "aws_cloudwatch_dashboard" "pipeline" {
  dashboard_name = local.prefix
  dashboard_body = jsonencode({
    start          = "-PT6H"
    periodOverride = "inherit"
    widgets = concat(
      [
        { type = "text", x = 0, y = 0, width = 24, height = 3, properties = { markdown = local.dashboard_text } },
        {
          type = "alarm", x = 0, y = 3, width = 24, height = 3
          properties = {
            title  = "Alarms"
            alarms = concat(values(aws_cloudwatch_metric_alarm.runbook)[*].arn, aws_cloudwatch_metric_alarm.no_logs[*].arn)
          }
        },
      ],
      [
        for at, graph in local.dashboard_graphs : {
          type   = "metric"
          x      = at % 4 * 6
          y      = 6 + floor(at / 4) * local.dashboard_graph_height
          width  = 6
          height = local.dashboard_graph_height
          properties = {
            title  = graph.title
            region = var.region
            period = 300
            view   = "timeSeries"
            yAxis  = { left = { min = 0 } }
            metrics = [
              for metric in graph.metrics : concat(
                [local.metrics[metric[1]].namespace, local.metrics[metric[1]].name],
                flatten([for name, value in local.metrics[metric[1]].dimensions : [name, value]]),
                [{ label = metric[0], stat = local.metrics[metric[1]].stat }],
              )
            ]
          }
        }
      ],
    )
  })
}
