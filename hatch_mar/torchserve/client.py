"""TorchServe's HTTP interfaces, as a client sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import Any, ClassVar, Literal
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from hatch_mar.torchserve.answer import Answer

Api = Literal["management", "inference"]


class KeepRedirects(HTTPRedirectHandler):
    """Gives the answer that redirects, since TorchServe never does, and its key is for nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Interface:
    """One of TorchServe's HTTP interfaces. Its methods give the answer, whatever its status.

    They raise an OSError if there was no answer within `seconds`.
    """

    api: ClassVar[Api]
    url: str
    """Without a path: `http://127.0.0.1:8081`."""
    read_key: Callable[[], str] = str
    """Gives the key for token authorization; an empty one if there is none."""
    proxied: bool = False
    """Whether requests go through the proxy that the environment names."""

    @cached_property
    def opener(self) -> OpenerDirector:
        # which reads the certificates of all authorities, since Python 3.12 also for plain http
        return build_opener(ProxyHandler(None if self.proxied else {}), KeepRedirects)

    def request(
        self, method: str, path: str, seconds: float, *, data: bytes | None = None, content_type: str = ""
    ) -> Answer:
        headers = {"Content-Type": content_type} if content_type else {}
        if key := self.read_key():
            headers["Authorization"] = f"Bearer {key}"
        request = Request(self.url + path, data, headers, method=method)
        try:
            with self.opener.open(request, timeout=seconds) as response:
                return Answer(response.read(), response.headers.get("Content-Type", ""), response.status)
        except HTTPError as error:
            with error:
                return Answer(error.read(), error.headers.get("Content-Type", ""), error.code)
        except HTTPException as error:  # such as the greeting of a server of another protocol
            raise ConnectionError("the answer is not HTTP, or broke off") from error


class Management(Interface):
    """Registers models; a version is told by its number, or is the default version without one."""

    api = "management"

    def register(self, url: str, seconds: float, **options: object) -> Answer:
        """Without `synchronous=false`, the answer comes when the workers are ready."""
        query = {"url": url, "initial_workers": 1, "synchronous": "true", **options}
        return self.request("POST", f"/models?{urlencode(query)}", seconds)

    def describe(self, model: str, seconds: float, version: str | None = None) -> Answer:
        """As JSON, a list of one version; of all if `version` is `all`."""
        return self.request("GET", f"/models/{path_of(model, version)}", seconds)

    def set_default(self, model: str, version: str, seconds: float) -> Answer:
        return self.request("PUT", f"/models/{path_of(model, version)}/set-default", seconds)

    def unregister(self, model: str, seconds: float, version: str | None = None) -> Answer:
        return self.request("DELETE", f"/models/{path_of(model, version)}", seconds)


class Inference(Interface):
    """Answers requests to models."""

    api = "inference"

    def ping(self, seconds: float) -> Answer:
        return self.request("GET", "/ping", seconds)

    def predict(
        self, model: str, data: bytes, content_type: str, seconds: float, version: str | None = None
    ) -> Answer:
        """Without any type, urllib would send the one of a form, which a handler takes for text."""
        path = f"/predictions/{path_of(model, version)}"
        kind = content_type or "application/octet-stream"
        return self.request("POST", path, seconds, data=data, content_type=kind)


def path_of(model: str, version: str | None) -> str:
    return "/".join(quote(part, safe="") for part in (model, version) if part is not None)


def message_of(answer: Answer) -> str:
    """The message in TorchServe's answer to a request that failed, or the whole answer if it has none."""
    if isinstance(answer.value, dict) and "message" in answer.value:
        return str(answer.value["message"])
    return answer.summary
