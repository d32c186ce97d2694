//! Isolation forest: rows that few cuts at random separate from the rest are anomalies.
//!
//! In linfa's shape: [`IsolationForestParams`] are checked, fit a `Dataset`, and give an
//! [`IsolationForest`] that predicts scores, higher for more anomalous rows, and attributes them to
//! the features. Knows rows and columns of numbers and nothing of what they mean.
//!
//! # Methods
//! - F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM 2008. [`Mode::Plain`].
//! - F. T. Liu, K. M. Ting, Z.-H. Zhou: On Detecting Clustered Anomalies Using SCiForest. ECML PKDD
//!   2010. Averaged gain, several tries, range penalty.
//! - S. Hariri, M. Carrasco Kind, R. J. Brunner: Extended Isolation Forest. IEEE TKDE 2019.
//!   [`Mode::Extended`].
//! - D. Cortes: Revisiting randomized choices in isolation forests. arXiv:2110.13402, 2021.
//!   [`Mode::FairCut`].
//! - D. Cortes: Isolation forests: looking beyond tree depth. arXiv:2111.11639, 2021. Densities in
//!   [`CombinedForest`].
//! - The widest-gap criterion and the drawing of a criterion for each cut are this crate's own.
//!
//! # Why the default is what it is
//! Means over 22 classical data sets of ADBench (Han et al. 2022), fitted and scored on the same
//! rows, unscaled, 100 trees of 256 rows (`examples/adbench`); seeds in brackets:
//!
//! | mode | ROC-AUC | average precision |
//! |---|---|---|
//! | plain (5) | 0.801 | 0.414 |
//! | fair cut (5) | 0.822 | 0.427 |
//! | **shallow** (5) | 0.838 | 0.457 |
//! | mixed (5) | 0.841 | 0.452 |
//! | guided (5) | 0.851 | 0.461 |
//! | guided, 300 trees (3) | 0.854 | 0.465 |
//! | combined, five forests of 150 trees (5) | 0.8550 | 0.4703 |
//!
//! A single criterion wins on some data sets and loses as much on others; one drawn anew for each
//! cut keeps most of the gain and little of the loss. Against plain, shallow is better by more than
//! 0.005 ROC-AUC on 14 data sets and worse on 3, by 0.042 at most (cover).
//!
//! Chosen on data sets thinned to at most 50,000 rows, five seeds (mean ROC-AUC, average precision;
//! largest loss of ROC-AUC against plain), all with gap, pooled gain and uniform: two tries and 7
//! cuts 0.838, 0.457, 0.031; 8 cuts 0.839, 0.456, 0.034; three tries and 7 cuts 0.835, 0.455, 0.032;
//! three tries and 6 cuts 0.832, 0.454, 0.038; eight tries and 7 cuts 0.843, 0.460, 0.079; one try
//! and 7 cuts 0.827, 0.447, 0.037; three tries without a limit (mixed) 0.840, 0.451, 0.042. Without
//! range penalty (three seeds, three tries, 8 cuts) average precision falls from 0.456 to 0.444.
//! The tries were settled by 17 further small sets made of the classes of breast cancer, wine,
//! digits, iris and diabetes data: plain 0.823 and 0.399, shallow 0.829 and 0.430, mixed 0.837 and
//! 0.421, five tries 0.818 and 0.413, eight tries 0.809 and 0.396: strong guidance loses there what
//! it gains on the 22 sets. Giving the lowest nodes the average length of the trees they would have
//! grown, instead of c(n), changed nothing (0.837, 0.456). Averaging densities with path lengths
//! gained at most 0.003 and was left out.
//!
//! For guided, the averaged gain drawn twice as often and 192 rows a tree were tried too: with 300
//! trees and 5 seeds 0.851 and 0.465, no better than guided with as many, although one seed on
//! thinned sets had promised 0.004 and 0.006 more. On one seed and thinned sets, 128 rows a tree
//! raised guided's average precision by 0.007 and lowered ROC-AUC by 0.003; 64 rows lowered both.
//! With 150 trees, thinned sets and two seeds: guided 0.851 and 0.463, twenty tries 0.850 and 0.459,
//! one feature a cut 0.847 and 0.450, averaged gain alone 0.849 and 0.462. Sums of two forests of
//! 150 trees reached at most 0.854 and 0.465 (512 rows with guided's criteria, and 256 rows with
//! averaged gain), short of the 0.855 and 0.470 aimed at.
//!
//! [`CombinedForest`] came of trying what else a row's way through a tree tells, and which forests
//! complement each other: thinned sets, two seeds, 150 trees a forest (80 to 100 where marked *),
//! path lengths in units of their standard deviation where forests are averaged:
//!
//! | forest | ROC-AUC | average precision |
//! |---|---|---|
//! | guided | 0.8506 | 0.4626 |
//! | averaging 2^(−length) over trees, not lengths | 0.8516 | 0.4621 |
//! | range penalty of 1.5; of 2; of 3 | 0.8513; 0.8518; 0.8521 | 0.4625; 0.4599; 0.4560 |
//! | range penalty of 2 and 0.2, 0.5 of density | 0.8519; 0.8517 | 0.4625; 0.4630 |
//! | 0.3, 1 of adjusted depth, range penalty of 2 | 0.8513; 0.8503 | 0.4627; 0.4534 |
//! | three features a cut | 0.8510 | 0.4576 |
//! | 128*; 512; 1,024* rows a tree | 0.8455; 0.8557; 0.8514 | 0.4625; 0.4530; 0.4378 |
//! | 512 rows, equal rows once | 0.8543 | 0.4573 |
//! | guided, 512 and 256 rows | 0.8541 | 0.4623 |
//! | guided, 512 rows, and averaged gain, 256 | 0.8566 | 0.4658 |
//! | guided and averaged gain, 256 and 512 rows each | 0.8564 | 0.4680 |
//! | the same and 0.8 of plain | 0.8543 | 0.4731 |
//! | the same four with density and penalty of 1.5 | 0.8572 | 0.4680 |
//! | **with 0.4; 0.8 of plain** | 0.8562; 0.8549 | 0.4703; 0.4736 |
//!
//! Maxima and products of tail probabilities instead of averages were no better (0.853 and 0.462
//! with plain forests). On all rows, against guided with 100 trees, combined has 0.0042 more
//! ROC-AUC and 0.0090 more average precision, whichever data set is left out at least 0.0005 and
//! 0.0038 (both with 100 trees a forest); it is better by more than 0.005 ROC-AUC on 9 data sets and worse
//! on 6, by 0.034 at most. With 100, 150 and 200 trees a forest: 0.8549, 0.8550 and 0.8549 ROC-AUC, 0.4703,
//! 0.4703 and 0.4710 average precision; more trees change no more than the seeds do. On 13 of the 17 small sets (one seed): plain
//! 0.812 and 0.392, guided 0.795 and 0.334, shallow 0.800 and 0.404, combined 0.835 and 0.369.
//!
//! # Speed
//! 1,000,000 rows of 20 features, 100 trees of 256 rows, beside scikit-learn and isotree, the least of
//! three runs on two cores (`benches/isolation_peers.py`); seconds of one thread, and how many times as
//! many rows a second of processor time it scores as the two:
//!
//! | forest | fit | score | × scikit-learn | × isotree |
//! |---|---|---|---|---|
//! | scikit-learn | 0.43 | 4.10 | 1.0 | 1.5 |
//! | isotree, plain | 0.18 | 5.98 | 0.68 | 1.0 |
//! | plain | 0.03 | 0.65 | 6.3 | 9.2 |
//! | **shallow** | 0.04 | 0.79 | 5.2 | 7.6 |
//! | fair cut | 0.04 | 1.51 | 2.7 | 4.0 |
//! | mixed | 0.05 | 2.06 | 2.0 | 2.9 |
//! | guided | 0.13 | 2.38 | 1.7 | 2.5 |
//!
//! With two threads the default scores 4.5 times as fast as scikit-learn with two, and 1.88 times as
//! fast as with one by the clock; the other modes 1.88 to 1.99 times.
//!
//! # Layout
//! A tree is an array of nodes numbered breadth first; siblings are neighbours, so that a step adds
//! the outcome of one comparison to the number of the left child. A leaf is a cut that no row
//! passes, with itself as left child: nodes have no types to branch on.
//! Rows are scored in blocks of 2,048, copied column by column; blocks are shared out to threads,
//! and every row sums its trees in the same order, so that scores are the same bytes for any number
//! of threads. A block goes through a tree as a whole: each cut is read once and divides the numbers
//! of the rows that reached it, without recursion, without a branch on a value, and without steps
//! beyond a row's leaf. Trees at most 8 high become heaps of 256 places instead, through which 16
//! rows step in parallel; 128 rows stay in the first-level cache for all trees. The side a row goes to
//! and whether it lies out of a node's range are the two highest bits of its distance from the cut.
//! Only the sub-samples are copied in fitting; the training matrix is read where it lies.

mod attribute;
mod combined;
mod criterion;
mod error;
mod forest;
mod grow;
mod heap;
mod params;
mod path_length;
mod score;
mod tree;
mod walk;

pub use combined::{CombinedForest, CombinedForestParams};
pub use criterion::Criterion;
pub use error::{IsolationError, LinfaError};
pub use forest::IsolationForest;
pub use params::{Depth, IsolationForestParams, IsolationForestValidParams, Mode};
pub use path_length::{average_path_length, harmonic};
