"""HTTP requests that are signed for an AWS service, where botocore has no client: the REST API of an OpenSearch domain.

By botocore's own parts, which its clients are made of: no other library of OpenSearch or HTTP is in the Lambda package.
"""

import gzip
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError, IncompleteReadError, NoCredentialsError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_NONE: Mapping[str, str] = {}


class HttpAnswer(NamedTuple):
    """What a service answered; ``body`` is unpacked."""

    status: int
    body: bytes


class SignedHttp:
    """One endpoint, a URL. Connections to it are kept and used again; a request is sent once, and follows no redirect."""

    def __init__(
        self,
        endpoint_url: str,
        service: str,
        region: str,
        credentials: "Credentials | None",
        http: URLLib3Session,
    ) -> None:
        self._endpoint_url = endpoint_url.rstrip("/")
        self._service = service
        self._region = region
        self._credentials = credentials
        self._http = http

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = _NONE,
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """Send one request; ``path`` begins with a slash, below the path of the endpoint if that has one.

        Raises:
            NoCredentialsError: there is nothing to sign with.
            HTTPClientError, ConnectionError, IncompleteReadError: no answer came, or a part of one (``clients.NO_ANSWER``).
        """
        if self._credentials is None:
            raise NoCredentialsError
        url = f"{self._endpoint_url}{path}"
        if query:
            # As it is signed, so it is sent: SigV4 has a space as %20.
            url += f"?{urlencode(query, quote_via=quote, safe='')}"
        request = AWSRequest(method, url, dict(headers), body)
        frozen = self._credentials.get_frozen_credentials()
        SigV4Auth(frozen, self._service, self._region).add_auth(request)
        # Not signed: what is on the way may change it.
        request.headers["Accept-Encoding"] = "gzip"
        answer = self._http.send(request.prepare())
        content = answer.content
        length = answer.headers.get("Content-Length")
        if length is not None and len(content) < int(length):  # botocore's session passes over that.
            raise IncompleteReadError(actual_bytes=len(content), expected_bytes=int(length))
        if answer.headers.get("Content-Encoding") == "gzip" and content:
            try:
                content = gzip.decompress(content)
            except (OSError, EOFError, zlib.error) as error:
                raise HTTPClientError(error=error) from error
        return HttpAnswer(answer.status_code, content)
