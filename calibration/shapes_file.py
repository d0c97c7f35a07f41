"""Shapes to measure, read from JSON: {family: [{key: value or [values], ...}, ...], ...}.

A list is an axis: an entry stands for the product of its lists, the last key varying fastest.
"""

import itertools
import json
import pathlib

WORDS = {
    "name": None,
    "dtype": ["bf16", "fp8"],
    "skew": ["uniform", "multinomial"],
    "kind": ["gqa", "mla"],
    "op": ["copy", "read_sum", "all_reduce", "all_gather", "reduce_scatter", "alltoall"],
}


class BadShapes(Exception):
    """The file cannot be read as shapes; the message says where and what would be right."""


def read(path, keys_of):
    """Rows per family: {family: [{key: value}]}. `keys_of` maps each known family to its keys."""
    try:
        families = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadShapes(f"{path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        line = (error.doc + "\n").split("\n")[error.lineno - 1]
        where = f"{path}:{error.lineno}:{error.colno}"
        raise BadShapes(f"{where}: not JSON: {error.msg}\n  {line}") from error
    except UnicodeDecodeError as error:
        raise BadShapes(f"{path}: not UTF-8") from error
    if not isinstance(families, dict):
        raise BadShapes(f"{path}: must be an object of families: {', '.join(keys_of)}")
    for family, entries in families.items():
        if family not in keys_of:
            raise BadShapes(f"{path}: unknown family `{family}`; there are {', '.join(keys_of)}")
        if not isinstance(entries, list):
            raise BadShapes(f"{path}: {family}: must be a list of entries")
    return {
        family: [row for number, entry in enumerate(entries, 1)
                 for row in _expand(f"{path}: {family}, entry {number}", entry, keys_of[family])]
        for family, entries in families.items()
    }


def _expand(where, entry, keys):
    if not isinstance(entry, dict) or set(entry) != set(keys):
        raise BadShapes(f"{where}: must have exactly the keys {', '.join(keys)}")
    axes = [entry[key] if isinstance(entry[key], list) else [entry[key]] for key in keys]
    for key, axis in zip(keys, axes):
        if not axis:
            raise BadShapes(f"{where}: `{key}` is an empty list, must hold at least one value")
        for value in axis:
            _check(where, key, value)
    return [dict(zip(keys, values)) for values in itertools.product(*axes)]


def _check(where, key, value):
    if key not in WORDS:
        if type(value) is not int or value < 1:
            raise BadShapes(f"{where}: `{key}` is {value!r}, must be a whole number from 1")
    elif not isinstance(value, str) or not value or set(value) & set(",\"\n"):
        raise BadShapes(f"{where}: `{key}` is {value!r}, must be a word without commas or quotes")
    elif WORDS[key] and value not in WORDS[key]:
        raise BadShapes(f"{where}: `{key}` is {value!r}, must be one of {', '.join(WORDS[key])}")
