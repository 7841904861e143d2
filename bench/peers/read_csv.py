#!/usr/bin/python3
"""Reads files with pandas and NumPy, for bench/data. A line of standard input says what to read,
`csv PATH` or `npy PATH`; the answer is the seconds it took. The first line of output names what
reads. CSV columns are asked for as 32-bit floats, which is what training wants."""
import sys
import time

import numpy
import pandas


def read(kind, path):
    if kind == "csv":
        return pandas.read_csv(path, header=None)
    return numpy.load(path)


print(f"pandas {pandas.__version__}, NumPy {numpy.__version__}", flush=True)
for line in sys.stdin:
    kind, path = line.rstrip("\n").split(" ", 1)
    start = time.perf_counter()
    values = read(kind, path)
    seconds = time.perf_counter() - start
    assert values.size > 0
    del values
    print(f"{seconds:.6f}", flush=True)
