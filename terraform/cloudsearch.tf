# Amazon CloudSearch, where search_backend is "cloudsearch". Only accounts can make a domain that used it before 25 July
# 2024: https://docs.aws.amazon.com/cloudsearch/latest/developerguide/what-is-cloudsearch.html

locals {
  cloudsearch_domain_arn = "arn:${local.partition}:cloudsearch:${var.region}:${local.account_id}:domain/${local.prefix}"

  cloudsearch_permissions = [
    {
      function  = "index_batch"
      sid       = "IndexBatchUploads"
      actions   = ["cloudsearch:document"]
      resources = [local.cloudsearch_domain_arn]
    },
    {
      function  = "delete_expired"
      sid       = "DeleteExpiredSearchesAndDeletes"
      actions   = ["cloudsearch:search", "cloudsearch:document"]
      resources = [local.cloudsearch_domain_arn]
    },
  ]

  # The index fields: those of functions/trailsearch/events/fields.py.
  index_fields = merge(
    {
      event_time      = { type = "date", facet = true, sort = true }
      session_created = { type = "date" }
    },
    {
      for name in [
        "event_source", "event_name", "aws_region", "event_type", "event_category", "read_only", "source_ip_address",
        "recipient_account_id", "error_code", "outcome", "user_identity_type", "user_identity_arn", "user_identity_account_id",
        "user_identity_user_name", "user_identity_invoked_by", "session_issuer_arn", "actor", "mfa", "source_identity",
        "federated_user", "from_console", "cross_account", "tls_version",
      ] : name => { type = "literal", facet = true }
    },
    {
      for name in [
        "event_id", "request_id", "shared_event_id", "access_key_id", "issued_access_key_id", "user_identity_principal_id",
        "vpc_endpoint_id", "log_file",
      ] : name => { type = "literal" }
    },
    {
      for name in ["resource_names", "resource_arns", "resource_types", "account_ids"] : name => { type = "literal-array", facet = true }
    },
    {
      user_agent       = { type = "text", analysis_scheme = "_mul_default_" }
      user_agent_exact = { type = "literal", facet = true, source_fields = "user_agent", return = false }
      error_message    = { type = "text", analysis_scheme = "_en_default_", highlight = true }
      raw              = { type = "text", analysis_scheme = "_mul_default_", highlight = true }
    },
  )
}

resource "aws_cloudsearch_domain" "events" {
  count = local.on_cloudsearch ? 1 : 0

  name     = local.prefix
  multi_az = var.search_multi_az

  scaling_parameters {
    desired_instance_type     = var.search_instance_type
    desired_replication_count = var.search_replication_count
    desired_partition_count   = var.search_partition_count
  }

  endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-2019-07"
  }

  # Every option is written out: the provider's defaults are "off", and a text field without search and an
  # analysis scheme shows a change on every plan.
  dynamic "index_field" {
    for_each = local.index_fields

    content {
      name            = index_field.key
      type            = index_field.value.type
      search          = true
      return          = try(index_field.value.return, true)
      facet           = try(index_field.value.facet, false)
      sort            = try(index_field.value.sort, false)
      highlight       = try(index_field.value.highlight, false)
      analysis_scheme = try(index_field.value.analysis_scheme, null)
      source_fields   = try(index_field.value.source_fields, null)
    }
  }

  # Two Availability Zones alone take half an hour, and a rebuild of the index hours. A domain whose creation is not waited
  # for to its end is tainted: the next apply would delete it.
  timeouts {
    create = "2h"
    update = "12h"
    delete = "1h"
  }
}

resource "aws_cloudsearch_domain_service_access_policy" "events" {
  count = local.on_cloudsearch ? 1 : 0

  domain_name   = aws_cloudsearch_domain.events[0].name
  access_policy = data.aws_iam_policy_document.cloudsearch_domain[0].json

  # A domain that rebuilds its index takes a new policy only after that; creating counts as an update to the provider.
  timeouts {
    update = "12h"
    delete = "12h"
  }
}

# A domain's access policy has no resources: it is about the domain that it belongs to.
data "aws_iam_policy_document" "cloudsearch_domain" {
  count = local.on_cloudsearch ? 1 : 0

  dynamic "statement" {
    for_each = local.search_permissions

    content {
      sid     = statement.value.sid
      actions = statement.value.actions

      principals {
        type        = "AWS"
        identifiers = [aws_iam_role.step[statement.value.function].arn]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.search_principal_arns) > 0 ? [var.search_principal_arns] : []

    content {
      sid     = "PrincipalsSearch"
      actions = ["cloudsearch:search", "cloudsearch:suggest"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }
}

# Before there was a choice, there was one of each.

moved {
  from = aws_cloudsearch_domain.events
  to   = aws_cloudsearch_domain.events[0]
}

moved {
  from = aws_cloudsearch_domain_service_access_policy.events
  to   = aws_cloudsearch_domain_service_access_policy.events[0]
}
