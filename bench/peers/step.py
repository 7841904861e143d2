#!/usr/bin/python3
"""bench/step in PyTorch: samples a second of one process that trains alone.

    bench/peers/step.py [--json] [--model higgs|mlp|cnn] [--batch N] [--threads N] [--seconds S]
"""

import argparse
import json
import time

import torch

import models


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--model", default="higgs", choices=["higgs", "mlp", "cnn"])
    parser.add_argument("--batch", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    a = parser.parse_args()
    batch = a.batch or models.default_batch(a.model)
    models.settle(a.threads)
    model, rule, shape, classes = models.make(a.model)
    optimizer = rule(model.parameters())
    loss = torch.nn.CrossEntropyLoss()
    x, y = models.rows(shape, classes, batch)

    def step(i):
        optimizer.zero_grad(set_to_none=True)
        loss(model(x[i % models.BATCHES]), y[i % models.BATCHES]).backward()
        optimizer.step()

    for i in range(20):
        step(i)
    steps, took, start = 0, 0.0, time.perf_counter()
    while took < a.seconds:
        step(steps)
        steps += 1
        took = time.perf_counter() - start
    row = {"model": a.model, "batch": batch, "threads": a.threads,
           "samples_per_second": round(steps * batch / took, 1),
           "peer": "PyTorch " + torch.__version__, "blas": models.library()}
    if a.json:
        print(json.dumps(row))
    else:
        for name, value in row.items():
            print(f"{name:20} {value}")


if __name__ == "__main__":
    main()
