#!/usr/bin/env python3
"""Times mailglass's isolation forest beside scikit-learn's and isotree's on the same numbers.

    cargo build --release --example isolation_speed
    python3 benches/isolation_peers.py target/release/examples/isolation_speed [ROWS] [RUNS]

Every library fits 100 trees of 256 rows and scores ROWS x 20 numbers with one and with two
threads. Seconds are those of the clock and of the processor; the processor's are the ones to
compare on a machine that has other work, except between one and two threads.
Needs numpy, scikit-learn and isotree.
"""

import subprocess
import sys
import time

import numpy as np

COLUMNS = 20


def numbers(rows: int) -> np.ndarray:
    """The numbers of examples/isolation_speed.rs, to the bit."""
    bits = np.arange(1, rows * COLUMNS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    parts = [(bits >> np.uint64(16 * part)) & np.uint64(0xFFFF) for part in range(4)]
    return sum(part / 65536.0 - 0.5 for part in parts).reshape(rows, COLUMNS)


def best(runs: int, work) -> tuple[float, float]:
    """Least seconds of the clock and of the processor."""
    clock, processor = [], []
    for _ in range(runs):
        start = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return min(clock), min(processor)


def scikit_learn(x: np.ndarray, threads: int, runs: int):
    import joblib
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=100, max_samples=256, random_state=1, n_jobs=threads)
    with joblib.parallel_config(backend="threading", n_jobs=threads):
        return best(runs, lambda: forest.fit(x)), best(runs, lambda: forest.score_samples(x))


def isotree(x: np.ndarray, threads: int, runs: int):
    from isotree import IsolationForest

    forest = IsolationForest(
        ntrees=100, sample_size=256, ndim=1, missing_action="fail", random_seed=1, nthreads=threads
    )
    return best(runs, lambda: forest.fit(x)), best(runs, lambda: forest.predict(x))


def main() -> None:
    program = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    results = {}
    x = numbers(rows)
    for name, peer in [("scikit-learn", scikit_learn), ("isotree", isotree)]:
        for threads in (1, 2):
            results[name, threads] = peer(x, threads, runs)
    output = subprocess.run(
        [program, str(rows), str(runs)], check=True, capture_output=True, text=True
    ).stdout
    for line in output.splitlines()[1:]:
        mode, threads, *seconds = line.split(",")
        fit, fit_cpu, score, score_cpu = map(float, seconds)
        results[f"mailglass {mode}", int(threads)] = (fit, fit_cpu), (score, score_cpu)
    print(f"{rows} x {COLUMNS}, 100 trees of 256 rows, least of {runs} runs")
    print("threads  forest                fit s  fit cpu  score s  score cpu  rows/s and cpu  x scikit-learn  x isotree")
    for threads in (1, 2):
        anchors = [results[name, threads][1][1] for name in ("scikit-learn", "isotree")]
        for (name, used), ((fit, fit_cpu), (score, score_cpu)) in results.items():
            if used == threads:
                ratios = [anchor / score_cpu for anchor in anchors]
                print(
                    f"{threads:7}  {name:20} {fit:6.3f}  {fit_cpu:7.3f}  {score:7.3f}  {score_cpu:9.3f}"
                    f"  {rows / score_cpu:14,.0f}  {ratios[0]:14.2f}  {ratios[1]:9.2f}"
                )
    for name in dict.fromkeys(name for name, _ in results):
        ratio = results[name, 1][1][0] / results[name, 2][1][0]
        print(f"{name}: two threads score {ratio:.2f} times as fast as one, by the clock")


if __name__ == "__main__":
    main()
