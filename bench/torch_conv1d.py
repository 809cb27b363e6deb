"""PyTorch's F.conv1d on operands in raw f32 files; called by dilated.ts. Prints one JSON line.

    python3 torch_conv1d.py FOLDER CHANNELS WIDTH DILATION THREADS REPS
"""
import json, resource, statistics, sys, time
import numpy as np
import torch
import torch.nn.functional as F

folder, (channels, width, dilation, threads, reps) = sys.argv[1], map(int, sys.argv[2:])
torch.set_num_threads(threads)
read = lambda name, *shape: torch.from_numpy(np.fromfile(f"{folder}/{name}", np.float32).reshape(shape))
x, weight, bias = read("x", 1, channels, -1), read("weight", channels, channels, width), read("bias", channels)


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


times, cpu_times = [], []
with torch.no_grad():
    for _ in range(reps + 1):
        start, cpu_start = time.perf_counter(), cpu_seconds()
        y = F.conv1d(x, weight, bias, dilation=dilation)
        times.append(time.perf_counter() - start)
        cpu_times.append(cpu_seconds() - cpu_start)
y.numpy().astype(np.float32).tofile(f"{folder}/y")
print(json.dumps({"torch": torch.__version__, "median_s": statistics.median(times[1:]), "median_cpu_s": statistics.median(cpu_times[1:])}))
