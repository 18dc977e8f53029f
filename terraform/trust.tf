# Who may take on the roles that a service uses for one resource of this environment, and for no other's: a function's role
# is trusted in functions.tf.

locals {
  trusted_services = merge(
    {
      pipe     = { service = "pipes", source_arn = local.pipe_arn }
      workflow = { service = "states", source_arn = local.state_machine_arn }
      backfill = { service = "states", source_arn = local.backfill_state_machine_arn }
    },
    # A schedule's role trusts its group.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    local.retention ? {
      retention          = { service = "states", source_arn = local.retention_state_machine_arn }
      retention_schedule = { service = "scheduler", source_arn = local.schedule_group_arn }
    } : {},
    var.audit_hourly ? {
      audit          = { service = "states", source_arn = local.audit_state_machine_arn }
      audit_schedule = { service = "scheduler", source_arn = local.audit_schedule_group_arn }
    } : {},
  )
}

data "aws_iam_policy_document" "service_trust" {
  for_each = local.trusted_services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.value.service}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [each.value.source_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}
