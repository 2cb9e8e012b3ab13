"""TorchServe's worker without its server: the script of the new process. It does not import hatch_mar.

After pytorch/serve, ts/model_service_worker.py: the same loader and the same messages, in
the working directory and on the PYTHONPATH that the parent process sets. Every step goes to
the journal as a line of JSON, so that the parent knows how far the worker got even if the
archive's code ends the process.
"""

from __future__ import annotations

import base64
import faulthandler
import importlib.util
import io
import json
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from hatch_mar_wire import Conversation, Response, pack_batch  # noqa: E402

# the archive's code must not be able to import what is next to this file
sys.path[:] = [entry for entry in sys.path if entry != HERE]

Json = dict[str, Any]


class Journal:
    def __init__(self, path: str) -> None:
        self.file = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115

    def write(self, event: str, **values: Any) -> None:
        self.file.write(json.dumps({"event": event, **values}) + "\n")


class Recorder:
    """The handler's entry point, which keeps what it raised or returned; `Service.predict` hides both.

    With a loop, the entry point is awaited, as ts/async_service.py (`predict`) does.
    """

    def __init__(self, entry_point: Callable[[Any, Any], Any], loop: AbstractEventLoop | None) -> None:
        self.entry_point = entry_point
        self.loop = loop
        self.error: BaseException | None = None
        self.returned: str | None = None

    def __call__(self, data: Any, context: Any) -> Any:
        self.error = self.returned = None
        try:
            answers = self.entry_point(data, context)
            if self.loop:
                answers = self.loop.run_until_complete(wait_for(answers))
        except BaseException as error:
            self.error = error
            raise
        self.returned = f"{len(answers)}" if isinstance(answers, list) else type(answers).__name__
        return answers


def start_loop() -> AbstractEventLoop:
    """The loop of an asynchronous worker, which its handler may ask for when it is loaded."""
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


async def wait_for(answers: Awaitable[Any]) -> Any:
    return await answers


def describe_error(error: BaseException, directory: str) -> Json:
    """An error for the journal; the real one, where another masks it.

    If a handler cannot be imported, TsModelLoader tries `ts.torch_handler.<handler>`, and
    raises the error of that instead (pytorch/serve#1010).
    """
    real = error
    if isinstance(error, ImportError) and str(error.name or "").startswith("ts.torch_handler"):
        real = error.__context__ if isinstance(error.__context__, ImportError) else error
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(real.__traceback__)]
    if isinstance(real, SyntaxError):
        frames.append((str(real.filename or ""), real.lineno))
    ts = sys.modules.get("ts")
    own = os.path.dirname(ts.__file__) + os.sep if ts and ts.__file__ else None
    return {
        "type": type(real).__name__,
        # the text of a PredictionException contains its status as well
        "message": str(real.message if hasattr(real, "error_code") and hasattr(real, "message") else real),
        "status": getattr(real, "error_code", None),
        "module": real.name if isinstance(real, ImportError) else None,
        "masked": None if real is error else str(error),
        "stand_in": hasattr(ts, "STAND_IN"),
        "by_torchserve": bool(own and frames) and frames[-1][0].startswith(str(own)),
        "frames": [
            {"file": os.path.relpath(file, directory), "line": line}
            for file, line in frames
            if os.path.realpath(file).startswith(directory + os.sep)
        ],
    }


def import_torchserve(stand_in: str, *, forced: bool, bare: bool) -> tuple[Any, Any]:
    """TorchServe's package and its loader of models, or those of the stand-in if it is not installed.

    TorchServe imports torch, so torch is imported for the stand-in too, if it is installed.
    """
    if forced:
        sys.path.insert(0, stand_in)
    elif importlib.util.find_spec("ts") is None:
        sys.path.append(stand_in)
    import ts
    from ts.model_loader import ModelLoaderFactory

    if not bare and importlib.util.find_spec("torch"):
        importlib.import_module("torch")

    return ts, ModelLoaderFactory.get_model_loader()


def choose_device(device_type: str) -> tuple[int | None, str, str]:
    """The number of the worker's GPU or None, torch's name of the device, and which GPU or why none."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None, "cpu", "torch is not installed"
    if device_type.lower() == "cpu":
        return None, "cpu", "`deviceType` asks for it"
    if torch.cuda.is_available():
        return 0, "cuda:0", torch.cuda.get_device_name(0)
    if torch.backends.mps.is_available():
        return 0, "mps", ""
    return None, "cpu", "torch finds no GPU"


def worker_arguments(ts: Any, *, asynchronous: bool) -> list[str]:
    """What a server's worker has in `sys.argv` (WorkerLifeCycle.java, `startWorkerPython`)."""
    port = "9000"
    connection = ["unix", "--sock-name", os.path.join(tempfile.gettempdir(), f".ts.sock.{port}")]
    if sys.platform == "win32":
        connection = ["tcp", "--port", port]
    script = os.path.join(os.path.dirname(ts.__file__), "model_service_worker.py")
    arguments = [script, "--sock-type", *connection, "--metrics-config", metrics_config(ts)]
    return [*arguments, *(["--async"] if asynchronous else [])]


def metrics_config(ts: Any) -> str:
    return os.path.join(os.path.dirname(ts.__file__), "configs", "metrics.yaml")


def make_metrics_cache(ts: Any, model_name: str) -> Any:
    from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl

    cache = MetricsCacheYamlImpl(config_file_path=metrics_config(ts))
    cache.initialize_cache()
    cache.model_name = model_name
    return cache


def measure_peaks() -> Json:
    """The most memory that was used, and the most of the GPU's, in bytes; None if that is not known."""
    torch = sys.modules.get("torch")
    on_gpu = torch.cuda.max_memory_allocated() if torch and torch.cuda.is_available() else None
    return {"memory": peak_memory(), "gpu_memory": on_gpu}


def peak_memory() -> int | None:
    try:
        # on Linux, ru_maxrss includes the process that started this one
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << (0 if sys.platform == "darwin" else 10)


def answer_batch(service: Any, recorder: Recorder, requests: list[Json], batch: int, directory: str) -> Json:
    from ts.protocol.otf_message_handler import retrieve_msg

    conversation = Conversation(pack_batch(requests, batch))
    service.set_cl_socket(conversation)
    _, received = retrieve_msg(conversation)
    began = time.perf_counter()
    response = Response(bytes(service.predict(received)))
    seconds = time.perf_counter() - began
    bodies: dict[str, bytes] = {}
    for part in [*(Response(data) for data in conversation.sent), response]:
        for answer in part.answers:
            # an HTTP client gets what was streamed before the last part
            bodies[answer["id"]] = bodies.get(answer["id"], b"") + answer["body"]
    answers = [
        answer | {"body": base64.b64encode(bodies[answer["id"]]).decode()} for answer in response.answers
    ]
    return {
        "seconds": seconds,
        "code": response.code,
        "message": response.message,
        "answers": answers,
        "returned": recorder.returned,
        "error": describe_error(recorder.error, directory) if recorder.error else None,
    }


def serve_batches(order: Json, journal: Journal, stacks: BinaryIO) -> None:
    directory, limits = order["directory"], order["limits"]
    faulthandler.enable(stacks)
    faulthandler.dump_traceback_later(limits["starting"], file=stacks)
    ts, loader = import_torchserve(order["stand_in"], forced=order["forced"], bare=order["bare"])
    sys.argv = worker_arguments(ts, asynchronous=order["asynchronous"])
    gpu, device, note = choose_device(order["device_type"])
    metrics = make_metrics_cache(ts, order["name"])
    torch = sys.modules.get("torch")
    journal.write(
        "started",
        python=sys.version.split()[0],
        torch=torch.__version__ if torch else None,
        torchserve=None if hasattr(ts, "STAND_IN") else ts.__version__,
        device=device,
        device_note=note,
    )
    faulthandler.dump_traceback_later(limits["loading"], file=stacks)
    loop = start_loop() if order["asynchronous"] else None
    began = time.perf_counter()
    service = loader.load(
        order["name"], directory, order["handler"], gpu, order["batch_size"], order["envelope"], True, metrics
    )
    journal.write("loaded", seconds=time.perf_counter() - began)
    service._entry_point = recorder = Recorder(service._entry_point, loop)
    for number, batch in enumerate(order["batches"]):
        journal.write("asked", batch=number)
        faulthandler.dump_traceback_later(limits["answering"], file=stacks)
        requests = [order["requests"][index] for index in batch]
        answered = answer_batch(service, recorder, requests, number, directory)
        journal.write("answered", batch=number, **answered)
    faulthandler.cancel_dump_traceback_later()
    journal.write("done", **measure_peaks())


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # so that it is in the same order as what goes to stderr
        sys.stdout.reconfigure(line_buffering=True)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
    journal = Journal(order["journal"])
    with open(order["stacks"], "wb") as stacks:
        try:
            serve_batches(order, journal, stacks)
        except BaseException as error:
            # as in Python, nothing follows what was printed before an exit that the code asked for
            if not isinstance(error, SystemExit):
                traceback.print_exc()
            journal.write("failed", error=describe_error(error, order["directory"]))
        finally:
            sys.stdout.flush()
            faulthandler.cancel_dump_traceback_later()
    # without waiting for threads that the archive's code may have started
    os._exit(0)


if __name__ == "__main__":
    main()
