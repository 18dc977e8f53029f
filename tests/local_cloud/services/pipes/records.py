"""The events that a pipe makes of messages: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html."""

import base64
from typing import Any


def to_record(message: dict[str, Any], queue_arn: str) -> dict[str, Any]:
    """Return a message as ReceiveMessage answers it as the event that a pipe passes on."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _to_attribute(attribute) for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _to_attribute(attribute: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute["DataType"],
    }
    if "StringValue" in attribute:
        record["stringValue"] = attribute["StringValue"]
    if "BinaryValue" in attribute:
        record["binaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode()
    return record
