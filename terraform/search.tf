# The search domain, of one backend or the other (search_backend): what the rest of the configuration needs to know of it.
# cloudsearch.tf and opensearch.tf have the domains.

locals {
  on_cloudsearch = var.search_backend == "cloudsearch"
  on_opensearch  = var.search_backend == "opensearch"

  search_domain_name = one(concat(aws_cloudsearch_domain.events[*].name, aws_opensearch_domain.events[*].domain_name))

  # Where batches go, and where searches go: two of CloudSearch's, one of OpenSearch's.
  index_endpoint  = one(concat(aws_cloudsearch_domain.events[*].document_service_endpoint, aws_opensearch_domain.events[*].endpoint))
  search_endpoint = one(concat(aws_cloudsearch_domain.events[*].search_service_endpoint, aws_opensearch_domain.events[*].endpoint))

  # What each function may ask of the domain. Its access policy says so, and so does the function's own: within an account,
  # one of the two is enough. IAM's takes effect almost at once; the other takes much longer, and is gone while somebody
  # replaces it.
  # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/configuring-access.html#cloudsearch-access-policies
  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html
  search_permissions = [
    for permission in { cloudsearch = local.cloudsearch_permissions, opensearch = local.opensearch_permissions }[var.search_backend] :
    permission if contains(keys(local.all_functions), permission.function)
  ]

  # What the functions are told of the backend (functions/trailsearch/contracts/settings.py).
  search_environments = {
    split_records = merge(
      { SEARCH_BACKEND = var.search_backend },
      local.on_opensearch ? { SEARCH_MAX_BATCH_BYTES = local.opensearch_max_batch_bytes } : {},
    )
    index_batch = merge(
      { SEARCH_BACKEND = var.search_backend, SEARCH_ENDPOINT = local.index_endpoint },
      local.on_opensearch ? { SEARCH_SHARDS = var.opensearch_shards, SEARCH_REPLICAS = var.opensearch_replicas } : {},
    )
    delete_expired = {
      SEARCH_BACKEND        = var.search_backend
      SEARCH_ENDPOINT       = local.index_endpoint
      SEARCH_QUERY_ENDPOINT = local.search_endpoint
      SEARCH_RETENTION_DAYS = var.search_retention_days
    }
  }
}
