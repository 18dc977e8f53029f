# Amazon CloudSearch as the search domain.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_iam_role.step["index_batch"]
  values = { arn = "arn:aws:iam::111122223333:role/trailsearch-test-index-batch" }
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "cloudsearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "search_domain" {
  # Nothing of OpenSearch
  assert {
    condition     = length(aws_opensearch_domain.events) + length(aws_cloudwatch_log_group.opensearch) + length(aws_cloudwatch_log_resource_policy.opensearch) == 0
    error_message = "Beside CloudSearch there must be nothing of OpenSearch."
  }

  assert {
    condition = {
      for key, function in aws_lambda_function.step : key => { for name, value in one(function.environment).variables : name => value if startswith(name, "SEARCH_") }
      } == {
      admit_messages = {}
      fetch_logs     = {}
      plan_backfill  = {}
      split_records  = { SEARCH_BACKEND = "cloudsearch" }
      index_batch    = { SEARCH_BACKEND = "cloudsearch", SEARCH_ENDPOINT = "doc-mock.us-east-1.cloudsearch.amazonaws.com" }
    }
    error_message = "The functions must be told of CloudSearch, and where it takes documents."
  }

  assert {
    condition     = [output.search_backend, output.search_domain_name, output.search_endpoint] == ["cloudsearch", "trailsearch-test", "search-mock.us-east-1.cloudsearch.amazonaws.com"]
    error_message = "Outputs must name CloudSearch's domain, and where it takes searches."
  }

  # Search domain
  assert {
    condition     = length(aws_cloudsearch_domain.events[0].index_field) == 41
    error_message = "The search domain has 41 index fields."
  }

  assert {
    condition     = alltrue([for field in aws_cloudsearch_domain.events[0].index_field : field.search]) && [for field in aws_cloudsearch_domain.events[0].index_field : field.name if !field.return] == ["user_agent_exact"]
    error_message = "Every field is searchable and, but for user_agent_exact, returned."
  }

  assert {
    condition     = alltrue([for field in aws_cloudsearch_domain.events[0].index_field : (field.type == "text") == (field.analysis_scheme != null && field.analysis_scheme != "")])
    error_message = "Text fields, and only they, have an analysis scheme."
  }

  assert {
    condition     = one(aws_cloudsearch_domain.events[0].endpoint_options).enforce_https
    error_message = "The search domain must refuse HTTP."
  }

  assert {
    condition     = length(data.aws_iam_policy_document.cloudsearch_domain[0].statement) == 1 && one(data.aws_iam_policy_document.cloudsearch_domain[0].statement[0].principals).identifiers == toset([aws_iam_role.step["index_batch"].arn])
    error_message = "Without search_principal_arns, index_batch's role must be the only principal."
  }

  # Let in by IAM, too
  assert {
    condition = [
      for statement in data.aws_iam_policy_document.every_step["index_batch"].statement : [one(statement.actions), one(statement.resources)] if statement.sid == "IndexBatchUploads"
    ] == [["cloudsearch:document", "arn:aws:cloudsearch:us-east-1:111122223333:domain/${aws_cloudsearch_domain.events[0].name}"]]
    error_message = "index_batch's role must be let in by its own policy, too, which takes effect at once: the domain's takes long."
  }

  # Waits
  assert {
    condition     = aws_cloudsearch_domain.events[0].timeouts.create == "2h" && aws_cloudsearch_domain.events[0].timeouts.update == "12h" && aws_cloudsearch_domain.events[0].timeouts.delete == "1h"
    error_message = "Two Availability Zones take half an hour, an index that is rebuilt takes hours; a domain that is not waited for is deleted by the next apply."
  }

  assert {
    condition     = aws_cloudsearch_domain_service_access_policy.events[0].timeouts.update == "12h" && aws_cloudsearch_domain_service_access_policy.events[0].timeouts.delete == "12h"
    error_message = "A domain that rebuilds its index takes a new policy only afterwards."
  }
}

run "named_principals_search" {
  variables {
    search_principal_arns = ["arn:aws:iam::111122223333:role/auditor"]
  }

  assert {
    condition     = data.aws_iam_policy_document.cloudsearch_domain[0].statement[1].actions == toset(["cloudsearch:search", "cloudsearch:suggest"]) && one(data.aws_iam_policy_document.cloudsearch_domain[0].statement[1].principals).identifiers == toset(["arn:aws:iam::111122223333:role/auditor"])
    error_message = "search_principal_arns may search, and upload nothing."
  }
}
