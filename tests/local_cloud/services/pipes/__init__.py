"""Amazon EventBridge Pipes that run: from an SQS queue to a Step Functions state machine.

moto keeps the pipes (the control plane), and runs none. A function may be the enrichment. A pipe with another source,
enrichment or target, with filters or an input template, is refused: its state is START_FAILED.

`runner`, which needs moto, is for the server alone.
"""
