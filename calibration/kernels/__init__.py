"""The kernel families that can be measured, one module each.

A module has NAME (of its CSV), KEYS (the columns that say what is measured) and Bench, whose
`measure(row)` returns a Timing. Each says in its own header what is run.
"""

from . import copy, decode_attention, gemm, grouped_gemm

FAMILIES = {module.NAME: module for module in (copy, gemm, grouped_gemm, decode_attention)}
