#!/usr/bin/env python3
"""Writes isolation_reference.csv: synthetic rows and scikit-learn's scores of them.

Two Gaussian groups of unequal spread, one of them correlated, and some rows far away, drawn from
numpy's PCG64 with seed 20; the score is the mean over 20 forests of 100 trees of 256 rows.
"""

import numpy as np
from sklearn.ensemble import IsolationForest

rng = np.random.default_rng(20)
wide = rng.normal(0.0, [1.0, 2.0, 0.5, 1.0], (260, 4))
tight = rng.normal(4.0, 0.4, (120, 1)) + rng.normal(0.0, 0.2, (120, 4))
far = rng.uniform(-9.0, 9.0, (20, 4))
x = np.round(np.vstack([wide, tight, far]), 4)
scores = np.mean(
    [-IsolationForest(n_estimators=100, max_samples=256, random_state=s).fit(x).score_samples(x) for s in range(20)],
    axis=0,
)
np.savetxt(
    "isolation_reference.csv", np.column_stack([x, scores]), delimiter=",", fmt=["%.4f"] * 4 + ["%.6f"],
    header="x0,x1,x2,x3,score", comments="",
)
