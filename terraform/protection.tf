# What "terraform destroy" is refused by. It depends on all that nothing else depends on, and so on everything: it is the
# first to be destroyed, and if it refuses, nothing is. (prevent_destroy takes no variable.)

resource "terraform_data" "deletion_protection" {
  input = var.deletion_protection

  provisioner "local-exec" {
    when = destroy
    command = self.input ? join(" ", [
      "echo 'Refused: deletion_protection is true. To delete this environment and its audit data,",
      "set deletion_protection = false and force_destroy = true, apply, and destroy again.' >&2; exit 1",
    ]) : "true"
  }

  depends_on = [
    aws_cloudsearch_domain_service_access_policy.events,
    aws_cloudtrail.audit,
    aws_cloudwatch_dashboard.pipeline,
    aws_cloudwatch_event_target.failed_executions,
    aws_cloudwatch_query_definition.saved,
    aws_kms_alias.logs,
    aws_kms_alias.pipeline,
    aws_pipes_pipe.ingest,
    aws_s3_bucket_lifecycle_configuration.logs,
    aws_s3_bucket_lifecycle_configuration.staging,
    aws_s3_bucket_logging.logs,
    aws_s3_bucket_logging.staging,
    aws_s3_bucket_policy.staging,
    aws_s3_bucket_public_access_block.logs,
    aws_s3_bucket_public_access_block.staging,
    aws_s3_bucket_server_side_encryption_configuration.logs,
    aws_s3_bucket_server_side_encryption_configuration.staging,
    aws_s3_bucket_versioning.logs,
    aws_sns_topic_subscription.existing,
    aws_sns_topic_subscription.ingest,
  ]
}
