# The Pipe starts one execution per delivery. No input template: the array of SQS messages is passed as it is,
# bodies stay strings, and no message can fail in a template.
#
# It batches by count, and StartExecution takes 262,144 characters, fewer than two of the largest messages of a queue have. A
# batch that has more is refused as a whole, received again as the same batch, and dead-lettered as one; a 4xx answer that
# does not end stops the Pipe. So a function looks at each batch before: it gives every message its share of the input,
# and sets the body of a larger one aside (functions/admit_messages.py). Why nothing less does:
#
# * A batch of one is refused alone, but costs an execution for each log.
# * A filter goes by what is in a body, not by its size, and what does not pass it is gone.
# * An input template cannot cut a text, and a body that has none of the paths that it names is lost in it.
# * No failures of a part of a batch are reported by an enrichment, or by an execution that nobody waits for.
# * A queue that refuses what is large (max_message_size) would have to refuse all above some 2 KB, which CloudTrail's and
#   S3's own messages may have; of a topic of another account, or of a bucket, what is refused is lost.
#
# What the function itself gets is bounded by the Pipe, which ends a batch when the payload of an invocation is full (6 MB).
#
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html

resource "aws_pipes_pipe" "ingest" {
  name          = "${local.prefix}-ingest"
  description   = "Messages of the ingest queue to executions of the workflow"
  role_arn      = aws_iam_role.pipe.arn
  source        = aws_sqs_queue.ingest.arn
  enrichment    = aws_lambda_function.step["admit_messages"].arn
  target        = aws_sfn_state_machine.index_logs.arn
  desired_state = var.pipe_desired_state

  source_parameters {
    sqs_queue_parameters {
      batch_size                         = var.pipe_batch_size
      maximum_batching_window_in_seconds = var.pipe_batching_window_seconds
    }
  }

  target_parameters {
    step_function_state_machine_parameters {
      invocation_type = "FIRE_AND_FORGET"
    }
  }

  log_configuration {
    level = "ERROR"

    cloudwatch_logs_log_destination {
      log_group_arn = aws_cloudwatch_log_group.pipe.arn
    }
  }

  # The first message starts the first execution: by then the domain lets it in, and what fails is dead-lettered.
  depends_on = [
    aws_iam_role_policy.pipe,
    aws_cloudsearch_domain_service_access_policy.events,
    aws_cloudwatch_event_target.failed_executions,
    aws_opensearch_domain.events,
  ]
}

resource "aws_cloudwatch_log_group" "pipe" {
  #checkov:skip=CKV_AWS_338:Diagnostics, no audit data; environments choose how long (log_group_retention_days), prod a year.

  name              = local.log_group_names.pipe
  retention_in_days = var.log_group_retention_days
  kms_key_id        = aws_kms_key.pipeline.arn
}

resource "aws_iam_role" "pipe" {
  name               = "${local.prefix}-pipe"
  description        = "EventBridge Pipe: receives from the ingest queue, has messages admitted, starts the workflow"
  assume_role_policy = data.aws_iam_policy_document.service_trust["pipe"].json
}

resource "aws_iam_role_policy" "pipe" {
  name   = "pipe"
  role   = aws_iam_role.pipe.name
  policy = data.aws_iam_policy_document.pipe.json
}

data "aws_iam_policy_document" "pipe" {
  statement {
    sid       = "ReceiveFromIngestQueue"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [local.ingest_queue_arn]
  }

  statement {
    sid       = "DecryptMessages"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.pipeline.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid       = "AdmitMessages"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arns["admit_messages"]]
  }

  statement {
    sid       = "StartExecutions"
    actions   = ["states:StartExecution"]
    resources = [local.state_machine_arn]
  }
}
