# Production: full batches cost least and add at most five minutes; the domain survives the loss of an Availability Zone.

environment = "prod"
region      = "us-east-1"

# Which logs: an account that has a trail takes that one, create_trail = false (terraform/README.md, "Which logs?"). Another
# trail, which is made unless that is said, costs $2 for each 100,000 management events.
# create_trail = false

# State transitions and invocations are paid by the execution, uploads by the batch: the more logs an execution has, the
# fuller its batches, and the cheaper an event. Where fewer than 40 logs come in five minutes, a log waits for that long
# at most. A shorter window makes events searchable sooner, and dearer.
pipe_batch_size              = 40
pipe_batching_window_seconds = 300

# The search domain. One of both; the settings of the other have no effect.
#   opensearch   Amazon OpenSearch Service, for every account: about $260.
#   cloudsearch  Amazon CloudSearch, only for accounts that used it before 25 July 2024: about $274.
# A month in us-east-1, without what grows with use (price lists of 2026-10-05 and 2026-11-25). An environment keeps what it
# was deployed with: if that was before there was a choice, cloudsearch.
search_backend = "opensearch"
# search_backend = "cloudsearch"

# OpenSearch does not scale by itself. Three data nodes in three Availability Zones outlive the loss of one, with one more
# copy of every index; the families or1, or2 and om2 keep them in S3 too. There is room for about 100 million events: each
# takes 800 bytes in both copies, and a quarter is to stay free beside what OpenSearch keeps for itself. For 1,000 million
# a year: or2.large.search, opensearch_volume_gib = 700, opensearch_shards = 3; about $440 and the storage.
opensearch_instance_type  = "or2.medium.search"
opensearch_instance_count = 3
opensearch_zone_count     = 3
opensearch_replicas       = 1
opensearch_volume_gib     = 100

# CloudSearch scales up by itself as it fills, and costs as much more (make cost), but slowly: start with room. Two
# Availability Zones double the instances, so one copy of the index in each is enough unless many people search.
search_instance_type     = "search.large"
search_multi_az          = true
search_replication_count = 1

# A year of events to search; their logs stay for longer (log_retention_days) and can be indexed again. A million events in
# both copies take 1.6 GB of OpenSearch, 20 cents a month: for as many a day, a year of them costs $73 a month. null keeps
# them for ever: the domain has to be made larger each year, and that costs as much again each year.
search_retention_days = 365

# Batches of one execution that are uploaded at a time. Raise it with the instance type, and if the dashboard shows no
# throttled uploads while messages wait.
map_concurrency = 4
# Uploads of all executions together: two executions at full speed. After an outage hundreds of executions start at once;
# they wait for their turn in Lambda then, instead of overloading the domain, and are retried for as long. Raise it
# together with map_concurrency. It is taken from the account's concurrent executions, of which Lambda keeps 100 back.
reserved_concurrency = { index_batch = 8 }

# A year, to tell what the pipeline did with a log that an auditor asks for.
log_level                = "INFO"
log_group_retention_days = 365

# The topics that reach whoever is on call: ["arn:aws:sns:us-east-1:…:on-call"]. [] for nobody, with a warning.
alarm_topic_arns = ["<your-on-call-topic>"]
# The IAM roles that may search: ["arn:aws:iam::…:role/security-analyst"]
search_principal_arns = []

# Who read the audit logs, by S3's access logs: an existing bucket for them.
# access_log_bucket_name = "…"

# Two thirds of the defaults: a log waits ten minutes at most, five of them for others to come; its events are searchable
# in twenty.
alarm_oldest_message_seconds = 600
alarm_lag_seconds            = 1200
# Something always happens in a production account: silence is a trail that was stopped, or a delivery that is broken.
alarm_no_logs_hours = 2

# Destroying it takes two steps: deletion_protection = false (and force_destroy = true) in an apply, then make destroy.
deletion_protection = true
# Seven years; whoever must keep audit logs longer raises it, null keeps them for ever.
log_retention_days = 2557
