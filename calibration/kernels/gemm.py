"""Dense GEMM: activations [m, k] times a weight matrix [k, n], rotated over copies of the weights.

bf16 is torch's matrix product (cuBLAS); fp8 is torch._scaled_mm with one scale per row of the
activations and per column of the weights, and a BF16 output.
"""

import torch

from .operands import Pool, normal, require_fp8_products, scales, spread
from .timing import copies_needed, require_close, time_calls

NAME = "gemm"
KEYS = ["name", "m", "k", "n", "dtype"]
LIMITS = {"bf16": 1e-2, "fp8": 2e-2}  # the FP8 tensor core adds up in fewer bits than FP32


class Bench:
    """Holds the pools of weights between rows."""

    def __init__(self, seed, rotate):
        self.pools = {dtype: Pool(dtype, seed) for dtype in LIMITS}
        self.seed, self.rotate = seed, rotate

    def measure(self, row):
        """Time one row; raises CheckFailed, TooLarge, or what torch raises."""
        m, k, n, dtype = row["m"], row["k"], row["n"], row["dtype"]
        require_fp8_products(dtype)
        pool = self.pools[dtype]
        weights = pool.take(copies_needed(k * n * pool.dtype.itemsize, self.rotate), n, k)
        x = normal((m, k), dtype, self.seed + 1)
        x_scale, w_scale = scales((m, 1), self.seed + 2), scales((1, n), self.seed + 3)

        def call(copy):
            if dtype == "bf16":
                return torch.mm(x, weights[copy].t())
            return torch._scaled_mm(
                x, weights[copy].t(), scale_a=x_scale, scale_b=w_scale,
                out_dtype=torch.bfloat16, use_fast_accum=True,
            )

        timing, output, copy = time_calls(call, len(weights))
        rows, columns = spread(m, 64), spread(n, 256)
        reference = x[rows].float() @ weights[copy][columns].float().t()
        if dtype == "fp8":
            reference = reference * x_scale[rows] * w_scale[:, columns]
        require_close(output[rows][:, columns], reference, LIMITS[dtype])
        return timing
