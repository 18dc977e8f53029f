locals {
  console_domains = {
    aws        = "console.aws.amazon.com"
    aws-us-gov = "console.amazonaws-us-gov.com"
    aws-cn     = "console.amazonaws.cn"
  }
  console = "https://${var.region}.${local.console_domains[local.partition]}"
}

output "state_machine_url" {
  description = "The workflow's executions in the AWS console."
  value       = "${local.console}/states/home?region=${var.region}#/statemachines/view/${aws_sfn_state_machine.index_logs.arn}"
}

output "retention_url" {
  description = "The executions that delete expired events, in the AWS console; null without search_retention_days."
  value       = local.retention ? local.console_of_retention : null
}

output "retention_state_machine_arn" {
  description = "The state machine that deletes expired events; null without search_retention_days."
  value       = one(aws_sfn_state_machine.retention[*].arn)
}

output "backfill_url" {
  description = "The executions that plan and run backfills, in the AWS console."
  value       = "${local.console}/states/home?region=${var.region}#/statemachines/view/${aws_sfn_state_machine.backfill.arn}"
}

output "audit_url" {
  description = "The executions that audit, in the AWS console; null without audit_hourly."
  value       = var.audit_hourly ? local.console_of_audit : null
}

output "audit_state_machine_arn" {
  description = "The state machine that audits; null without audit_hourly."
  value       = one(aws_sfn_state_machine.audit[*].arn)
}

output "audit_logs_role_arn" {
  description = "The role that log buckets and keys of other accounts must let list and read for an audit; null without audit_hourly."
  value       = var.audit_hourly ? aws_iam_role.step["audit_logs"].arn : null
}

output "plan_backfill_role_arn" {
  description = "The role that log buckets of other accounts must let list for a backfill."
  value       = aws_iam_role.step["plan_backfill"].arn
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = "${local.console}/cloudwatch/home?region=${var.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.pipeline.dashboard_name}"
}

output "audit_dashboard_url" {
  description = "The dashboard of the audit in the AWS console; null without audit_hourly."
  value       = var.audit_hourly ? "${local.console}/cloudwatch/home?region=${var.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.audit[0].dashboard_name}" : null
}

output "dead_letter_queue_console_url" {
  description = "The dead-letter queue in the AWS console, with its button \"Start DLQ redrive\"."
  value       = "${local.console}/sqs/v3/home?region=${var.region}#/queues/${urlencode(aws_sqs_queue.dead_letter.url)}"
}

output "state_machine_arn" {
  description = "The workflow."
  value       = aws_sfn_state_machine.index_logs.arn
}

output "search_backend" {
  description = "What the search domain is of: opensearch or cloudsearch."
  value       = var.search_backend
}

output "search_endpoint" {
  description = "Where the search domain takes searches."
  value       = local.search_endpoint
}

output "search_domain_name" {
  description = "The search domain."
  value       = local.search_domain_name
}

output "log_bucket_names" {
  description = "Buckets that logs are read from."
  value       = local.log_bucket_names
}

output "staging_bucket_name" {
  description = "The bucket with the staged records and batches that dead letters point at."
  value       = aws_s3_bucket.staging.bucket
}

output "topic_arn" {
  description = "The topic on which the new trail announces logs; null with create_trail = false."
  value       = one(aws_sns_topic.logs[*].arn)
}

output "ingest_queue_arn" {
  description = "The ingest queue, for event notifications of existing log buckets."
  value       = aws_sqs_queue.ingest.arn
}

output "ingest_queue_url" {
  description = "The ingest queue."
  value       = aws_sqs_queue.ingest.url
}

output "dead_letter_queue_url" {
  description = "The queue with what could not be made searchable."
  value       = aws_sqs_queue.dead_letter.url
}

output "fetch_logs_role_arn" {
  description = "The role that log buckets and keys of other accounts must let read."
  value       = aws_iam_role.step["fetch_logs"].arn
}

output "subscribe_commands" {
  description = "Commands that subscribe the ingest queue to the topics of log_topic_arns in other Regions; run each once, with credentials of this account."
  value = [
    for arn in local.remote_topic_arns :
    "aws sns subscribe --region ${split(":", arn)[3]} --topic-arn ${arn} --protocol sqs --notification-endpoint ${aws_sqs_queue.ingest.arn} --attributes ${contains(var.shared_log_topic_arns, arn) ? local.shared_subscription_attributes : "RawMessageDelivery=true"}"
  ]
}

output "commands" {
  description = "What to do next."
  value = {
    verify  = "make verify ENV=${var.environment}"
    status  = "make status ENV=${var.environment}"
    search  = "make search ENV=${var.environment} QUERY=matchall FACETS=event_source,event_name"
    dlq     = "make dlq ENV=${var.environment}"
    redrive = "make redrive ENV=${var.environment}"
  }
}
