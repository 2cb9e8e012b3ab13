"""Which requests are put into one batch."""

from __future__ import annotations


def batches_of(requests: int, batch_size: int | None) -> list[list[int]]:
    """Batches of one, and then the same requests in batches of several; each as the requests' indices.

    Several are as many as the model configuration's `batchSize` allows; without it all of
    them, for a registration may ask for that. A single request is put in twice. With a
    `batchSize` of 1, TorchServe never makes a batch of several.
    """
    alone = [[index] for index in range(requests)]
    if not requests or batch_size == 1:
        return alone
    several = list(range(requests)) if requests > 1 else [0, 0]
    size = batch_size or len(several)
    together = [several[start : start + size] for start in range(0, len(several), size)]
    return alone + [batch if len(batch) > 1 else [*batch, several[0]] for batch in together]
