"""CPython's ThreadPoolExecutor and ProcessPoolExecutor. The same work as benches/src/measure, in Python."""

import multiprocessing
import os
import resource
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait

mode = sys.argv[1]
is_process = mode.startswith("process ")
mode = mode.removeprefix("process ")
params = {name: int(value) for name, value in (word.split("=") for word in sys.argv[2:])}
workers = 1 if mode == "asleep" else params["workers"]


def say(name, value):
    print(name, value)


def job():
    pass


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e9, used.ru_nvcsw, used.ru_nvcsw + used.ru_nivcsw


def bursts():
    """A burst has finished when all futures have: wait() tells, or as_completed() for each batch."""
    submitters = params["submitters"]
    share = max(params["burst"] // submitters, 1)
    batch = share if mode == "detached" else params["batch"]
    start = threading.Barrier(submitters)
    over = False

    def hand_over():
        left = []
        for begin in range(0, share, batch):
            futures = [pool.submit(job) for _ in range(min(batch, share - begin))]
            if mode == "handles":
                wait(futures)
            elif mode == "completions":
                for _ in as_completed(futures):
                    pass
            else:
                left = futures
        return left

    done = threading.Barrier(submitters)

    def submitter():
        while True:
            start.wait()
            if over:
                return
            wait(hand_over())
            done.wait()

    others = [threading.Thread(target=submitter) for _ in range(1, submitters)]
    for other in others:
        other.start()
    times = []
    begun = time.perf_counter()
    before = usage()
    while len(times) < 6 or time.perf_counter() - begun < params["millis"] / 1e3:
        start.wait()
        begin = time.perf_counter()
        wait(hand_over())
        done.wait()
        times.append(time.perf_counter() - begin)
        if len(times) == 1:
            before = usage()
    over = True
    start.wait()
    after = usage()
    times = sorted(times[1:])
    burst = share * submitters
    jobs = burst * len(times)
    say("rate_all", jobs / sum(times))
    say("rate", burst / times[len(times) // 2])
    say("rate_p90", burst / times[len(times) // 10])
    say("cpu_ns", (after[0] - before[0]) / jobs)
    say("sleeps_per_million", (after[1] - before[1]) / jobs * 1e6)


def asleep():
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[0] if params["same"] else cpus[1 % len(cpus)]})
    pool.submit(job).result()
    os.sched_setaffinity(0, {cpus[0]})
    times = []
    for _ in range(params["samples"]):
        time.sleep(0.0015)
        begin = time.perf_counter()
        pool.submit(job).result()
        times.append((time.perf_counter() - begin) * 1e6)
    times.sort()
    for percent in ("1", "5", "10", "20", "30", "50", "70", "80", "90", "95", "99", "99.9"):
        say("p" + percent, times[min(int(float(percent) / 100 * len(times)), len(times) - 1)])


def idle():
    pool.submit(job).result()
    time.sleep(0.1)
    before = usage()
    time.sleep(params["seconds"])
    after = usage()
    say("cpu_us", (after[0] - before[0]) / 1e3)
    say("switches", after[2] - before[2] - 1)


def executor():
    if is_process:
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork"))
    return ThreadPoolExecutor(workers)


with executor() as pool:
    {"detached": bursts, "handles": bursts, "completions": bursts, "asleep": asleep, "idle": idle}[mode]()
