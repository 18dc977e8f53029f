"""Events: from the record that CloudTrail wrote to what is searched."""
