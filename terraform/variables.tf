# Names

variable "environment" {
  type        = string
  description = "Environment: every resource is named trailsearch-<environment>…. An environment exists once in an account: IAM roles are not regional."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.environment)) && can(regex("[a-z]", var.environment))
    error_message = "environment must hold only lower-case letters, digits and hyphens, a letter among them, and neither start nor end with a hyphen."
  }

  validation {
    condition     = length("${local.name}-${var.environment}") <= 28
    error_message = "\"${local.name}-${var.environment}\" names the search domain and must not be longer than 28 characters: environment may have 16."
  }

  validation {
    condition     = length("${local.name}-${var.environment}-staging-123456789012-${var.region}") <= 63
    error_message = "\"${local.name}-${var.environment}-staging-<account>-${var.region}\" names the staging bucket and must not be longer than 63 characters: shorten environment."
  }
}

variable "region" {
  type        = string
  description = "AWS Region of everything that is created here. The service of search_backend must be available in it."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the code of an AWS Region, such as us-east-1."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource, beside Application, Environment and ManagedBy."
  default     = {}
  nullable    = false

  # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
  validation {
    condition     = alltrue([for key, value in var.tags : length(key) >= 1 && length(key) <= 128 && length(value) <= 256])
    error_message = "tags: a key has 1 to 128 characters, a value 256 at most."
  }

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags: keys that begin with \"aws:\" are reserved for AWS."
  }

  # To IAM, Environment and environment are the same key, and twice the same: it would create no role.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
  validation {
    condition     = length(distinct([for key in concat(["Application", "Environment", "ManagedBy"], keys(var.tags)) : lower(key)])) == 3 + length(var.tags)
    error_message = "tags: keys must differ by more than upper and lower case, from each other and from Application, Environment and ManagedBy, which every resource has."
  }

  validation {
    condition     = length(var.tags) <= 47
    error_message = "A resource has at most 50 tags: tags may hold 47 beside Application, Environment and ManagedBy."
  }
}

# Trail: a new one, or the logs of existing ones

variable "create_trail" {
  type        = bool
  description = "Whether to create a multi-Region trail with its log bucket, key and topic. Not in an account that has a trail: the new one is a second copy of all management events, for which CloudTrail asks $2 for 100,000. false: bring your own, named by log_bucket_names and log_topic_arns or log_bucket_notifications."
  default     = true
  nullable    = false
}

variable "organization_id" {
  type        = string
  description = "Id of the AWS Organization (o-…): makes the new trail an organization trail. Only in the organization's management account. null: a trail of this account alone."
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must look like o-a1b2c3d4e5, or be null."
  }

  validation {
    condition     = var.organization_id == null || var.create_trail
    error_message = "organization_id is about the trail that is created here; with create_trail = false it must be null."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days after which logs in the new trail's bucket expire. null: they are kept for ever."
  default     = null

  validation {
    condition     = var.log_retention_days == null ? true : var.log_retention_days >= 15 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number and at least 15, one more than the 14 days that a message may wait in a queue; or null."
  }
}

variable "log_bucket_names" {
  type        = list(string)
  description = "Existing buckets that CloudTrail writes logs to, in this or other accounts. Logs are read from these alone, whatever a message announces. A bucket of another account must allow this deployment's fetch_logs role s3:GetObject and s3:ListBucket in its bucket policy."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for bucket in var.log_bucket_names : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "log_bucket_names must hold names of S3 buckets, not ARNs or URLs."
  }

  # They are in an environment variable of fetch_logs; all of its variables have room for 4 KB.
  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  validation {
    condition     = length(join(",", var.log_bucket_names)) <= 3000
    error_message = "log_bucket_names may have 3,000 characters together, which Lambda has room for."
  }

  validation {
    condition     = var.create_trail || length(var.log_bucket_names) > 0
    error_message = "With create_trail = false, log_bucket_names must name at least one bucket to read logs from."
  }
}

variable "log_kms_key_arns" {
  type        = list(string)
  description = "KMS keys that the logs in log_bucket_names are encrypted with. A key of another account must allow this deployment's fetch_logs role kms:Decrypt in its key policy."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.log_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "log_kms_key_arns must hold ARNs of KMS keys (…:key/…), not aliases: IAM policies do not match aliases."
  }
}

variable "log_topic_arns" {
  type        = list(string)
  description = "Existing SNS topics that announce logs in log_bucket_names, in any Region and account. Topics of this Region are subscribed here (one of another account must allow this account sns:Subscribe); for those of other Regions, output subscribe_commands gives the commands to run once."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.log_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "log_topic_arns must hold ARNs of standard SNS topics, such as arn:aws:sns:us-east-1:111122223333:cloudtrail-logs."
  }

  validation {
    condition     = length(distinct(var.log_topic_arns)) == length(var.log_topic_arns)
    error_message = "log_topic_arns names a topic twice."
  }

  validation {
    condition     = var.create_trail || length(var.log_topic_arns) + length(var.log_bucket_notifications) > 0
    error_message = "With create_trail = false, log_topic_arns or log_bucket_notifications must say where notifications come from."
  }
}

variable "shared_log_topic_arns" {
  type        = list(string)
  description = "Those of log_topic_arns that carry AWS Config's messages too, such as Control Tower's aws-controltower-AllConfigNotifications: SNS keeps out of the queue what has a messageType, and what is no JSON."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.shared_log_topic_arns : contains(var.log_topic_arns, arn)])
    error_message = "shared_log_topic_arns names a topic that log_topic_arns does not: nothing is subscribed to it."
  }
}

variable "log_bucket_notifications" {
  type = list(object({
    bucket     = string
    account_id = optional(string)
  }))
  description = "Existing log buckets of this Region whose S3 event notifications go straight to the ingest queue, each with the account that owns it (default: this account). This only permits them; the notification itself is configured on the bucket, for s3:ObjectCreated:* and with output ingest_queue_arn."
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for notification in var.log_bucket_notifications :
      notification.account_id == null || can(regex("^[0-9]{12}$", notification.account_id))
    ])
    error_message = "log_bucket_notifications: account_id must be the 12 digits of an AWS account."
  }

  validation {
    condition     = alltrue([for notification in var.log_bucket_notifications : contains(var.log_bucket_names, notification.bucket)])
    error_message = "log_bucket_notifications names a bucket that log_bucket_names does not: its logs could not be read."
  }
}

# Ingest queue and Pipe

variable "ingest_max_receive_count" {
  type        = number
  description = "Times the Pipe may receive a message without starting an execution before SQS moves it to the dead-letter queue."
  default     = 5
  nullable    = false

  validation {
    condition     = var.ingest_max_receive_count >= 1 && var.ingest_max_receive_count <= 1000 && floor(var.ingest_max_receive_count) == var.ingest_max_receive_count
    error_message = "ingest_max_receive_count must be a whole number from 1 to 1000."
  }
}

variable "pipe_batch_size" {
  type        = number
  description = "Messages, and so usually logs, that one execution takes at most. 1 is the easiest to debug, more is cheaper."
  default     = 1
  nullable    = false

  validation {
    condition     = var.pipe_batch_size >= 1 && var.pipe_batch_size <= 40 && floor(var.pipe_batch_size) == var.pipe_batch_size
    error_message = "pipe_batch_size must be a whole number from 1 to 40: of the 262,144 characters of an execution's input each message has its share, which must do for one that is redriven, with why it failed."
  }

  validation {
    condition     = var.pipe_batch_size <= 10 || var.pipe_batching_window_seconds >= 1
    error_message = "A pipe_batch_size above 10 needs a pipe_batching_window_seconds of at least 1."
  }
}

variable "pipe_batching_window_seconds" {
  type        = number
  description = "Seconds that the Pipe waits for pipe_batch_size messages before it starts an execution with fewer: a log waits this long where little happens. Messages that it has received stay invisible for 60 s more."
  default     = 0
  nullable    = false

  validation {
    condition     = var.pipe_batching_window_seconds >= 0 && var.pipe_batching_window_seconds <= 300 && floor(var.pipe_batching_window_seconds) == var.pipe_batching_window_seconds
    error_message = "pipe_batching_window_seconds must be a whole number from 0 to 300, the longest that a Pipe waits."
  }
}

variable "pipe_desired_state" {
  type        = string
  description = "RUNNING, or STOPPED to let messages wait in the ingest queue (for at most 14 days), for example while the search domain is replaced."
  default     = "RUNNING"
  nullable    = false

  validation {
    condition     = contains(["RUNNING", "STOPPED"], var.pipe_desired_state)
    error_message = "pipe_desired_state must be RUNNING or STOPPED."
  }
}

# Workflow

variable "map_concurrency" {
  type        = number
  description = "Batches that one execution uploads to the search domain at a time. CloudSearch recommends about one batch every 10 s per domain; a t3 of OpenSearch takes one or two at a time, larger ones more for each vCPU. What is too much is throttled, and retried."
  default     = 4
  nullable    = false

  validation {
    condition     = var.map_concurrency >= 1 && var.map_concurrency <= 40 && floor(var.map_concurrency) == var.map_concurrency
    error_message = "map_concurrency must be a whole number from 1 to 40, the most that an inline Map state runs at a time."
  }
}

variable "backfill_concurrency" {
  type        = number
  description = "Parts of a backfill that are indexed at a time, each by one execution with map_concurrency batches at a time. With 1, live logs keep at least half of what is uploaded at once; more than that is for a domain with room, and where reserved_concurrency has index_batch, for at most half of it."
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2], var.backfill_concurrency)
    error_message = "backfill_concurrency must be 1 or 2."
  }

  validation {
    condition     = 2 * var.backfill_concurrency * var.map_concurrency <= lookup(var.reserved_concurrency, "index_batch", 1000) || var.backfill_concurrency == 1
    error_message = "backfill_concurrency = 2 would take more than half of what reserved_concurrency has for index_batch: it must be at least ${4 * var.map_concurrency}, four times map_concurrency."
  }
}

variable "index_batch_max_attempts" {
  type        = number
  description = "Retries of a batch while the search domain throttles or is overloaded, 5 s to 120 s apart with full jitter, before the batch goes to the dead-letter queue. The waits of 16 retries add up to 12 minutes on average and 25 at most; an attempt that gets no answer takes up to 65 s by itself, and execution_timeout_seconds ends all."
  default     = 16
  nullable    = false

  validation {
    condition     = var.index_batch_max_attempts >= 1 && var.index_batch_max_attempts <= 100 && floor(var.index_batch_max_attempts) == var.index_batch_max_attempts
    error_message = "index_batch_max_attempts must be a whole number from 1 to 100."
  }
}

variable "execution_timeout_seconds" {
  type        = number
  description = "Seconds after which an execution is ended, whatever it is doing; its messages go to the dead-letter queue then. All retries of a batch have to fit in; an execution with more batches than map_concurrency, all of them throttled to the end, takes as many times as long."
  default     = 14400
  nullable    = false

  validation {
    condition     = var.execution_timeout_seconds <= 86400 && floor(var.execution_timeout_seconds) == var.execution_timeout_seconds
    error_message = "execution_timeout_seconds must be a whole number, and at most 86400."
  }

  # statemachine/index_logs.asl.json: a function that times out runs twice, a batch is retried 120 s apart at most, and
  # policies, S3, Lambda and SQS get up to sixteen minutes of retries in all.
  validation {
    condition     = var.execution_timeout_seconds >= 2 * sum(values(var.function_timeout_seconds)) + 120 * var.index_batch_max_attempts + 960
    error_message = "execution_timeout_seconds must be at least ${2 * sum(values(var.function_timeout_seconds)) + 120 * var.index_batch_max_attempts + 960}, so that the retries of every state fit in: twice each of function_timeout_seconds, 120 for each of index_batch_max_attempts, and 960."
  }
}

variable "staging_retention_days" {
  type        = number
  description = "Days after which staged batches and documents that a dead letter may point to expire. Records, and batches that are indexed, expire after one."
  default     = 15
  nullable    = false

  validation {
    condition     = var.staging_retention_days > 14 && floor(var.staging_retention_days) == var.staging_retention_days
    error_message = "staging_retention_days must be a whole number above 14, the days for which a dead letter may point at a staged batch."
  }
}

variable "keep_ledger" {
  type        = bool
  description = "Whether the functions write down, in the staging bucket, which logs they read, what became of the records and what is indexed: an object more for each execution's Fetch Logs and Split Records and for each batch, which expires after ledger_retention_days. CloudTrail's signed digests are compared with that."
  default     = false
  nullable    = false
}

variable "ledger_retention_days" {
  type        = number
  description = "Days after which the ledger expires: an audit can look back as far, and of what is older it says that it does not know."
  default     = 90
  nullable    = false

  validation {
    condition     = var.ledger_retention_days >= 1 && floor(var.ledger_retention_days) == var.ledger_retention_days
    error_message = "ledger_retention_days must be a whole number from 1."
  }
}

variable "audit_hourly" {
  type        = bool
  description = "Whether a state machine compares, once an hour, CloudTrail's signed digests with the log buckets and the ledger, and has indexed what nobody was told of. It needs keep_ledger, and log file validation of the trails."
  default     = false
  nullable    = false

  validation {
    condition     = !var.audit_hourly || var.keep_ledger
    error_message = "audit_hourly = true needs keep_ledger = true: an audit compares with the ledger."
  }
}

variable "evidence_retention_days" {
  type        = number
  description = "Days after which what the hourly audits have found expires in the staging bucket. null: it is kept for as long as the bucket."
  default     = null

  validation {
    condition     = var.evidence_retention_days == null ? true : var.evidence_retention_days >= 1 && floor(var.evidence_retention_days) == var.evidence_retention_days
    error_message = "evidence_retention_days must be a whole number from 1, or null."
  }
}

# Functions

variable "package_path" {
  type        = string
  description = "The zip that all functions run from but the one that audits, built by \"make package\"."
  default     = "../build/lambda.zip"
  nullable    = false
}

variable "audit_package_path" {
  type        = string
  description = "The zip that the function that audits runs from, built by \"make package\" too."
  default     = "../build/lambda-audit.zip"
  nullable    = false
}

variable "function_memory_mb" {
  type = object({
    fetch_logs    = number
    split_records = number
    index_batch   = number
  })
  description = "Memory of each function in MB. Lambda gives CPU in proportion: 1769 MB is one whole vCPU."
  default = {
    fetch_logs    = 1769
    split_records = 1769
    index_batch   = 256
  }
  nullable = false

  validation {
    condition     = alltrue([for memory in values(var.function_memory_mb) : memory >= 128 && memory <= 10240 && floor(memory) == memory])
    error_message = "function_memory_mb must hold whole numbers from 128 to 10240."
  }
}

variable "function_timeout_seconds" {
  type = object({
    fetch_logs    = number
    split_records = number
    index_batch   = number
  })
  description = "Seconds after which each function gives up; its state waits 15 s longer. index_batch halves a batch that the search domain refuses, until the bad documents are alone, for as long as it may but 75 s."
  default = {
    fetch_logs    = 300
    split_records = 600
    index_batch   = 300
  }
  nullable = false

  validation {
    condition     = alltrue([for timeout in values(var.function_timeout_seconds) : timeout >= 1 && timeout <= 900 && floor(timeout) == timeout])
    error_message = "function_timeout_seconds must hold whole numbers from 1 to 900, the longest that a Lambda function runs."
  }
}

variable "log_level" {
  type        = string
  description = "Log level of the functions."
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "reserved_concurrency" {
  type        = map(number)
  description = "Reserved concurrent executions by function (fetch_logs, split_records, index_batch). A function that is not named shares the account's. Of the account's, Lambda wants 100 to stay unreserved: a new account, which has 10 or 50 in all, can reserve none."
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.reserved_concurrency), ["fetch_logs", "split_records", "index_batch"])) == 0
    error_message = "reserved_concurrency knows the functions fetch_logs, split_records and index_batch."
  }

  validation {
    condition     = alltrue([for reserved in values(var.reserved_concurrency) : reserved >= 1 && floor(reserved) == reserved])
    error_message = "reserved_concurrency must hold whole numbers from 1: with 0 a function never runs."
  }
}

# Search domain: which backend, and for each its own settings. Those of the other one have no effect.

variable "search_backend" {
  type        = string
  description = "The search domain: \"opensearch\" (Amazon OpenSearch Service), which every account can take, or \"cloudsearch\" (Amazon CloudSearch), which only accounts can take that used it before 25 July 2024. What is deployed keeps its backend: to change it, deploy another environment beside it, index its logs again, and switch."
  nullable    = false

  validation {
    condition     = contains(["opensearch", "cloudsearch"], var.search_backend)
    error_message = "search_backend must be \"opensearch\", which every account can take, or \"cloudsearch\", which only accounts can take that used it before 25 July 2024."
  }
}

variable "search_retention_days" {
  type        = number
  description = "Days after which an event leaves the search domain, counted from when it happened; its log stays in the bucket (log_retention_days). OpenSearch drops whole months: an event stays for up to a month longer. Events without a time are kept. What it deletes is gone: to get it back, index its logs again. null: everything is kept, and the domain grows for ever."
  default     = null

  validation {
    condition     = var.search_retention_days == null ? true : var.search_retention_days >= 1 && var.search_retention_days <= 7300 && floor(var.search_retention_days) == var.search_retention_days
    error_message = "search_retention_days must be a whole number from 1 to 7300, which is before there was CloudTrail; or null."
  }
}

variable "search_instance_type" {
  type        = string
  description = "CloudSearch: smallest instance type of the search domain; CloudSearch scales up from it by itself, and never below it."
  default     = "search.small"
  nullable    = false

  validation {
    condition     = contains(["search.small", "search.medium", "search.large", "search.xlarge", "search.2xlarge"], var.search_instance_type)
    error_message = "search_instance_type must be search.small, search.medium, search.large, search.xlarge or search.2xlarge; OpenSearch has opensearch_instance_type."
  }
}

variable "search_replication_count" {
  type        = number
  description = "CloudSearch: copies of each partition of the index that are kept at least."
  default     = 1
  nullable    = false

  validation {
    condition     = var.search_replication_count >= 1 && var.search_replication_count <= 5 && floor(var.search_replication_count) == var.search_replication_count
    error_message = "search_replication_count must be a whole number from 1 to 5."
  }
}

variable "search_partition_count" {
  type        = number
  description = "CloudSearch: partitions of the index that are kept at least; only with search.2xlarge. null: as many as the index needs."
  default     = null

  validation {
    condition     = var.search_partition_count == null ? true : var.search_partition_count >= 1 && var.search_partition_count <= 10 && floor(var.search_partition_count) == var.search_partition_count
    error_message = "search_partition_count must be a whole number from 1 to 10, or null."
  }

  validation {
    condition     = var.search_partition_count == null || var.search_instance_type == "search.2xlarge"
    error_message = "search_partition_count can only be set with search_instance_type = \"search.2xlarge\"."
  }
}

variable "search_multi_az" {
  type        = bool
  description = "CloudSearch: whether the search domain runs in two Availability Zones, with twice the instances."
  default     = false
  nullable    = false
}

variable "opensearch_engine_version" {
  type        = string
  description = "OpenSearch: version of the engine. Upgrades are made in place, downgrades never; one that AWS does not offer from the version that runs would replace the domain, and is refused."
  default     = "OpenSearch_3.5"
  nullable    = false

  validation {
    condition     = can(regex("^OpenSearch_([2-9]|[1-9][0-9])\\.[0-9]{1,2}$", var.opensearch_engine_version))
    error_message = "opensearch_engine_version must look like OpenSearch_3.5, and be 2.0 or newer."
  }
}

variable "opensearch_instance_type" {
  type        = string
  description = "OpenSearch: instance type of the data nodes, such as t3.small.search or or2.medium.search. Types of the families or1, or2 and om2 keep their index in S3 too and are made for logs; a domain cannot go back from them to others."
  default     = "t3.small.search"
  nullable    = false

  # The families whose data is on the instance, and the previous generation, have no gp3 volumes; t2 has no encryption.
  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#ebsresource
  validation {
    condition     = can(regex("^[a-z][a-z0-9]*\\.[a-z0-9]+\\.search$", var.opensearch_instance_type)) && !can(regex("^(t2|[cmr][34]|i[0-9]|im|oi|[cmr][0-9]+g?d|ultrawarm)", var.opensearch_instance_type))
    error_message = "opensearch_instance_type must be an instance type of OpenSearch with gp3 volumes, such as t3.small.search, or2.medium.search or m7g.large.search; CloudSearch has search_instance_type."
  }
}

variable "opensearch_instance_count" {
  type        = number
  description = "OpenSearch: data nodes. Three or more, in as many Availability Zones, outlive the loss of one; two do not, because neither of them alone is a majority."
  default     = 1
  nullable    = false

  validation {
    condition     = var.opensearch_instance_count >= 1 && var.opensearch_instance_count <= 80 && floor(var.opensearch_instance_count) == var.opensearch_instance_count
    error_message = "opensearch_instance_count must be a whole number from 1 to 80."
  }

  validation {
    condition     = var.opensearch_instance_count % var.opensearch_zone_count == 0
    error_message = "opensearch_instance_count must be a multiple of opensearch_zone_count, so that every Availability Zone has as many data nodes."
  }
}

variable "opensearch_zone_count" {
  type        = number
  description = "OpenSearch: Availability Zones that the data nodes are in."
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2, 3], var.opensearch_zone_count)
    error_message = "opensearch_zone_count must be 1, 2 or 3."
  }
}

variable "opensearch_standby" {
  type        = bool
  description = "OpenSearch: whether one of three Availability Zones is on standby (Multi-AZ with Standby, 99.99 % by AWS's agreement). It wants dedicated masters, and two replicas of every index: AWS refuses it as long as an index that is there has fewer."
  default     = false
  nullable    = false

  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-multiaz.html
  # Its prerequisites, three dedicated masters among them:
  # https://aws.amazon.com/blogs/big-data/amazon-opensearch-service-now-supports-99-99-availability-using-multi-az-with-standby/
  validation {
    condition     = !var.opensearch_standby || var.opensearch_zone_count == 3 && (1 + var.opensearch_replicas) % 3 == 0 && var.opensearch_master_instance_type != null && !startswith(var.opensearch_instance_type, "t3.")
    error_message = "opensearch_standby needs opensearch_zone_count = 3, opensearch_replicas = 2 or 5, an opensearch_master_instance_type, and other instances than t3."
  }
}

variable "opensearch_master_instance_type" {
  type        = string
  description = "OpenSearch: instance type of three dedicated masters, which AWS recommends for large domains. null: none, the data nodes are masters as well."
  default     = null

  validation {
    condition     = var.opensearch_master_instance_type == null || can(regex("^[a-z][a-z0-9]*\\.[a-z0-9]+\\.search$", var.opensearch_master_instance_type))
    error_message = "opensearch_master_instance_type must be an instance type of OpenSearch, such as m7g.medium.search, or null."
  }
}

variable "opensearch_volume_gib" {
  type        = number
  description = "OpenSearch: gp3 storage of each data node, in GiB. An event takes about 800 bytes in each copy of the index; OpenSearch takes no more where less than 20 %, or than 20 GiB of a large volume, are free."
  default     = 20
  nullable    = false

  validation {
    condition     = var.opensearch_volume_gib >= 10 && floor(var.opensearch_volume_gib) == var.opensearch_volume_gib
    error_message = "opensearch_volume_gib must be a whole number from 10."
  }

  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#ebsresource
  validation {
    condition     = var.opensearch_volume_gib <= lookup({ "t3.small.search" = 100, "t3.medium.search" = 200 }, var.opensearch_instance_type, 36864)
    error_message = "opensearch_volume_gib must not be more than ${lookup({ "t3.small.search" = 100, "t3.medium.search" = 200 }, var.opensearch_instance_type, 36864)}, the largest that an ${var.opensearch_instance_type} may have."
  }
}

variable "opensearch_replicas" {
  type        = number
  description = "OpenSearch: copies of each index beside the first. Each needs a data node of its own, and as much storage again. A change takes effect with the next month's index."
  default     = 0
  nullable    = false

  validation {
    condition     = var.opensearch_replicas >= 0 && floor(var.opensearch_replicas) == var.opensearch_replicas
    error_message = "opensearch_replicas must be a whole number from 0."
  }

  validation {
    condition     = var.opensearch_replicas < var.opensearch_instance_count
    error_message = "opensearch_replicas must be less than opensearch_instance_count: a copy is never on the same data node as another, and one that is nowhere keeps the cluster yellow."
  }

  validation {
    condition     = var.opensearch_zone_count == 1 || var.opensearch_replicas >= 1
    error_message = "With opensearch_zone_count above 1, opensearch_replicas must be at least 1: without a copy, an index is lost with its Availability Zone."
  }
}

variable "opensearch_shards" {
  type        = number
  description = "OpenSearch: parts of a month's index, one for each 30 GB that a month will have. A change takes effect with the next month's index."
  default     = 1
  nullable    = false

  validation {
    condition     = var.opensearch_shards >= 1 && var.opensearch_shards <= 100 && floor(var.opensearch_shards) == var.opensearch_shards
    error_message = "opensearch_shards must be a whole number from 1 to 100."
  }
}

variable "search_principal_arns" {
  type        = list(string)
  description = "IAM roles and users that the search domain's access policy lets search, and nothing else. None: nobody."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.search_principal_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "search_principal_arns must hold ARNs of IAM roles or users, without wildcards."
  }
}

# Operation

variable "log_group_retention_days" {
  type        = number
  description = "Days for which CloudWatch keeps the logs of functions, workflow and Pipe."
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_group_retention_days)
    error_message = "log_group_retention_days must be one of the periods that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "SNS topics of this Region, in any account, that alarms are sent to. They must let cloudwatch.amazonaws.com publish, and so must the key of an encrypted one. None: alarms are only seen in the console."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "alarm_topic_arns must hold ARNs of SNS topics: put those that reach whoever is on call where the settings have a placeholder, or [] to be told by nobody."
  }

  # What is no ARN at all is told apart by the rule above.
  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : try(split(":", arn)[3], var.region) == var.region])
    error_message = "alarm_topic_arns: CloudWatch only sends alarms to topics of its own Region, ${var.region}."
  }

  validation {
    condition     = length(var.alarm_topic_arns) <= 5
    error_message = "alarm_topic_arns: an alarm sends to 5 topics at most."
  }
}

variable "alarm_oldest_message_seconds" {
  type        = number
  description = "Age of the oldest message in the ingest queue that rings the alarm: how long a log may wait to be taken up, pipe_batching_window_seconds included."
  default     = 900
  nullable    = false

  validation {
    condition     = var.alarm_oldest_message_seconds >= 60 + var.pipe_batching_window_seconds && floor(var.alarm_oldest_message_seconds) == var.alarm_oldest_message_seconds
    error_message = "alarm_oldest_message_seconds must be a whole number and at least ${60 + var.pipe_batching_window_seconds}, 60 more than pipe_batching_window_seconds."
  }
}

variable "alarm_lag_seconds" {
  type        = number
  description = "Time from the delivery of a log until its events are searchable that rings the alarm, if one batch in a hundred takes longer. The oldest log of a batch counts."
  default     = 1800
  nullable    = false

  validation {
    condition     = var.alarm_lag_seconds >= 60 + var.pipe_batching_window_seconds && floor(var.alarm_lag_seconds) == var.alarm_lag_seconds
    error_message = "alarm_lag_seconds must be a whole number and at least ${60 + var.pipe_batching_window_seconds}, 60 more than pipe_batching_window_seconds."
  }
}

variable "alarm_no_logs_hours" {
  type        = number
  description = "Hours in which no log of a bucket (the new trail's, each of log_bucket_names) has been fetched that ring an alarm. null: no such alarm, for an account in which nothing may happen for long."
  default     = 6

  validation {
    condition     = var.alarm_no_logs_hours == null ? true : var.alarm_no_logs_hours >= 1 && var.alarm_no_logs_hours <= 168 && floor(var.alarm_no_logs_hours) == var.alarm_no_logs_hours
    error_message = "alarm_no_logs_hours must be a whole number from 1 to 168, or null: CloudWatch looks back seven days at most."
  }
}

variable "access_log_bucket_name" {
  type        = string
  description = "Existing bucket of this Region and account that S3 writes access logs of the log and staging buckets to (who read the audit logs). It must let logging.s3.amazonaws.com put objects. null: no access logs."
  default     = null

  validation {
    condition     = var.access_log_bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket_name))
    error_message = "access_log_bucket_name must be the name of an S3 bucket, not an ARN, or null."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Whether \"terraform destroy\" is refused. Turning it off takes an apply of its own."
  default     = true
  nullable    = false
}

variable "force_destroy" {
  type        = bool
  description = "Whether \"terraform destroy\" also deletes the logs and staged batches that are still in the buckets."
  default     = false
  nullable    = false
}

variable "kms_deletion_window_days" {
  type        = number
  description = "Days for which a deleted KMS key can still be restored."
  default     = 30
  nullable    = false

  validation {
    condition     = var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30 && floor(var.kms_deletion_window_days) == var.kms_deletion_window_days
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }
}
