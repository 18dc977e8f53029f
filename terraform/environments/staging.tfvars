# Staging: behaves like production (many logs in an execution, log level, what destroy refuses), sized like development.

environment = "staging"
region      = "us-east-1"

# Which logs: an account that has a trail takes that one, create_trail = false (terraform/README.md, "Which logs?"). Another
# trail, which is made unless that is said, costs $2 for each 100,000 management events.
# create_trail = false

# Several logs in an execution, as in production, but nobody wants to wait for five minutes to see what a change does.
pipe_batch_size              = 10
pipe_batching_window_seconds = 30

# The search domain. One of both; the settings of the other have no effect.
#   opensearch   Amazon OpenSearch Service, for every account: about $56.
#   cloudsearch  Amazon CloudSearch, only for accounts that used it before 25 July 2024: about $43.
# A month in us-east-1, without what grows with use (price lists of 2026-10-05 and 2026-11-25). An environment keeps what it
# was deployed with: if that was before there was a choice, cloudsearch.
search_backend = "opensearch"
# search_backend = "cloudsearch"

opensearch_instance_type = "t3.medium.search"
opensearch_volume_gib    = 20
search_instance_type     = "search.small"

# A quarter, as the logs; OpenSearch, which drops whole months, has up to four. A million events take 0.8 GB of it, 10 cents a
# month, and there is room for fifteen.
search_retention_days = 90

# A small domain takes few uploads at a time, and two executions are enough to see them wait for each other; more would
# only be throttled and retried.
map_concurrency      = 2
reserved_concurrency = { index_batch = 4 }

# As in production, but what goes wrong here is looked into within weeks, not at the end of a year.
log_level                = "INFO"
log_group_retention_days = 30

# The topics that reach the team in working hours: ["arn:aws:sns:us-east-1:…:trailsearch-staging"]; [] for nobody.
alarm_topic_arns = ["<your-staging-topic>"]
# Less happens here than in production, most of all at weekends.
alarm_no_logs_hours = 72

# As in production: whoever destroys it says so in an apply of its own first.
deletion_protection = true
# Nobody audits staging; a quarter shows whether expiry works.
log_retention_days = 90
