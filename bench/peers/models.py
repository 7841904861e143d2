"""The models of bench/step in PyTorch, with their gradient rules, and random rows for them."""

import re

import torch
from torch import nn

BATCHES = 64  # trained in turns


def make(name):
    """The model, its gradient rule, the shape of a row, and the number of classes."""
    if name == "higgs":
        model = nn.Sequential(nn.Linear(30, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(),
                              nn.Linear(500, 2))
        return model, lambda p: torch.optim.Adagrad(p, lr=0.01), (30,), 2
    if name == "mlp":
        model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
                              nn.Linear(128, 10))
        return model, lambda p: torch.optim.SGD(p, lr=0.01), (784,), 10
    if name == "cnn":
        model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(),
                              nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4608, 225), nn.ReLU(),
                              nn.Dropout(0.4), nn.Linear(225, 10))
        return model, lambda p: torch.optim.Adam(p, lr=0.001), (1, 28, 28), 10
    raise SystemExit(f"no model {name}: higgs, mlp or cnn")


def default_batch(name):
    return 16 if name == "cnn" else 32


def rows(shape, classes, batch, seed=7):
    torch.manual_seed(seed)
    x = torch.rand(BATCHES, batch, *shape)
    return list(x), list(torch.randint(0, classes, (BATCHES, batch)))


def settle(threads):
    """As many threads as asked for, and no slow arithmetic on tiny numbers."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


def library():
    """The files PyTorch's matrix products come from: the reference BLAS is many times slower."""
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps if "/" in line}
    blas = sorted(f for f in files if re.search(r"/lib(open)?blas|/libmkl|/libblis|/libatlas", f))
    return ",".join(blas) or "built in"
