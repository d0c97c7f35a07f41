"""Grouped GEMM: the rows of each expert times that expert's weights, all experts in one call.

`groups` experts are resident with `m_per_group` rows each on average: exactly so when `skew` is
uniform, one random draw with equal probabilities when it is multinomial. bf16 is torch._grouped_mm,
fp8 torch._scaled_grouped_mm with scales per row and per column of each expert.
"""

import torch

from .operands import Pool, normal, require_fp8_products, scales, spread
from .timing import copies_needed, require_close, time_calls

NAME = "grouped_gemm"
KEYS = ["name", "groups", "m_per_group", "skew", "k", "n", "dtype"]
LIMITS = {"bf16": 1e-2, "fp8": 2e-2}


class Bench:
    """Holds the pools of weights between rows."""

    def __init__(self, seed, rotate):
        self.pools = {dtype: Pool(dtype, seed) for dtype in LIMITS}
        self.seed, self.rotate = seed, rotate

    def measure(self, row):
        """Time one row; raises CheckFailed, TooLarge, or what torch raises."""
        groups, k, n, dtype = row["groups"], row["k"], row["n"], row["dtype"]
        require_fp8_products(dtype)
        pool = self.pools[dtype]
        copies = copies_needed(groups * k * n * pool.dtype.itemsize, self.rotate)
        weights = pool.take(copies, groups, n, k)
        sizes = self._group_sizes(row)
        offsets = sizes.cumsum(0).to(device="cuda", dtype=torch.int32)
        total = int(sizes.sum())
        x = normal((total, k), dtype, self.seed + 1)
        x_scale, w_scale = scales((total,), self.seed + 2), scales((groups, n), self.seed + 3)

        def call(copy):
            w = weights[copy].transpose(-2, -1)
            if dtype == "bf16":
                return torch._grouped_mm(x, w, offs=offsets)
            return torch._scaled_grouped_mm(
                x, w, x_scale, w_scale, offs=offsets, out_dtype=torch.bfloat16, use_fast_accum=True
            )

        timing, output, copy = time_calls(call, len(weights))
        rows, columns = spread(total, 96), spread(n, 256)
        expert = torch.searchsorted(offsets.long(), rows, right=True)
        for group in expert.unique().tolist():
            mine = rows[expert == group]
            reference = x[mine].float() @ weights[copy][group][columns].float().t()
            if dtype == "fp8":
                reference = reference * x_scale[mine, None] * w_scale[group, columns]
            require_close(output[mine][:, columns], reference, LIMITS[dtype])
        return timing

    def _group_sizes(self, row):
        groups, total = row["groups"], row["groups"] * row["m_per_group"]
        if row["skew"] == "uniform":
            return torch.full((groups,), row["m_per_group"])
        generator = torch.Generator().manual_seed(self.seed)
        draw = torch.randint(groups, (total,), generator=generator)
        return torch.bincount(draw, minlength=groups)
