# Native NumPy as a long-lived process: one JSON request a line in, one JSON answer a line out. Matrices come as .npy
# files. Times are milliseconds a call, one sample for each `batch` calls, as bench/lib/measure.mjs takes them.
import ctypes
import json
import os
import re
import sys
import time

import numpy as np

matrices = {}


def multilinear(a):
    unfoldings = [np.moveaxis(a, i, 0).reshape(a.shape[i], -1) for i in range(a.ndim)]
    return np.array([np.linalg.matrix_rank(u) for u in unfoldings])


def null_space(a):
    from scipy.linalg import null_space

    return np.array(null_space(a).shape)


def orth(a):
    from scipy.linalg import orth

    return np.array(orth(a).shape)


CALLS = {
    "rank": np.linalg.matrix_rank,
    "flatRank": lambda a: np.linalg.matrix_rank(a.reshape(a.shape[0], -1)),
    "multilinear": multilinear,
    "svd": lambda a: np.linalg.svd(a, compute_uv=False),
    "vectors": lambda a: np.linalg.svd(a, full_matrices=False)[1],
    "nullSpace": null_space,
    "orth": orth,
}


def blas():
    """Which BLAS is loaded, and how it was built and is threaded, asked of the library itself."""
    np.linalg.svd(np.eye(3))
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if re.search("blas", line)}
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        for prefix, suffix in [("", ""), ("", "64_"), ("scipy_", "64_"), ("scipy_", "")]:
            config = getattr(library, f"{prefix}openblas_get_config{suffix}", None)
            if config:
                config.restype = ctypes.c_char_p
                threads = getattr(library, f"{prefix}openblas_get_num_threads{suffix}")()
                return f"{config().decode().strip()}, {threads} thread{'' if threads == 1 else 's'}"
    return "no OpenBLAS (slow: install libopenblas0-pthread for a fair comparison)"


def info(request):
    try:
        library = blas()
    except OSError:
        library = "BLAS unknown"
    return {"numpy": np.__version__, "python": sys.version.split()[0], "blas": library}


def put(request):
    matrices.clear()
    matrices["a"] = np.load(request["path"])
    return {}


def run(request):
    call = CALLS[request["call"]]
    a = matrices["a"]
    batch = request["batch"]
    end = time.perf_counter() + request["ms"] / 1000
    samples = []
    while True:
        begin = time.perf_counter()
        for _ in range(batch):
            value = call(a)
        now = time.perf_counter()
        samples.append((now - begin) * 1000 / batch)
        if now >= end:
            return {"samples": samples, "value": np.asarray(value).tolist()}


OPERATIONS = {"info": info, "put": put, "run": run}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = OPERATIONS[request["op"]](request)
    except Exception as error:  # an answer for this matrix, not the end of the run
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
