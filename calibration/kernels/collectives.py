"""NCCL collectives over all GPUs of one machine, one process per GPU, timed as CUDA graph replays.

`message_size` counts elements of 2 bytes, as in nccl-tests' tables: what a rank holds in full, that
is the reduced vector of all_reduce, the gathered one of all_gather, the one to be scattered of
reduce_scatter, and all that a rank sends in alltoall. `latency` is in ms, of the slowest rank.
"""

import math
import statistics
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as processes

from .timing import SAMPLES, SAMPLE_US, relative_error, replay_us

KEYS = ["op", "bytes"]
COLUMNS = [
    "framework", "version", "device", "op_name", "kernel_source", "nccl_dtype", "num_gpus",
    "message_size", "latency",
]
CALLS = 20  # in one graph
LIMIT = 1e-2


def measure(rows, ranks):
    """For each row of KEYS: (cells of COLUMNS, None), or (None, why it is left out)."""
    with tempfile.TemporaryDirectory() as folder:
        answer = f"{folder}/answer"
        processes.spawn(_worker, (ranks, rows, f"{folder}/meeting", answer), ranks)
        return torch.load(answer, weights_only=True)


def _worker(rank, ranks, rows, meeting, answer):
    torch.cuda.set_device(rank)
    dist.init_process_group("nccl", init_method=f"file://{meeting}", rank=rank, world_size=ranks,
                            device_id=torch.device("cuda", rank))
    done = [_row(row, rank, ranks) for row in rows]
    if rank == 0:
        torch.save(done, answer)
    dist.barrier()
    dist.destroy_process_group()


def _row(row, rank, ranks):
    elements = row["bytes"] // 2 // ranks * ranks
    run, correct = _prepare(row["op"], elements, rank, ranks)
    run()
    problem = torch.tensor(0.0 if correct() else 1.0, device="cuda")
    dist.all_reduce(problem)
    if problem.item() > 0:
        return None, "the result differs from the one expected"
    seconds = _seconds(run)
    version = ".".join(map(str, torch.cuda.nccl.version()))
    cells = ["PyTorch", version, torch.cuda.get_device_name(), row["op"], "NCCL", "half", ranks,
             elements, f"{seconds * 1e3:.6f}"]
    return cells, None


def _prepare(op, elements, rank, ranks):
    """(a function that runs the collective, a function that checks its result)."""
    draws = [torch.randn(elements, generator=torch.Generator("cuda").manual_seed(r), device="cuda")
             .half() for r in range(ranks)]  # what every rank holds, drawn alike everywhere
    mine, part = draws[rank], elements // ranks
    own = slice(rank * part, (rank + 1) * part)
    if op == "all_reduce":  # in place: run again and again its values grow to infinity, harmlessly
        output = mine.clone()
        expected = sum(draw.float() for draw in draws)
        return lambda: dist.all_reduce(output), lambda: relative_error(output, expected) < LIMIT
    if op == "all_gather":
        output, piece = torch.empty_like(mine), draws[rank][own].clone()
        expected = torch.cat([draws[r][r * part : (r + 1) * part] for r in range(ranks)]).float()
        run = lambda: dist.all_gather_into_tensor(output, piece)
    elif op == "reduce_scatter":
        output = torch.empty_like(mine[own])
        expected = sum(draw[own].float() for draw in draws)
        run = lambda: dist.reduce_scatter_tensor(output, mine)
    else:
        output = torch.empty_like(mine)
        expected = torch.cat([draw[own] for draw in draws]).float()
        run = lambda: dist.all_to_all_single(output, mine)
    return run, lambda: relative_error(output, expected) < LIMIT


def _seconds(run):
    """Seconds per call: the median over the samples of the slowest rank's time."""
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(CALLS):
            run()
    _slowest_us(graph, 1)
    replays = math.ceil(SAMPLE_US / _slowest_us(graph, 1))  # the same on all ranks
    _slowest_us(graph, replays)
    samples = [_slowest_us(graph, replays) for _ in range(SAMPLES)]
    return statistics.median(samples) / (replays * CALLS) * 1e-6


def _slowest_us(graph, replays):
    """Microseconds of `replays` replays on the slowest rank, started together."""
    dist.barrier()
    mine = torch.tensor(replay_us(graph, replays), device="cuda")
    dist.all_reduce(mine, op=dist.ReduceOp.MAX)
    return mine.item()
