"""The parts of TorchServe 0.12 that a handler uses, for machines without torchserve.

Written after pytorch/serve (Apache-2.0), each module after the one of its name. The loader,
the context, the messages and `BaseHandler` behave as they do there; metrics are accepted and
dropped; `base_handler` is the only built-in handler.
"""

__version__ = "0.12.0"

STAND_IN = True
