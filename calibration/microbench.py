#!/usr/bin/env python3
"""Measure the kernels of LLM decoding on this machine's GPU, for `afford calibrate`.

Writes one CSV per kernel family and `machine.json` (driver, versions, what was left out) into --out.
A kernel that fails its own numerical check, or does not run, is not reported: its row is left out,
the reason is said, and the exit status is 1. Rows that do not fit into memory, or whose kernel is
not installed, are left out too but are no failure. Exit status 2: bad arguments or a bad shapes
file; nothing is measured.
"""

import argparse
import csv
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import shapes_file

HERE = pathlib.Path(__file__).resolve().parent
COLLECTIVES = "nccl"


def main():
    """Parse, check everything that can be checked, measure, say what was left out."""
    options = arguments()
    try:
        import torch
    except ImportError:
        fail("PyTorch is not installed: see calibration/README.md")
    if not torch.cuda.is_available():
        fail("PyTorch sees no CUDA device")
    import kernels
    from kernels import collectives

    keys_of = {name: module.KEYS for name, module in kernels.FAMILIES.items()}
    keys_of[COLLECTIVES] = collectives.KEYS
    try:
        rows_of = shapes_file.read(options.shapes, keys_of)
    except shapes_file.BadShapes as error:
        fail(error)
    chosen = choose(options.families, rows_of)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"--out {options.out}: {error.strerror}")
    left_out = []
    for family in chosen:
        if family == COLLECTIVES:
            left_out += measure_collectives(collectives, rows_of[family], options)
        else:
            left_out += measure(kernels.FAMILIES[family], rows_of[family], options)
    write_machine(options, chosen, left_out)
    return 1 if any(entry["kind"] in ("check failed", "error") for entry in left_out) else 0


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="DIR",
                        help="folder for the CSVs and machine.json")
    parser.add_argument("--quick", action="store_true", help="a small set of shapes: some minutes")
    parser.add_argument("--families", metavar="A,B", help="only these families of the shapes file")
    parser.add_argument("--shapes", type=pathlib.Path, metavar="FILE",
                        help="shapes to measure (default: shapes/full.json beside this script)")
    parser.add_argument("--no-rotation", action="store_true",
                        help="one copy of the operands: those that fit are then found in L2")
    parser.add_argument("--seed", type=int, default=0, help="seed of operands and draws (default 0)")
    options = parser.parse_args()
    if options.quick and options.shapes:
        parser.error("--quick and --shapes exclude each other")
    default = HERE / "shapes" / ("quick.json" if options.quick else "full.json")
    options.shapes = options.shapes or default
    return options


def choose(families, rows_of):
    """The families to measure, in the order asked for."""
    if families is None:
        return list(rows_of)
    chosen = families.split(",")
    for family in chosen:
        if family not in rows_of:
            fail(f"--families: the shapes file has no `{family}`; it has {', '.join(rows_of)}")
    return chosen


def measure(module, rows, options):
    """Measure one family into its CSV; returns what was left out."""
    import torch

    bench, left_out = module.Bench(options.seed, not options.no_rotation), []
    with table(options.out, module.NAME, module.KEYS + ["us", "lo", "hi"]) as write:
        for number, row in enumerate(rows, 1):
            timing, entry = attempt(bench, module.NAME, row)
            if entry:
                said = [other["reason"] for other in left_out]
                left_out.append(entry)
                if entry["kind"] != "unavailable" or entry["reason"] not in said:
                    say_left_out(entry)
                if "CUDA error" in entry["reason"]:
                    raise SystemExit(1)  # the context is lost; what was measured stays in *.part
                continue
            cells = [f"{value:.3f}" for value in (timing.us, timing.lo, timing.hi)]
            write(list(row.values()) + cells)
            print(f"{number}/{len(rows)} {module.NAME} {describe(row)}: {cells[0]} us",
                  file=sys.stderr, flush=True)
    del bench
    torch.cuda.empty_cache()
    return left_out


def attempt(bench, family, row):
    """(Timing, None), or (None, why the row is left out)."""
    import torch
    from kernels.timing import CheckFailed, TooLarge, Unavailable

    kinds = {CheckFailed: "check failed", Unavailable: "unavailable",
             TooLarge: "too large", torch.OutOfMemoryError: "too large"}
    try:
        return bench.measure(row), None
    except Exception as error:  # whatever a library raises concerns this row alone
        return None, left_out_entry(family, row, kinds.get(type(error), "error"), error)


def measure_collectives(module, rows, options):
    """Measure the collectives over all GPUs of this machine; returns what was left out."""
    import torch

    ranks = torch.cuda.device_count()
    if ranks < 2:
        print(f"{COLLECTIVES}: skipped, this machine has one GPU", file=sys.stderr, flush=True)
        return []
    done, left_out = module.measure(rows, ranks), []
    with table(options.out, COLLECTIVES, module.COLUMNS) as write:
        for row, (cells, problem) in zip(rows, done):
            if problem:
                left_out.append(left_out_entry(COLLECTIVES, row, "check failed", problem))
                say_left_out(left_out[-1])
            else:
                write(cells)
    return left_out


class table:
    """A CSV that carries its final name only once it is complete; rows are flushed one by one."""

    def __init__(self, out, name, columns):
        self.final = out / f"{name}.csv"
        self.part = out / f"{name}.csv.part"
        self.columns = columns

    def __enter__(self):
        self.file = self.part.open("w", newline="", encoding="utf-8")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.write(self.columns)
        return self.write

    def write(self, cells):
        self.writer.writerow(cells)
        self.file.flush()

    def __exit__(self, kind, *_):
        self.file.close()
        if kind is None:
            self.part.replace(self.final)


def left_out_entry(family, row, kind, reason):
    """What machine.json keeps of a row that was left out."""
    return {"family": family, "row": row, "kind": kind, "reason": str(reason).strip().split("\n")[0]}


def say_left_out(entry):
    """Say on stderr that a row is left out and why."""
    which = "every such row" if entry["kind"] == "unavailable" else describe(entry["row"])
    print(f"left out: {entry['family']}, {which}: {entry['kind']}: {entry['reason']}",
          file=sys.stderr, flush=True)


def describe(row):
    """A row's keys on one line."""
    return " ".join(f"{key}={value}" for key, value in row.items())


def write_machine(options, families, left_out):
    """What was measured on what, beside the CSVs."""
    import torch
    from kernels import timing

    device = torch.cuda.get_device_properties(0)
    machine = {
        "device": device.name,
        "devices": torch.cuda.device_count(),
        "memory_bytes": device.total_memory,
        "l2_bytes": device.L2_cache_size,
        "multiprocessors": device.multi_processor_count,
        "driver": driver(),
        "cuda": torch.version.cuda,
        "torch": torch.__version__,
        "nccl": ".".join(map(str, torch.cuda.nccl.version())),
        "flashinfer": version("flashinfer-python"),
        "nccl_settings": {k: v for k, v in sorted(os.environ.items()) if k.startswith("NCCL_")},
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seed": options.seed,
        "rotated_past_l2": not options.no_rotation,
        "shapes": options.shapes.name,
        "families": families,
        "samples_per_row": timing.SAMPLES,
        "left_out": left_out,
    }
    part = options.out / "machine.json.part"
    part.write_text(json.dumps(machine, indent=2) + "\n", encoding="utf-8")
    part.replace(options.out / "machine.json")


def driver():
    """The driver's version, or None where nvidia-smi is missing."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


def version(package):
    """An installed package's version, or None."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def fail(message):
    """One clear line, exit status 2."""
    print(f"microbench: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main())
