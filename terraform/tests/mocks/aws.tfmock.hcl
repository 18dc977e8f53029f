# Values that AWS, or the provider, computes; in the forms that the provider accepts.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "111122223333"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
}

mock_data "aws_iam_policy_document" {
  defaults = {
    json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  }
}

mock_resource "aws_kms_key" {
  defaults = {
    arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::111122223333:role/mock"
  }
}

mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:us-east-1:111122223333:mock"
  }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:us-east-1:111122223333:mock"
  }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn = "arn:aws:lambda:us-east-1:111122223333:function:mock"
  }
}

mock_resource "aws_sfn_state_machine" {
  defaults = {
    arn = "arn:aws:states:us-east-1:111122223333:stateMachine:mock"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:us-east-1:111122223333:log-group:mock"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn = "arn:aws:s3:::mock"
  }
}

mock_resource "aws_cloudsearch_domain" {
  defaults = {
    arn                       = "arn:aws:cloudsearch:us-east-1:111122223333:domain/mock"
    document_service_endpoint = "doc-mock.us-east-1.cloudsearch.amazonaws.com"
    search_service_endpoint   = "search-mock.us-east-1.cloudsearch.amazonaws.com"
  }
}

mock_resource "aws_opensearch_domain" {
  defaults = {
    id       = "arn:aws:es:us-east-1:111122223333:domain/mock"
    arn      = "arn:aws:es:us-east-1:111122223333:domain/mock"
    endpoint = "search-mock-abcdefghijklmnopqrstuvwxyz.us-east-1.es.amazonaws.com"
  }
}
