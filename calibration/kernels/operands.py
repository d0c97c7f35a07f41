"""Random operands, cheap to draw for many shapes: one block of random values, repeated into a pool.

Values are normal, since zeros and constants draw less power and run faster than real data.
"""

import torch

from .timing import TooLarge, Unavailable

BLOCK = 1 << 27  # distinct random elements; past that the pool repeats them
KEEP_FREE = 6 << 30  # bytes left for workspaces, outputs and references
DTYPES = {"bf16": torch.bfloat16, "fp8": torch.float8_e4m3fn}


class Pool:
    """A stretch of device memory with normal values of one dtype, grown as larger shapes ask."""

    def __init__(self, dtype, seed):
        self.dtype = DTYPES[dtype]
        self.seed = seed
        self.flat = None

    def take(self, copies, *shape):
        """`copies` tensors of `shape`, side by side in the pool."""
        each = 1
        for size in shape:
            each *= size
        each = -(-each // 256) * 256  # rows start aligned
        self._hold(copies * each)
        elements = torch.Size(shape).numel()
        return [self.flat[i * each : i * each + elements].view(shape) for i in range(copies)]

    def release(self):
        """Give the memory back."""
        self.flat = None
        torch.cuda.empty_cache()

    def _hold(self, elements):
        if self.flat is not None and self.flat.numel() >= elements:
            return
        self.release()
        width = self.dtype.itemsize
        free = torch.cuda.mem_get_info()[0] - KEEP_FREE
        if elements * width > free:
            raise TooLarge(f"needs {elements * width / 1e9:.1f} GB, {max(free, 0) / 1e9:.1f} GB are free")
        elements = min(max(2 * elements, BLOCK), free // width)
        generator = torch.Generator(device="cuda").manual_seed(self.seed)
        self.flat = torch.empty(elements, dtype=self.dtype, device="cuda")
        block = min(BLOCK, elements)
        for start in range(0, block, BLOCK // 8):
            end = min(start + BLOCK // 8, block)
            values = torch.randn(end - start, generator=generator, device="cuda")
            self.flat[start:end].copy_(values)
        for start in range(block, elements, block):
            end = min(start + block, elements)
            self.flat[start:end].copy_(self.flat[: end - start])


def require_fp8_products(dtype):
    """Raise Unavailable when `dtype` is fp8 and this GPU cannot multiply FP8."""
    if dtype == "fp8" and torch.cuda.get_device_capability() < (8, 9):
        raise Unavailable("FP8 products need a GPU of compute capability 8.9 or newer")


def normal(shape, dtype, seed):
    """A tensor of its own with normal values."""
    generator = torch.Generator(device="cuda").manual_seed(seed)
    return torch.randn(shape, generator=generator, device="cuda").to(DTYPES[dtype])


def scales(shape, seed):
    """FP32 scales between 0.5 and 1.5."""
    generator = torch.Generator(device="cuda").manual_seed(seed)
    return torch.rand(shape, generator=generator, device="cuda") + 0.5


def spread(size, count):
    """`count` positions spread over `size`, first and last among them, for checks on a subsample."""
    return torch.linspace(0, size - 1, min(size, count), device="cuda").long().unique()
