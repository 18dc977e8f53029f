# Production: full batches cost least and add at most half a minute; the domain survives the loss of an Availability Zone.

environment = "prod"
region      = "us-east-1"

pipe_batch_size              = 10
pipe_batching_window_seconds = 30

# CloudSearch scales up by itself, but only while no upload is refused: start with room.
search_instance_type = "search.large"
search_multi_az      = true

log_level                = "INFO"
log_group_retention_days = 365

# Something always happens in a production account: silence is a trail that was stopped, or a delivery that is broken.
alarm_no_logs_hours = 2

# Seven years; whoever must keep audit logs longer raises it, null keeps them for ever.
log_retention_days = 2557
