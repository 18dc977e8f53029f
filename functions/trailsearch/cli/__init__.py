"""The operator commands. They are not part of the Lambda package."""
