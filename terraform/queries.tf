# Saved queries of CloudWatch Logs Insights. The functions' logs are JSON, one object a line, which telemetry.py describes;
# Insights has the leaves of an object as fields, with dots. Time-outs and exits are lines of Lambda's own.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html

locals {
  saved_queries = merge(local.function_queries, local.on_opensearch ? {
    # What OpenSearch itself writes: warnings, errors, and exceptions, each a line of text.
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
    search-domain = {
      steps = []
      query = <<-EOT
        parse @message /\[(?<level>[A-Z]+) *\]\[(?<logger>[^\]]+?) *\]/
        | filter level != "INFO"
        | sort @timestamp desc
        | display @timestamp, level, logger, @message
        | limit 100
      EOT
    }
  } : {})

  function_queries = {
    errors = {
      steps = keys(local.all_functions)
      query = <<-EOT
        filter level in ["WARNING", "ERROR", "CRITICAL"] or @message like /Task timed out|Runtime exited/
        | parse @message /(?<ended>Task timed out|Runtime exited)/
        | fields coalesce(error, reason.Error, ended) as name, coalesce(cause, reason.Cause, @message) as why
        | stats count(*) as times, max(@timestamp) as last, latest(why) as example by @log, message, name
        | sort times desc
      EOT
    }

    one-execution = {
      steps = keys(local.all_functions)
      query = <<-EOT
        # Put the execution's name, the last part of its ARN, between the slashes.
        filter execution like /paste-the-name-here/
        | fields coalesce(error, reason.Error) as name, coalesce(cause, reason.Cause) as why
        | sort @timestamp asc
        | display @timestamp, service, level, message, batch, documents, counts.logs, counts.records, name, why
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
      steps = keys(local.all_functions)
      query = <<-EOT
        # What a function says, and what Lambda reports of the same invocation, have the request in common.
        fields coalesce(function_request_id, @requestId) as request
        | filter ispresent(request)
        | stats max(@duration) as ms, max(@maxMemoryUsed / 1000 / 1000) as memory_mb, sortsLast(execution) as run, sortsLast(batch) as uploaded by @log, request
        | sort ms desc
        | limit 50
      EOT
    }

    ignored-messages = {
      steps = ["fetch_logs"]
      query = <<-EOT
        filter message = "fetched" and @message like /"ignored":/
        | sort @timestamp desc
        | display @timestamp, execution, counts.messages, counts.logs, ${join(", ", [for reason in local.ignored : "counts.ignored.${reason}"])}
      EOT
    }

    largest-executions = {
      steps = ["fetch_logs"]
      query = <<-EOT
        filter message = "fetched"
        | sort counts.bytes desc
        | display @timestamp, counts.bytes, counts.records, counts.logs, execution
        | limit 50
      EOT
    }
  }

  # Ignored of functions/trailsearch/logs/notifications.py.
  ignored = [
    "validation_message", "test_event", "subscription_confirmation", "digest_file", "other_object", "other_event",
    "config_notification", "eventbridge_event", "cloudwatch_alarm", "auto_scaling_notification",
  ]
}

resource "aws_cloudwatch_query_definition" "saved" {
  for_each = local.saved_queries

  name            = "${local.prefix}/${each.key}"
  log_group_names = length(each.value.steps) > 0 ? [for key in each.value.steps : aws_cloudwatch_log_group.step[key].name] : aws_cloudwatch_log_group.opensearch[*].name
  query_string    = each.value.query
}
