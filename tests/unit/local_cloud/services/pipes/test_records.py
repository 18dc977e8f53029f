from tests.local_cloud.services.pipes.records import to_record

QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:queue"


def test_a_message_becomes_the_documented_record() -> None:
    message = {
        "MessageId": "id",
        "ReceiptHandle": "handle",
        "Body": "body",
        "MD5OfBody": "md5",
        "Attributes": {"ApproximateReceiveCount": "1"},
        "MessageAttributes": {
            "text": {"DataType": "String", "StringValue": "a"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\xff"},
        },
    }

    assert to_record(message, QUEUE_ARN) == {
        "messageId": "id",
        "receiptHandle": "handle",
        "body": "body",
        "md5OfBody": "md5",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            "text": {
                "dataType": "String",
                "stringValue": "a",
                "stringListValues": [],
                "binaryListValues": [],
            },
            "bytes": {
                "dataType": "Binary",
                "binaryValue": "/w==",
                "stringListValues": [],
                "binaryListValues": [],
            },
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": "us-east-1",
    }
