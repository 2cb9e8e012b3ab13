"""An archive run as TorchServe's worker would run it, before anyone deploys it.

This is the one place of the product that runs an archive's code, and it does so in a process of
its own: `running` starts `child/worker.py`, which loads the handler with TorchServe's own
loader, or with the one in `stand_in`, and calls it with a batch of requests.
"""
