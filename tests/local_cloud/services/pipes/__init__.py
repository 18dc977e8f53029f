"""Amazon EventBridge Pipes that run: from an SQS queue to a Step Functions state machine.

moto keeps the pipes (the control plane), and runs none. A pipe with another source or target, with filters, an
enrichment or an input template, is refused: its state is START_FAILED.

`runner`, which needs moto, is for the server alone.
"""
