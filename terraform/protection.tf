# What "terraform destroy" is refused by. It depends on all that nothing else depends on, and so on everything: it is the
# first to be destroyed, and if it refuses, nothing is. (prevent_destroy takes no variable.)
# An apply is refused as well that would delete the trail with its bucket and key, or replace everything, because all names
# are made of these: what stands for it here goes, or is replaced, before it. What was deleted by hand is made again.

resource "terraform_data" "deletion_protection" {
  for_each = toset(concat(["environment"], var.create_trail ? ["trail"] : []))

  input            = var.deletion_protection
  triggers_replace = [local.prefix, local.account_id, var.region]

  provisioner "local-exec" {
    when = destroy
    command = self.input ? join(" ", [
      "echo 'Refused: deletion_protection is true. To delete this environment or any of its audit data,",
      "set deletion_protection = false and force_destroy = true, apply, and do it again.' >&2; exit 1",
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
