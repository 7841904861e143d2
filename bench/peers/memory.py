#!/usr/bin/python3
"""Trains the MNIST convnet of config/jobs/mnist_cnn.yaml with PyTorch on one thread, for the
resident memory of its process: pixels stay bytes, mini-batches of 16, Adam, then some rows of the
test part are scored in batches as large.

    bench/peers/memory.py FOLDER [STEPS]     the folder has MNIST's four files
"""
import gzip
import sys

import numpy
import torch
from torch import nn


def idx(path, start, count):
    values = numpy.empty(count, numpy.uint8)
    with gzip.open(path) as file:
        file.read(start)
        assert file.readinto(values) == count  # no second copy
    return torch.from_numpy(values)


def part(folder, name, rows):
    pixels = idx(f"{folder}/{name}-images-idx3-ubyte.gz", 16, rows * 784).view(-1, 1, 28, 28)
    return pixels, idx(f"{folder}/{name}-labels-idx1-ubyte.gz", 8, rows)


torch.set_num_threads(1)
torch.manual_seed(7)
folder, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
batch = 16
pixels, labels = part(folder, "train", 60_000)
test_pixels, test_labels = part(folder, "t10k", 10_000)
model = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(4608, 225), nn.ReLU(), nn.Dropout(0.4), nn.Linear(225, 10))
assert sum(p.numel() for p in model.parameters()) == 1_048_853
rule = torch.optim.Adam(model.parameters(), lr=0.001)
order = torch.randperm(len(pixels))
for step in range(steps):
    rows = order[step * batch:(step + 1) * batch]
    rule.zero_grad()
    loss = nn.functional.cross_entropy(model(pixels[rows].float() / 255), labels[rows].long())
    loss.backward()
    rule.step()
model.eval()
right = 0
with torch.no_grad():
    for first in range(0, batch * 20, batch):
        rows = slice(first, first + batch)
        right += (model(test_pixels[rows].float() / 255).argmax(1) == test_labels[rows]).sum()
print(f"loss {loss.item():.3f}, {int(right)} of {batch * 20} right", file=sys.stderr)
