environment = "local"
region      = "us-east-1"

search_backend = "cloudsearch"

# Whoever works on this machine: an OpenSearch domain lets in nobody whom its policy does not name.
search_principal_arns = ["arn:aws:iam::123456789012:user/local"]

# As in staging; the window is shorter because somebody is waiting.
pipe_batch_size              = 10
pipe_batching_window_seconds = 1

keep_ledger              = true
audit_hourly             = true
log_level                = "DEBUG"
deletion_protection      = false
force_destroy            = true
kms_deletion_window_days = 7
