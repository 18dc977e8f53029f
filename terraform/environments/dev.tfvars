# Development: one log per execution, so that an execution is easy to follow; cheap; destroyed without ceremony.

environment = "dev"
region      = "us-east-1"

pipe_batch_size              = 1
pipe_batching_window_seconds = 0

search_instance_type = "search.small"

log_level                = "DEBUG"
log_group_retention_days = 14

# Nothing may happen in a development account for days.
alarm_no_logs_hours = null

log_retention_days       = 30
deletion_protection      = false
force_destroy            = true
kms_deletion_window_days = 7
