# Staging: behaves like production (batches, log level, what destroy refuses), sized like development.

environment = "staging"
region      = "us-east-1"

pipe_batch_size              = 10
pipe_batching_window_seconds = 30

search_instance_type = "search.small"

log_level                = "INFO"
log_group_retention_days = 30

log_retention_days = 90
