"""How a kernel is timed: a CUDA graph of many calls, replayed, over operands that L2 cannot hold.

Knows nothing of any kernel. A kernel is a function of the copy number that launches one call and
returns its output; what is timed is what is checked, since the output is read back after the replays.
"""

import dataclasses
import math
import statistics

import torch

SAMPLES = 7
GRAPH_US = 1_500.0  # one graph holds calls for about this long, so that its launch is a small part
WARM_US = 30_000.0  # replays before the first sample, until the power limit has settled the clocks
SAMPLE_US = 6_000.0  # one sample replays the graph for about this long
DWARFS_L2 = 32  # operands this many times the L2 push themselves out of it
LEAST_CALLS = 32  # calls of a short kernel in one graph
L2_TURNS = 4  # the copies of the operands together are this many times the L2


class CheckFailed(Exception):
    """The kernel's output differs from the reference by more than its family allows."""


class TooLarge(Exception):
    """The operands do not fit into the device's memory."""


class Unavailable(Exception):
    """This machine's software has no such kernel."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """Microseconds per call: median, smallest and largest of the samples."""

    us: float
    lo: float
    hi: float


def copies_needed(bytes_per_call, rotate):
    """How many copies of the operands of one call outgrow the L2; one, when it alone dwarfs it.

    Without `rotate` it is one always: operands that fit are then found in L2.
    """
    l2 = torch.cuda.get_device_properties(0).L2_cache_size
    if not rotate or bytes_per_call > DWARFS_L2 * l2:
        return 1
    return max(2, math.ceil(L2_TURNS * l2 / bytes_per_call))


def time_calls(call, copies):
    """Time `call(copy)` for copy = 0 .. copies - 1 in turn; returns (Timing, last output, last copy).

    The output is filled with NaN before the replays, so an output that was not written shows.
    """
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        call(0)  # compiles, loads and allocates outside the graph
        estimate_us = min(_eager_us(call, 1 % copies), _eager_us(call, 0))
    torch.cuda.synchronize()
    count = _calls_per_graph(estimate_us, copies)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for number in range(count):
            output = call(number % copies)
    if output.is_floating_point():
        output.fill_(math.nan)
    once_us = max(replay_us(graph, 1), 1.0)
    replay_us(graph, math.ceil(WARM_US / once_us))
    replays = math.ceil(SAMPLE_US / once_us)
    samples = [replay_us(graph, replays) / (replays * count) for _ in range(SAMPLES)]
    timing = Timing(statistics.median(samples), min(samples), max(samples))
    return timing, output, (count - 1) % copies


def relative_error(output, reference):
    """||output - reference|| / ||reference||, in FP32; infinite when the output holds a NaN."""
    difference = (output.float() - reference).norm() / reference.norm()
    value = difference.item()
    return value if math.isfinite(value) else math.inf


def require_close(output, reference, limit):
    """Raise CheckFailed when the relative error is above `limit`."""
    error = relative_error(output, reference)
    if error > limit:
        raise CheckFailed(f"relative error {error:.2e} against FP32, allowed {limit:.0e}")


def _calls_per_graph(estimate_us, copies):
    wanted = max(GRAPH_US / estimate_us, LEAST_CALLS if estimate_us < 100.0 else 1.0)
    return copies * math.ceil(wanted / copies) if wanted > copies else copies


def _eager_us(call, copy):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    call(copy)
    end.record()
    end.synchronize()
    return max(start.elapsed_time(end) * 1e3, 1.0)


def replay_us(graph, times):
    """Microseconds that `times` replays of a graph take, back to back."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(times):
        graph.replay()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) * 1e3
