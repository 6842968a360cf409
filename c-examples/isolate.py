"""What isolate.c does, with the standard library: the first input that crashes its worker ends the pool, and every job that has not ended."""
import concurrent.futures
import os
import signal


def decode(number):
    if number % 400 == 13:
        os.kill(os.getpid(), signal.SIGSEGV)
    return number * number


if __name__ == "__main__":
    decoded = broken = 0
    with concurrent.futures.ProcessPoolExecutor(4) as pool:
        futures = []
        for number in range(10_000):
            try:
                futures.append(pool.submit(decode, number))
            except concurrent.futures.process.BrokenProcessPool:
                broken += 1
        for future in futures:
            if future.exception() is None:
                decoded += 1
            else:
                broken += 1
    print(f"10000 inputs: {decoded} decoded, {broken} lost with the pool")
