# What is refused where deletion_protection is true, as far as a plan can tell; the other refusals are tested in the local
# cloud (tests/end_to_end/test_environments.py).

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment      = "test"
  region           = "us-east-1"
  package_path     = "../statemachine/index_logs.asl.json" # Any file does.
  alarm_topic_arns = ["arn:aws:sns:us-east-1:111122223333:on-call"]
}

run "deployed" {
  variables {
    search_backend = "opensearch"
  }
}

run "backend_of_a_protected_environment" {
  command = plan

  variables {
    search_backend = "cloudsearch"
  }

  expect_failures = [terraform_data.deletion_protection]
}

run "nothing_else_is_refused" {
  command = plan

  variables {
    search_backend        = "opensearch"
    opensearch_volume_gib = 50
  }
}

run "protection_is_turned_off" {
  variables {
    search_backend      = "opensearch"
    deletion_protection = false
  }
}

run "backend_of_an_unprotected_environment" {
  variables {
    search_backend      = "cloudsearch"
    deletion_protection = false
  }

  assert {
    condition     = terraform_data.search_backend.output == "cloudsearch"
    error_message = "What is deployed now must be what is known."
  }
}

run "protection_is_turned_on_again" {
  variables {
    search_backend = "cloudsearch"
  }
}

run "backend_of_an_environment_that_is_protected_again" {
  command = plan

  variables {
    search_backend = "opensearch"
  }

  expect_failures = [terraform_data.deletion_protection]
}

# What a test makes, it destroys.
run "and_off" {
  variables {
    search_backend      = "cloudsearch"
    deletion_protection = false
  }
}
