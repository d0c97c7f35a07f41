"""Plain memory traffic: a device-to-device copy (bytes read plus written) and a sum (bytes read)."""

import torch

from .operands import Pool
from .timing import copies_needed, require_close, time_calls

NAME = "copy"
KEYS = ["op", "bytes"]


class Bench:
    """Holds the pool of source buffers between rows."""

    def __init__(self, seed, rotate):
        self.pool, self.rotate = Pool("bf16", seed), rotate

    def measure(self, row):
        """Time one row; raises CheckFailed, TooLarge, or what torch raises."""
        op, size = row["op"], row["bytes"]
        if op == "copy":
            return self._copy(size // 4)
        return self._sum(size // 2)

    def _copy(self, elements):
        copies = copies_needed(4 * elements, self.rotate)
        sources = self.pool.take(copies, elements)
        targets = [torch.empty_like(source) for source in sources]
        timing, output, copy = time_calls(lambda i: targets[i].copy_(sources[i]), copies)
        require_close(output[:4096], sources[copy][:4096].float(), 0.0)
        return timing

    def _sum(self, elements):
        sources = self.pool.take(copies_needed(2 * elements, self.rotate), elements)
        timing, output, copy = time_calls(lambda i: sources[i].sum(dtype=torch.float32), len(sources))
        total = torch.stack([part.double().sum() for part in sources[copy].split(1 << 26)]).sum()
        scale = torch.tensor(float(elements) ** 0.5, device="cuda")  # the sum is near zero by chance
        require_close(output / scale + 1.0, (total / scale).float() + 1.0, 1e-2)
        return timing
