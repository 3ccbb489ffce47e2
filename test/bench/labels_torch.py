"""The same as a straightforward PyTorch implementation: normalise, multiply, top-k, image by image. Prints JSON."""

import json
import resource
import sys
import time

import torch

task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
torch.manual_seed(1)
words = torch.nn.functional.normalize(torch.randn(task["words"], task["dim"]), dim=1)


@torch.inference_mode()
def label():
    dense = torch.randn(task["patches"], task["dim"])
    start = time.perf_counter()
    scores = -(torch.nn.functional.normalize(dense, dim=1) @ words.T)
    best = scores.topk(task["top"], dim=1)
    best.values.numpy(), best.indices.numpy()
    return time.perf_counter() - start


label()
seconds = sum(label() for _ in range(task["images"]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rate": task["images"] * task["patches"] / seconds, "peak": peak}))
