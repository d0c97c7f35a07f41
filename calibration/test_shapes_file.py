"""Shapes are read as they say and refused with the reason: `python3 calibration/test_shapes_file.py`."""

import json
import pathlib
import tempfile
import unittest

import shapes_file

KEYS = {"gemm": ["name", "m", "k", "n", "dtype"], "copy": ["op", "bytes"]}
ENTRY = {"name": "a", "m": 1, "k": 16, "n": 16, "dtype": "bf16"}


def read(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "shapes.json"
        path.write_text(text, encoding="utf-8")
        return shapes_file.read(path, KEYS)


class Shapes(unittest.TestCase):
    def refused(self, entries, words):
        with self.assertRaisesRegex(shapes_file.BadShapes, words):
            read(json.dumps({"gemm": entries}))

    def test_an_entry_is_the_product_of_its_lists(self):
        rows = read(json.dumps({"gemm": [{**ENTRY, "m": [1, 8], "dtype": ["bf16", "fp8"]}]}))["gemm"]
        got = [(row["m"], row["dtype"]) for row in rows]
        self.assertEqual(got, [(1, "bf16"), (1, "fp8"), (8, "bf16"), (8, "fp8")])
        self.assertEqual(list(rows[0]), KEYS["gemm"])

    def test_bad_values_are_refused(self):
        self.refused([{**ENTRY, "m": 0}], "`m` is 0, must be a whole number")
        self.refused([{**ENTRY, "m": True}], "`m` is True")
        self.refused([{**ENTRY, "m": []}], "`m` is an empty list")
        self.refused([ENTRY, {**ENTRY, "dtype": "fp16"}], "entry 2: `dtype` is 'fp16', must be one of bf16")
        self.refused([{**ENTRY, "name": "a,b"}], "`name` is 'a,b'")

    def test_bad_keys_and_forms_are_refused(self):
        self.refused([{**ENTRY, "batch": 1}], "exactly the keys name, m, k, n, dtype")
        self.refused({"m": 1}, "must be a list of entries")
        with self.assertRaisesRegex(shapes_file.BadShapes, "unknown family `gem`"):
            read('{"gem": []}')
        with self.assertRaisesRegex(shapes_file.BadShapes, r"shapes.json:2:1: not JSON"):
            read('{"gemm": [\n')


if __name__ == "__main__":
    unittest.main()
