//! Ranking metrics over scores of which higher is more anomalous; ties are treated as one step.

/// Area under the ROC curve and average precision (the step-wise sum of scikit-learn).
pub struct Ranking {
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Average precision.
    pub average_precision: f64,
}

/// Measures how well `scores` rank anomalies first.
pub fn rank(scores: &[f64], anomaly: &[bool]) -> Ranking {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let total = anomaly.iter().filter(|&&is| is).count() as f64;
    let rest = anomaly.len() as f64 - total;
    let (mut hits, mut misses) = (0.0, 0.0);
    let (mut area, mut precision) = (0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let found = tied.iter().filter(|&&row| anomaly[row]).count() as f64;
        let false_alarms = tied.len() as f64 - found;
        area += false_alarms * (hits + found / 2.0);
        hits += found;
        misses += false_alarms;
        precision += found / total * hits / (hits + misses);
    }
    Ranking {
        roc_auc: area / (total * rest),
        average_precision: precision,
    }
}
