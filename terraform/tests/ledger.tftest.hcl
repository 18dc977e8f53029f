# The ledger, which is kept where somebody wants it.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_s3_bucket.staging
  values = { arn = "arn:aws:s3:::staging" }
}

variables {
  deletion_protection = false # What a test makes, it destroys.
  environment         = "test"
  region              = "us-east-1"
  search_backend      = "opensearch"
  package_path        = "../statemachine/index_logs.asl.json" # Any file does.
}

run "is_not_kept_unless_wanted" {
  assert {
    condition     = alltrue([for step in aws_lambda_function.step : !contains(keys(one(step.environment).variables), "LEDGER")])
    error_message = "Whoever wants no ledger pays for none."
  }

  assert {
    condition     = alltrue([for document in data.aws_iam_policy_document.every_step : alltrue([for statement in document.statement : statement.sid != "WriteLedger"])])
    error_message = "No function may write a ledger that is not kept."
  }
}

run "is_written_by_the_functions_of_the_workflow" {
  variables {
    keep_ledger           = true
    search_retention_days = 30
  }

  assert {
    condition     = toset([for key, step in aws_lambda_function.step : key if lookup(one(step.environment).variables, "LEDGER", "") == "true"]) == toset(["fetch_logs", "split_records", "index_batch"])
    error_message = "Those write it who read logs, make documents of them and index these."
  }

  assert {
    condition = {
      for key, document in data.aws_iam_policy_document.every_step : key => [for statement in document.statement : [statement.actions, statement.resources] if statement.sid == "WriteLedger"]
      if anytrue([for statement in document.statement : statement.sid == "WriteLedger"])
      } == {
      fetch_logs    = [[toset(["s3:PutObject"]), toset(["arn:aws:s3:::staging/ledger/*"])]]
      split_records = [[toset(["s3:PutObject"]), toset(["arn:aws:s3:::staging/ledger/*"])]]
      index_batch   = [[toset(["s3:PutObject"]), toset(["arn:aws:s3:::staging/ledger/*"])]]
    }
    error_message = "They write there, and read nothing."
  }
}
