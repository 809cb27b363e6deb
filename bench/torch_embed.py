"""What a user would run instead of `embed`: HyenaDNA's forward pass in PyTorch up to its last norm, and the mean over the bases.

    python3 torch_embed.py PEER D_MODEL LAYERS LENGTH THREADS REPS

PEER: the folder with peer_torch.py, whose model is run. Prints one JSON line.
"""
import json, resource, statistics, sys, time
import torch

peer, (d_model, layers, length, threads, reps) = sys.argv[1], map(int, sys.argv[2:])
sys.path.insert(0, peer)
from peer_torch import Hyena

torch.set_num_threads(threads)
torch.manual_seed(0)
torch.set_grad_enabled(False)
model = Hyena(d_model, layers, length).eval()
ids = torch.randint(7, 11, (1, length))


def embed():
    r = model.embed(ids)
    for layer in model.layers:
        r = layer(r)
    return model.norm(r).mean(1)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


times, cpu_times = [], []
for _ in range(reps + 1):
    start, cpu_start = time.perf_counter(), cpu_seconds()
    embed()
    times.append(time.perf_counter() - start)
    cpu_times.append(cpu_seconds() - cpu_start)
print(json.dumps({"torch": torch.__version__, "median_s": statistics.median(times[1:]), "median_cpu_s": statistics.median(cpu_times[1:]),
                  "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))
