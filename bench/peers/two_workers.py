#!/usr/bin/python3
"""Two processes of one thread each that train one model together in PyTorch: samples a second of
both, as the peer of two workers and a parameter server.

    bench/peers/two_workers.py [--json] [--model higgs|mlp|cnn] [--batch N] [--seconds S]
                               [--window 5] [--way rpc|hogwild|ddp] ...

rpc: a parameter server in a third process over torch.rpc; a worker takes `window` steps, sends what
they changed, and goes on from the centre it gets back (which adds a window's mean change to it).
hogwild: both step on parameters in shared memory without locks. ddp: gloo averages every gradient.
"""

import argparse
import json
import os
import tempfile
import threading
import time

import torch
import torch.distributed as dist
import torch.distributed.rpc as rpc
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

import models

WORKERS = 2
WARM_UP = 20  # steps


class Server:
    """The centre, as one flat vector, in the server's process."""

    def __init__(self, center, window):
        self.center, self.window, self.lock = center, window, threading.Lock()

    def commit(self, change):
        with self.lock:
            self.center.add_(change, alpha=1.0 / self.window)
            return self.center.clone()


server = None


def commit(change):
    return server.commit(change)


def flat(model):
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


def put(model, values):
    at = 0
    for p in model.parameters():
        p.data.copy_(values[at:at + p.numel()].view_as(p))
        at += p.numel()


def train(a, rank, model, rule, shape, classes, after_step, barrier, rates):
    loss = torch.nn.CrossEntropyLoss()
    optimizer = rule(model.parameters())
    x, y = models.rows(shape, classes, a.batch, seed=7 + rank)

    def step(i):
        optimizer.zero_grad(set_to_none=True)
        loss(model(x[i % models.BATCHES]), y[i % models.BATCHES]).backward()
        optimizer.step()
        after_step(i)

    for i in range(WARM_UP):
        step(i)
    barrier.wait()
    # With ddp every process has to take as many steps: the first one says when it is over.
    fixed = a.steps if a.way == "ddp" else 0
    steps, took, start = 0, 0.0, time.perf_counter()
    while steps < fixed if fixed else took < a.seconds:
        step(WARM_UP + steps)
        steps += 1
        took = time.perf_counter() - start
    rates[rank] = steps * a.batch / took
    barrier.wait()


def run_hogwild(rank, a, model, barrier, rates):
    models.settle(1)
    _, rule, shape, classes = models.make(a.model)
    train(a, rank, model, rule, shape, classes, lambda _: None, barrier, rates)


def run_ddp(rank, a, barrier, rates):
    models.settle(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=a.meeting, rank=rank, world_size=WORKERS)
    torch.manual_seed(7)
    model, rule, shape, classes = models.make(a.model)
    train(a, rank, DistributedDataParallel(model), rule, shape, classes, lambda _: None, barrier,
          rates)
    dist.destroy_process_group()


def run_rpc(rank, a, barrier, rates):
    models.settle(1)
    os.environ["TP_SOCKET_IFNAME"] = os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    options = rpc.TensorPipeRpcBackendOptions(init_method=a.meeting)
    torch.manual_seed(7)
    model, rule, shape, classes = models.make(a.model)
    base = flat(model)
    if rank == WORKERS:
        global server
        server = Server(base, a.window)
    name = f"worker{rank}" if rank < WORKERS else "server"
    rpc.init_rpc(name, rank=rank, world_size=WORKERS + 1, rpc_backend_options=options)
    if rank < WORKERS:

        def exchange(i):
            nonlocal base
            if (i + 1) % a.window:
                return
            base = rpc.rpc_sync("server", commit, args=(flat(model) - base,))
            put(model, base)

        train(a, rank, model, rule, shape, classes, exchange, barrier, rates)
    rpc.shutdown()


def measure(a):
    context = mp.get_context("spawn")
    barrier = context.Barrier(WORKERS)
    rates = torch.zeros(WORKERS, dtype=torch.float64).share_memory_()
    with tempfile.TemporaryDirectory() as folder:
        a.meeting = f"file://{folder}/meeting"
        if a.way == "hogwild":
            model = models.make(a.model)[0].share_memory()
            work, extra, processes = run_hogwild, (a, model, barrier, rates), WORKERS
        elif a.way == "ddp":
            work, extra, processes = run_ddp, (a, barrier, rates), WORKERS
        else:
            work, extra, processes = run_rpc, (a, barrier, rates), WORKERS + 1
        mp.spawn(work, args=extra, nprocs=processes, join=True)
    return float(rates.sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--model", default="higgs", choices=["higgs", "mlp", "cnn"])
    parser.add_argument("--batch", type=int)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--steps", type=int, default=500, help="of each worker, for ddp")
    parser.add_argument("--window", type=int, default=5, help="steps between commits, for rpc")
    parser.add_argument("--way", action="append", choices=["rpc", "hogwild", "ddp"])
    a = parser.parse_args()
    a.batch = a.batch or models.default_batch(a.model)
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for way in a.way or ["rpc", "hogwild", "ddp"]:
        a.way = way
        row = {"model": a.model, "way": way, "batch": a.batch, "workers": WORKERS}
        if way == "rpc":
            row["window"] = a.window
        row.update({"samples_per_second": round(measure(a), 1),
                    "peer": "PyTorch " + torch.__version__, "blas": models.library()})
        if a.json:
            print(json.dumps(row), flush=True)
        else:
            rate = row["samples_per_second"]
            print(f"{a.model:6} {way:8} {rate:12,.0f} samples/s", flush=True)


if __name__ == "__main__":
    main()
