"""Error answers in the wire formats of the services: REST-XML (S3), REST-JSON (Lambda, CloudSearch), JSON (the others).

An OpenSearch domain's errors are the service's own, or, if the code is one of the engine's ("..._exception"), the engine's.

https://smithy.io/2.0/aws/protocols/index.html describes the formats.
"""

import json
import uuid
from http import HTTPStatus
from typing import NamedTuple
from xml.sax.saxutils import escape

from .rules import ErrorAnswer, Request

MESSAGE = "Injected by the local cloud."
_LAMBDA, _CLOUDSEARCH, _OPENSEARCH = "/2015-03-31/functions/", "/cloudsearch_", "/opensearch/"


class Answer(NamedTuple):
    """Headers and body of an answer."""

    headers: list[tuple[str, str]]
    body: bytes


def error_answer(error: ErrorAnswer, request: Request) -> Answer:
    """Write an error as the service that a request is for would."""
    request_id = str(uuid.uuid4())
    if request.target:
        namespace = "com.amazonaws.sqs" if request.target.startswith("AmazonSQS.") else "com.amazonaws"
        body = json.dumps({"__type": f"{namespace}#{error.code}", "message": MESSAGE})
        headers = [("Content-Type", "application/x-amz-json-1.0")]
    elif request.path.startswith(_LAMBDA):
        # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
        body = json.dumps({"Type": "Service" if error.status >= 500 else "User", "Message": MESSAGE})
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
    elif request.path.startswith(_CLOUDSEARCH):
        # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/documents-batch-json.html
        body = json.dumps({"status": "error", "errors": [{"message": MESSAGE}], "adds": 0, "deletes": 0})
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
    elif request.path.startswith(_OPENSEARCH):
        body, content_type = _opensearch(error, request)
        headers = [("Content-Type", content_type)]
    else:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{escape(error.code)}</Code><Message>{MESSAGE}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
        headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    encoded = body.encode()
    headers.append(("x-amzn-RequestId", request_id))
    return Answer([*headers, ("Content-Length", str(len(encoded)))], encoded)


def _opensearch(error: ErrorAnswer, request: Request) -> tuple[str, str]:
    """Give the body and its type, of what a domain answers, or the balancer and the edge before it."""
    if error.code.endswith("_exception"):
        cause = {"type": error.code, "reason": MESSAGE}
        answer = {"error": {"root_cause": [cause], **cause}, "status": error.status}
        return json.dumps(answer), "application/json; charset=UTF-8"
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"429 Too Many Requests {request.path}", "text/plain"
    if error.status == HTTPStatus.FORBIDDEN:
        action = f"es:ESHttp{request.method.capitalize()}"
        return json.dumps(
            {"Message": f"User: anonymous is not authorized to perform: {action}"}
        ), "application/json"
    return json.dumps({"message": MESSAGE}), "application/json"
