resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name        = "${local.prefix}-dead-letters"
  alarm_description = <<-EOT
    Something could not be made searchable and waits in the dead-letter queue ${local.prefix}-dead-letter (for at most 14 days).
    1. See what and why: make dlq ENV=${var.environment}
    2. Remove the cause. The execution that each dead letter names shows the failing state.
    3. Send it back: make redrive ENV=${var.environment}
  EOT

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letter.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "undelivered_failed_executions" {
  alarm_name        = "${local.prefix}-undelivered-failed-executions"
  alarm_description = <<-EOT
    An execution timed out, was aborted or failed, and EventBridge could not put its messages into the dead-letter queue ${local.prefix}-dead-letter.
    1. Remove the cause: the policy of the queue or of its key no longer lets the rule ${local.prefix}-failed-executions send, or the key is disabled.
    2. Find the executions of the state machine ${local.prefix}-index-logs that ended as Timed out, Aborted or Failed since, and are not in: make dlq ENV=${var.environment}
    3. Start each again, in the console by "New execution" on its page, which takes the same input. What is indexed already stays as it is.
    Step Functions keeps executions for 90 days.
  EOT

  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.failed_executions.name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
