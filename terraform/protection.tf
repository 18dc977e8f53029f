# What "terraform destroy" is refused by. It depends on all that nothing else depends on, and so on everything: it is the
# first to be destroyed, and if it refuses, nothing is. (prevent_destroy takes no variable.)
# An apply is refused as well that would delete the trail with its bucket and key, or the search domain, or replace
# everything, because all names are made of these: what stands for it here goes, or is replaced, before it. What was
# deleted by hand is made again.

resource "terraform_data" "deletion_protection" {
  for_each = toset(concat(["environment"], var.create_trail ? ["trail"] : []))

  input = var.deletion_protection
  # Environments that were deployed when there was no choice have CloudSearch, and no fourth here.
  triggers_replace = concat([local.prefix, local.account_id, var.region], [for backend in [var.search_backend] : backend if backend != "cloudsearch"])

  provisioner "local-exec" {
    when = destroy
    command = self.input ? join(" ", [
      "echo 'Refused: deletion_protection is true. To delete this environment or any of its audit data,",
      "set deletion_protection = false and force_destroy = true, apply, and do it again. To change search_backend,",
      "deploy a second environment beside this one, index its logs again, and switch.' >&2; exit 1",
    ]) : "true"
  }

  lifecycle {
    # In time: before the apply that would be refused has made the other domain.
    precondition {
      condition     = !var.deletion_protection || terraform_data.search_backend.output == var.search_backend
      error_message = "search_backend cannot be changed to \"${var.search_backend}\" here, which would delete the search domain: deploy a second environment with it beside this one, index its logs again, and switch (or set deletion_protection = false, in an apply of its own, to lose all that is indexed)."
    }
  }

  depends_on = [
    aws_cloudsearch_domain_service_access_policy.events,
    aws_cloudtrail.audit,
    aws_cloudwatch_dashboard.audit,
    aws_cloudwatch_dashboard.pipeline,
    aws_cloudwatch_event_target.failed_executions,
    aws_cloudwatch_metric_alarm.audit_silent,
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
    aws_scheduler_schedule.audit,
    aws_scheduler_schedule.retention,
    aws_sfn_state_machine.backfill,
    aws_sns_topic_subscription.existing,
    aws_sns_topic_subscription.ingest,
    terraform_data.domain_protection,
  ]
}

# An apply that would replace OpenSearch's domain, and lose all that is indexed, is refused too. What makes the provider do
# so: another key, encryption at rest or between nodes turned off, a VPC, a version that AWS does not upgrade to.
resource "terraform_data" "domain_protection" {
  count = local.on_opensearch ? 1 : 0

  input = var.deletion_protection

  provisioner "local-exec" {
    when = destroy
    command = self.input ? join(" ", [
      "echo 'Refused: deletion_protection is true, and this would delete the search domain with all that is indexed.",
      "To get another one, deploy a second environment beside this one, index its logs again, and switch.' >&2; exit 1",
    ]) : "true"
  }

  lifecycle {
    # Unknown, and so changed, in a plan that replaces the domain; the same in one that updates it in place.
    replace_triggered_by = [aws_opensearch_domain.events[count.index].id]
  }

  depends_on = [aws_opensearch_domain.events]
}

# The backend that the environment was deployed with, for as long as it is protected.
resource "terraform_data" "search_backend" {
  input            = var.search_backend
  triggers_replace = var.deletion_protection ? null : var.search_backend

  lifecycle {
    ignore_changes = [input]
  }
}
