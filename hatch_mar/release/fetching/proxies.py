"""The way to web servers that leads over a proxy."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request

from hatch_mar.project.config.addresses import is_loopback


class Proxies(ProxyHandler):
    """The environment's proxies, but none for this machine, which is asked without encryption."""

    def proxy_open(self, req: Request, proxy: str, type: str) -> Any:  # noqa: A002  (urllib's)
        if is_loopback(urlsplit(req.full_url).hostname or ""):
            return None
        return super().proxy_open(req, proxy, type)
