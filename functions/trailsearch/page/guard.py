"""Who may ask the page's server: nobody but the browser that opened the link of ``make ui``.

The server listens on the loopback interface alone, which other users and every web page in the browser can reach, too:

- A random token is in the link; whoever has opened it has it in a cookie, which no script can read and no other site's
  request carries.
- The ``Host`` has to be this server's: a name that an attacker's DNS leads to 127.0.0.1 (DNS rebinding) is none.
- What does something is a POST of JSON whose ``Origin`` is this server: no form can send that.
- Nothing is loaded from anywhere else, and no script stands in a page (Content-Security-Policy).

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html,
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
"""

import secrets
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_READING: Final = frozenset({"GET", "HEAD"})
_TOKEN: Final = "token"  # noqa: S105 - the name of a parameter
_OPEN_THE_LINK: Final = "Open the link that make ui has printed: it lets this browser in."


class Guard:
    """Lets through what may ask, and answers all else by itself."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token
        # Cookies do not tell ports apart, and two environments may be looked at side by side.
        self._cookie = f"trailsearch-{port}"
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            # A WebSocket, which the page has none of. The server's own start and end are for the app.
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        app: ASGIApp = self._refusal(Request(scope)) or self._app
        await app(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("This server has another name.", 421)
        if token := request.query_params.get(_TOKEN):
            return self._enter(request, token)
        if not self._is(request.cookies.get(self._cookie, "")):
            return _refuse(request, 401, "NotLetIn", _OPEN_THE_LINK)
        if request.method not in _READING:
            if request.headers.get("origin") not in {f"http://{host}" for host in self._hosts}:
                return _refuse(request, 403, "AnotherOrigin", "Only the page itself may ask for that.")
            if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return _refuse(request, 415, "NotJson", "What is sent here is JSON.")
        return None

    def _enter(self, request: Request, token: str) -> Response:
        if request.method != "GET" or not self._is(token):
            return _refuse(request, 401, "NotLetIn", _OPEN_THE_LINK)
        rest = urlencode([pair for pair in request.query_params.multi_items() if pair[0] != _TOKEN])
        # To the page alone: a path may begin with two slashes, and then it is another server's address.
        answer = RedirectResponse(f"/?{rest}" if rest else "/", 303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _is(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(errors="replace"), self._token.encode())


def _refuse(request: Request, status: int, error: str, message: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": error, "message": message, "hint": None}, status)
    return PlainTextResponse(message, status)
