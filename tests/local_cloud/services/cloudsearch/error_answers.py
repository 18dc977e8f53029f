"""What the document service and the search service of a domain answer when they refuse something; always JSON.

`errors[].message` and `error.message` have a prefix in the answers of real domains; SDKs read `__type` and `message`.
https://github.com/Torann/laravel-cloudsearch/issues/7 shows an upload's, https://github.com/aws/aws-sdk-kotlin/issues/338
the form of `message`.
"""

from typing import Any

_DEPRECATED = "[*Deprecated*: Use the outer message field] "


def document_service_error(messages: list[str]) -> dict[str, Any]:
    """Return the answer of the document service to a batch that it refuses."""
    return {
        "__type": "#DocumentServiceException",
        "status": "error",
        "adds": 0,
        "deletes": 0,
        "errors": [{"message": _DEPRECATED + message} for message in messages],
        "message": "{ [" + ", ".join(f'"{message}"' for message in messages) + "] }",
    }


def search_error(message: str, request_id: str) -> dict[str, Any]:
    """Return the answer of the search service to a request that it refuses."""
    return {
        "__type": "#SearchException",
        "error": {"rid": request_id, "message": _DEPRECATED + message},
        "message": message,
    }
