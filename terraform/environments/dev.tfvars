# Development: one log per execution, so that an execution is easy to follow; cheap; destroyed without ceremony.

environment = "dev"
region      = "us-east-1"

# Which logs: an account that has a trail takes that one, create_trail = false (terraform/README.md, "Which logs?"). Another
# trail, which is made unless that is said, costs $2 for each 100,000 management events.
# create_trail = false

pipe_batch_size              = 1
pipe_batching_window_seconds = 0

# One batch after the other, so that what the console shows is in order.
map_concurrency = 1

# The search domain. One of both; the settings of the other have no effect.
#   opensearch   Amazon OpenSearch Service, for every account: about $27.5.
#   cloudsearch  Amazon CloudSearch, only for accounts that used it before 25 July 2024: about $43.
# A month in us-east-1, without what grows with use (price lists of 2026-10-05 and 2026-11-25). An environment keeps what it
# was deployed with: if that was before there was a choice, cloudsearch.
search_backend = "opensearch"
# search_backend = "cloudsearch"

# The cheapest there is, in one Availability Zone: whatever is lost here is indexed again.
opensearch_instance_type = "t3.small.search"
opensearch_volume_gib    = 10
search_instance_type     = "search.small"

# A month, as the logs: the smallest domain has room for ten million events of OpenSearch's, of up to two months, as it drops
# whole ones. A million events more take 0.8 GB of it: 10 cents a month. Deleting itself costs next to nothing.
search_retention_days = 30

# Whoever develops wants to see everything, and seldom later than the fortnight for which dead letters wait.
log_level                = "DEBUG"
log_group_retention_days = 14

# Nobody is woken for development; nothing may happen in its account for days.
alarm_topic_arns    = []
alarm_no_logs_hours = null

# The logs are for trying things out: a month is enough to index them again.
log_retention_days = 30

# make destroy works at once, with logs in the bucket; a key that is missed is one of a week at most.
deletion_protection      = false
force_destroy            = true
kms_deletion_window_days = 7
