"""A loaded model and how it answers a batch, after ts/service.py."""

import logging
import os
from collections.abc import Callable
from typing import Any

from . import __version__
from .context import Context, RequestProcessor
from .protocol.otf_message_handler import create_predict_response
from .utils.util import PredictionException, get_yaml_config

logger = logging.getLogger(__name__)


class Service:
    def __init__(
        self,
        model_name: str,
        model_dir: str,
        manifest: Any,
        entry_point: Callable[[Any, Any], Any],
        gpu: int | None,
        batch_size: int | None,
        limit_max_image_pixels: bool = True,
        metrics_cache: Any = None,
    ) -> None:
        model_yaml_config = {}
        if manifest is not None and "model" in manifest and "configFile" in manifest["model"]:
            model_yaml_config = get_yaml_config(os.path.join(model_dir, manifest["model"]["configFile"]))
        self._context = Context(
            model_name,
            model_dir,
            manifest,
            batch_size,
            gpu,
            __version__,
            limit_max_image_pixels,
            metrics_cache,
            model_yaml_config,
        )
        self._entry_point = entry_point
        self.cl_socket: Any = None

    @property
    def context(self) -> Context:
        return self._context

    @staticmethod
    def retrieve_data_for_inference(batch: Any) -> tuple[list[Any], list[Any], dict[int, str]]:
        if batch is None:
            raise ValueError("Received invalid inputs")
        headers, inputs, ids = [], [], {}
        for index, request in enumerate(batch):
            names: dict[str, Any] = {}
            values = {}
            for parameter in request["parameters"]:
                values[parameter["name"]] = parameter["value"]
                names[parameter["name"]] = {"content-type": parameter["contentType"]}
            for header in request.get("headers") or ():
                names[header["name"].decode("utf-8")] = header["value"].decode("utf-8")
            headers.append(RequestProcessor(names))
            inputs.append(values)
            ids[index] = request["requestId"].decode("utf-8")
        return headers, inputs, ids

    def set_cl_socket(self, cl_socket: Any) -> None:
        self.cl_socket = cl_socket

    def predict(self, batch: Any) -> Any:
        headers, inputs, ids = Service.retrieve_data_for_inference(batch)
        self.context.request_ids = ids
        self.context.request_processor = headers
        self.context.metrics.set_request_ids(ids)
        self.context.cl_socket = self.cl_socket
        try:
            answers = self._entry_point(inputs, self.context)
        except MemoryError:
            logger.error("System out of memory", exc_info=True)
            return create_predict_response(None, ids, "Out of resources", 507)
        except PredictionException as error:
            logger.error("Prediction error", exc_info=True)
            return create_predict_response(None, ids, error.message, error.error_code)
        except Exception as error:
            logger.warning("Invoking custom service failed.", exc_info=True)
            if "CUDA" in str(error):
                return create_predict_response(None, ids, "Out of resources", 507)
            return create_predict_response(None, ids, "Prediction failed", 503)
        if not isinstance(answers, list):
            return create_predict_response(None, ids, "Invalid model predict output", 503)
        if len(answers) != len(inputs):
            return create_predict_response(None, ids, "number of batch response mismatched", 503)
        return create_predict_response(answers, ids, "Prediction success", 200, context=self.context)
