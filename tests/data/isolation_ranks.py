"""Writes isolation_ranks.csv: how scikit-learn scores rows of the benchmark sets (mean of ten forests).

Usage: python isolation_ranks.py ADBENCH_FOLDER > isolation_ranks.csv
Rows are chosen evenly; the data themselves are not kept. Scores are rounded to four digits.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import IsolationForest

MOST_ROWS = 8_000
KEPT = 150
SEEDS = 10

print("set,row,score")
for path in sorted(Path(sys.argv[1]).glob("*.npz")):
    X = np.load(path, allow_pickle=True)["X"].astype(float)
    if len(X) > MOST_ROWS:
        continue
    scores = np.zeros(len(X))
    for seed in range(SEEDS):
        scores -= IsolationForest(n_estimators=100, max_samples=256, random_state=seed).fit(X).score_samples(X)
    scores /= SEEDS
    for row in np.unique(np.linspace(0, len(X) - 1, KEPT).astype(int)):
        print(f"{path.stem},{row},{scores[row]:.4f}")
