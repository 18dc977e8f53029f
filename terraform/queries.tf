# Saved queries of CloudWatch Logs Insights: the functions' logs are JSON, one object a line (functions/trailsearch/telemetry.py).

locals {
  saved_queries = {
    errors = {
      steps = keys(local.functions)
      query = <<-EOT
        filter level in ["WARNING", "ERROR", "CRITICAL"] or @message like /Task timed out|Runtime\./
        | stats count(*) as times, latest(@timestamp) as last, latest(cause) as example by service, message, error
        | sort times desc
      EOT
    }

    one-execution = {
      steps = keys(local.functions)
      query = <<-EOT
        # Put the execution's name, the last part of its ARN, between the slashes.
        filter execution like /paste-the-name-here/
        | sort @timestamp asc
        | display @timestamp, service, level, message, batch, documents, counts.logs, counts.records, error, cause
      EOT
    }

    throttled-uploads = {
      steps = ["index_batch"]
      query = <<-EOT
        filter message = "failed" and error in ["SearchThrottled", "SearchUnavailable"]
        | stats count(*) as uploads, count_distinct(execution) as executions by error, bin(5m)
      EOT
    }

    slowest-invocations = {
      steps = keys(local.functions)
      query = <<-EOT
        filter @type = "REPORT"
        | stats max(@duration) as slowest_ms, pct(@duration, 50) as median_ms, max(@maxMemoryUsed / 1000 / 1000) as memory_mb by @log
        | sort slowest_ms desc
      EOT
    }

    ignored-messages = {
      steps = ["fetch_logs"]
      query = <<-EOT
        filter message = "fetched" and ispresent(counts.ignored)
        | display @timestamp, execution, counts.messages, counts.logs, counts.ignored
        | sort @timestamp desc
      EOT
    }

    largest-executions = {
      steps = ["fetch_logs"]
      query = <<-EOT
        filter message = "fetched"
        | display @timestamp, counts.bytes, counts.records, counts.logs, execution
        | sort counts.bytes desc
        | limit 50
      EOT
    }
  }
}

resource "aws_cloudwatch_query_definition" "saved" {
  for_each = local.saved_queries

  name            = "${local.prefix}/${each.key}"
  log_group_names = [for key in each.value.steps : aws_cloudwatch_log_group.step[key].name]
  query_string    = each.value.query
}
