"""ministack's ASGI app with our services inside, closed where ministack is open."""

import sys
import types
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as ministack_app
from ministack.core import iam_evaluator, lambda_runtime, router

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Response]]
Page = Callable[[str, str], Response]

PAYLOAD_TYPE = "x-embedded-payload-type"
"""Header by which a handler says the content type of what is payload, not protocol."""
CLOSED_PATHS = ("/_ministack/reset", "/_ministack/config")
"""ministack's control paths, which know no authentication."""
_pages: dict[str, Page] = {}


def add_service(name: str, target_prefix: str, host_pattern: str, handler: Handler) -> None:
    """Route requests that are signed for `name`, or sent to its target prefix, to `handler`.

    ministack authenticates them; `handler` authorizes.
    """
    module_name = name.replace("-", "_")
    module = types.ModuleType(f"ministack.services.{module_name}")
    vars(module).update(handle_request=handler, reset=lambda: None, get_state=dict, load_persisted_state=lambda _: None)
    sys.modules[module.__name__] = module
    ministack_app._loaded_modules[module_name] = module
    ministack_app.SERVICE_REGISTRY[name] = {"module": module_name}
    ministack_app.SERVICE_HANDLERS[name] = ministack_app._lazy_handler(module_name)
    ministack_app._state_map[module_name] = module_name
    router.SERVICE_PATTERNS[name] = {"target_prefixes": [target_prefix], "host_patterns": [host_pattern]}


def add_page(prefix: str, page: Page) -> None:
    """Let `page` answer what a browser GETs below `prefix`, from path and query; it is asked without a signature."""
    _pages[prefix] = page


def require_signature_on_iam_routes() -> None:
    """Refuse requests to an HTTP API's AWS_IAM routes that carry anything but a signature."""
    enforce = ministack_app._enforce_execute_api

    def enforce_signed(
        api_id: str,
        stage: str,
        method: str,
        path: str,
        headers: dict[str, str],
        query: dict[str, list[str]],
        iam_action: str = "execute-api:Invoke",
    ) -> Any:
        kind = ministack_app._execute_api_authorization_type(api_id, stage, method, path)
        signed = iam_evaluator._signed_request.get() is not None and "/execute-api/" in headers.get("authorization", "")
        if kind == "AWS_IAM" and not signed:
            return 403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}'
        return enforce(api_id, stage, method, path, headers, query, iam_action)

    ministack_app._enforce_execute_api = enforce_signed


async def application(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """ASGI entry point."""
    if scope["type"] == "http":
        if scope["path"].startswith(CLOSED_PATHS):
            await _answer(send, (403, {"content-type": "text/plain"}, b"closed\n"))
            return
        page = next((page for prefix, page in _pages.items() if scope["path"].startswith(prefix)), None)
        if page is not None:
            await _answer(send, _answer_of(page, scope))
            return
        # The server listens on the loopback interface only, where TLS would protect nothing; policies that demand TLS hold.
        kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"x-forwarded-proto"]
        scope = {**scope, "headers": [*kept, (b"x-forwarded-proto", b"https")]}
        send = _with_payload_type(send)
    await ministack_app.app(scope, receive, send)


def _with_payload_type(send: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the content type of a payload: ministack gives every answer the one of its service's protocol."""

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            declared = headers.pop(PAYLOAD_TYPE.encode(), None)
            if declared is not None:
                headers = {name: value for name, value in headers.items() if name.lower() != b"content-type"}
                message = {**message, "headers": [*headers.items(), (b"content-type", declared)]}
        await send(message)

    return sending


def _answer_of(page: Page, scope: dict[str, Any]) -> Response:
    if scope["method"] != "GET":
        return 405, {"allow": "GET"}, b""
    return page(scope["path"], scope["query_string"].decode("ascii", "replace"))


async def _answer(send: Callable[..., Any], response: Response) -> None:
    status, headers, body = response
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*encoded, length]})
    await send({"type": "http.response.body", "body": body})


def stop_functions() -> None:
    """End the processes of all Lambda functions."""
    lambda_runtime.reset()
