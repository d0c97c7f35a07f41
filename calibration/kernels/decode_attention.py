"""One decode step of attention over a paged KV cache: `batch` requests of `ctx` tokens each.

`kind` gqa: `hq` query heads share `hkv` KV heads of size `d`; FlashInfer's tensor-core decode (FA2
path), or torch's scaled_dot_product_attention over a contiguous cache where FlashInfer is missing.
`kind` mla: the absorbed form over one latent of 512 + 64 values; FlashInfer only (FA3 path on Hopper, FA2 elsewhere).
`dtype` is that of the KV cache; queries and outputs are BF16. The pages of a request
lie scattered in the cache, as they do in a server.
"""

import torch

from .operands import Pool, normal
from .timing import CheckFailed, Unavailable, copies_needed, require_close, time_calls

try:
    import flashinfer
    from flashinfer.mla import BatchMLAPagedAttentionWrapper
except ImportError:
    flashinfer = None

NAME = "decode_attention"
KEYS = ["name", "kind", "hq", "hkv", "d", "dtype", "batch", "ctx"]
PAGE = 64  # tokens
LATENT, ROPE = 512, 64
LIMIT = 1e-2  # probabilities and outputs are rounded to BF16
WORKSPACE = 4 << 30  # bytes; split-KV partial results of 64 heads of 256 take over 1 GiB


class Bench:
    """Holds the pools of KV caches between rows."""

    def __init__(self, seed, rotate):
        self.pools = {dtype: Pool(dtype, seed) for dtype in ("bf16", "fp8")}
        self.seed, self.rotate = seed, rotate
        self.workspace = torch.empty(WORKSPACE, dtype=torch.uint8, device="cuda")

    def measure(self, row):
        """Time one row; raises CheckFailed, TooLarge, or what torch or FlashInfer raises."""
        other = "fp8" if row["dtype"] == "bf16" else "bf16"
        self.pools[other].release()
        if row["kind"] == "mla":
            return self._mla(row)
        if flashinfer is None:
            return self._gqa_torch(row)
        return self._gqa(row)

    def _pages(self, row):
        """Page table: where each request's pages start, which pages they are, tokens in the last."""
        batch, per_request = row["batch"], -(-row["ctx"] // PAGE)
        starts = torch.arange(batch + 1, dtype=torch.int32) * per_request
        generator = torch.Generator().manual_seed(self.seed)
        pages = torch.randperm(batch * per_request, generator=generator).int()
        last = torch.full((batch,), row["ctx"] - (per_request - 1) * PAGE, dtype=torch.int32)
        return starts.cuda(), pages.cuda(), last.cuda()

    def _gqa(self, row):
        hq, hkv, d, batch, ctx = (row[key] for key in ("hq", "hkv", "d", "batch", "ctx"))
        starts, pages, last = self._pages(row)
        pool = self.pools[row["dtype"]]
        shape = (len(pages), 2, PAGE, hkv, d)
        bytes_per_call = torch.Size(shape).numel() * pool.dtype.itemsize
        caches = pool.take(copies_needed(bytes_per_call, self.rotate), *shape)
        query = normal((batch, hq, d), "bf16", self.seed + 1)
        wrapper = flashinfer.BatchDecodeWithPagedKVCacheWrapper(
            self.workspace, kv_layout="NHD", use_tensor_cores=True, backend="fa2"
        )
        wrapper.plan(
            starts, pages, last, hq, hkv, d, PAGE,
            q_data_type=torch.bfloat16, kv_data_type=pool.dtype,
        )
        timing, output, copy = time_calls(lambda i: wrapper.run(query, caches[i]), len(caches))
        for request in sorted({0, batch // 2, batch - 1}):
            mine = pages[starts[request] : starts[request + 1]].long()
            head = request % hkv
            keys, values = (
                caches[copy][mine, part, :, head].reshape(-1, d)[:ctx].float() for part in (0, 1)
            )
            heads = slice(head * (hq // hkv), (head + 1) * (hq // hkv))
            _check(output[request, heads], query[request, heads], keys, values, d**-0.5)
        return timing

    def _gqa_torch(self, row):
        if row["dtype"] != "bf16":
            raise Unavailable("decode attention over an fp8 KV cache needs FlashInfer")
        hq, hkv, d, batch, ctx = (row[key] for key in ("hq", "hkv", "d", "batch", "ctx"))
        shape = (2, batch, hkv, ctx, d)
        copies = copies_needed(torch.Size(shape).numel() * 2, self.rotate)
        caches = self.pools["bf16"].take(copies, *shape)
        query = normal((batch, hq, 1, d), "bf16", self.seed + 1)

        def call(copy):
            return torch.nn.functional.scaled_dot_product_attention(
                query, caches[copy][0], caches[copy][1], enable_gqa=True
            )

        timing, output, copy = time_calls(call, len(caches))
        for request in sorted({0, batch // 2, batch - 1}):
            head = request % hkv
            keys, values = (caches[copy][part, request, head].float() for part in (0, 1))
            heads = slice(head * (hq // hkv), (head + 1) * (hq // hkv))
            _check(output[request, heads, 0], query[request, heads, 0], keys, values, d**-0.5)
        return timing

    def _mla(self, row):
        if flashinfer is None:
            raise Unavailable("decode attention of kind mla needs FlashInfer")
        if row["d"] != LATENT + ROPE or row["hkv"] != 1 or row["dtype"] != "bf16":
            raise Unavailable(f"MLA is measured with d = {LATENT + ROPE}, hkv = 1 and bf16")
        hq, batch, ctx = row["hq"], row["batch"], row["ctx"]
        starts, pages, _ = self._pages(row)
        copies = copies_needed(len(pages) * PAGE * (LATENT + ROPE) * 2, self.rotate)
        flat = self.pools["bf16"].take(copies, len(pages) * PAGE * (LATENT + ROPE))
        split = len(pages) * PAGE * LATENT
        latents = [cache[:split].view(-1, PAGE, LATENT) for cache in flat]
        ropes = [cache[split:].view(-1, PAGE, ROPE) for cache in flat]
        query = normal((batch, hq, LATENT), "bf16", self.seed + 1)
        query_rope = normal((batch, hq, ROPE), "bf16", self.seed + 2)
        scale = (128 + ROPE) ** -0.5
        path = "fa3" if torch.cuda.get_device_capability()[0] == 9 else "fa2"
        wrapper = BatchMLAPagedAttentionWrapper(self.workspace, backend=path)
        one_row_each = torch.arange(batch + 1, dtype=torch.int32, device="cuda")
        lengths = torch.full((batch,), ctx, dtype=torch.int32, device="cuda")
        wrapper.plan(
            one_row_each, starts, pages, lengths, hq, LATENT, ROPE, PAGE, False, scale,
            torch.bfloat16, torch.bfloat16,
        )
        timing, output, copy = time_calls(
            lambda i: wrapper.run(query, query_rope, latents[i], ropes[i]), copies
        )
        for request in sorted({0, batch // 2, batch - 1}):
            mine = pages[starts[request] : starts[request + 1]].long()
            latent = latents[copy][mine].reshape(-1, LATENT)[:ctx].float()
            rope = ropes[copy][mine].reshape(-1, ROPE)[:ctx].float()
            whole_query = torch.cat([query[request], query_rope[request]], dim=-1)
            _check(output[request], whole_query, torch.cat([latent, rope], dim=-1), latent, scale)
        return timing


def _check(output, query, keys, values, scale):
    if output.shape != (query.shape[0], values.shape[1]):
        raise CheckFailed(f"the output has the shape {tuple(output.shape)}")
    weights = torch.softmax(query.float() @ keys.t() * scale, dim=-1)
    require_close(output, weights @ values, LIMIT)
