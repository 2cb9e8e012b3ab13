"""What a handler sees of TorchServe 0.12, where torchserve is not installed.

Written after pytorch/serve (Apache-2.0), each module after that of its name, and as short
as its behaviour allows: the loader, the context, the messages and `BaseHandler` act as there;
metrics are taken and dropped; of the built-in handlers there is `base_handler` alone.
"""

__version__ = "0.12.0"

STAND_IN = True
