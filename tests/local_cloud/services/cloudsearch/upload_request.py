"""The HTTP side of `documents/batch`: what a request is refused for before its batch is read.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/documents-batch-resource.html#documents-batch-status-codes
"""

import codecs
from typing import NoReturn

from moto.core.request import Request
from werkzeug.datastructures import MIMEAccept

from .exceptions import DocumentServiceException

_JSON, _XML = "application/json", "application/xml"
_CHARSETS = {codecs.lookup(name).name for name in ("ASCII", "ISO-8859-1", "UTF-8")}


def charset_of(request: Request) -> str:
    """Check the method and the headers of a request with a batch in JSON. Returns the charset of its body.

    Raises:
        DocumentServiceException: with the status that is documented, or 501 for batches and answers in XML, which are not
            supported here.
    """
    if request.method != "POST":
        _refuse(405, f"Requests must be posted to documents/batch (was {request.method})")
    accepted = request.accept_mimetypes if "Accept" in request.headers else MIMEAccept([(_JSON, 1)])
    if not accepted.best_match([_JSON, _XML]):
        _refuse(406, f"Accept header must be one of ['{_XML}', '{_JSON}'] (was {request.headers['Accept']})")
    if "Content-Type" not in request.headers:
        # In these words: https://github.com/tahseen/amazon-cloudsearch-client-java/issues/3
        _refuse(400, "The Content-Type header is missing.")
    if request.content_length is None:
        _refuse(411, "The Content-Length header is missing.")
    if request.mimetype not in (_JSON, _XML):
        # In these words: https://github.com/aws/aws-sdk-kotlin/issues/338
        _refuse(415, f"Content-Type header must be one of ['{_XML}', '{_JSON}'] (was {request.mimetype})")
    if request.mimetype == _XML or not accepted.best_match([_JSON]):
        _refuse(501, f"{_XML} is not supported by moto")
    charset = request.mimetype_params.get("charset", "UTF-8")
    try:
        known = codecs.lookup(charset).name
    except LookupError:
        known = ""
    if known not in _CHARSETS:
        _refuse(415, f"Character set must be one of ASCII, ISO-8859-1 and UTF-8 (was {charset})")
    return known


def _refuse(status: int, message: str) -> NoReturn:
    raise DocumentServiceException(status, [message])
