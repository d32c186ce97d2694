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
//! | **mixed** (5) | 0.841 | 0.452 |
//! | guided (5) | 0.851 | 0.461 |
//! | guided, 300 trees (3) | 0.854 | 0.465 |
//!
//! A single criterion wins on some data sets and loses as much on others; one drawn anew for each
//! cut keeps most of the gain and little of the loss. Against the plain mode, two seeds, largest
//! sets thinned to 20,000 to 50,000 rows (mean ROC-AUC; sets better and worse by more than 0.005;
//! largest loss): gap 0.844, 13/6, 0.032; gap and pooled gain 0.851, 14/6, 0.055; guided 0.851,
//! 15/5, 0.066; gap, pooled gain and uniform, the default, 0.843, 14/5, 0.029. The third of uniform
//! cuts costs 0.007 on average and halves the largest loss, and data sets that nobody tried punish
//! strong guidance most. One try instead of three costs 0.014, one feature a cut instead of two
//! 0.015 (both with gap and pooled gain). Sub-samples of 512 rows raise ROC-AUC by 0.002 and lower
//! average precision by 0.016. Averaging densities with path lengths gained at most 0.003 and was
//! left out.
//!
//! For guided, the averaged gain drawn twice as often and 192 rows a tree were tried too: with 300
//! trees and 5 seeds 0.851 and 0.465, no better than guided with as many, although one seed on
//! thinned sets had promised 0.004 and 0.006 more. On one seed and thinned sets, 128 rows a tree
//! raised guided's average precision by 0.007 and lowered ROC-AUC by 0.003; 64 rows lowered both.
//!
//! # Speed
//! 1,000,000 rows of 20 features, 100 trees of 256 rows, beside scikit-learn and isotree as
//! `benches/isolation_peers.py` has them, one run of each; seconds are the processor's, because the
//! machine (two cores) had much other work:
//!
//! | forest, 1 thread | fit | score | × scikit-learn | × isotree |
//! |---|---|---|---|---|
//! | scikit-learn | 0.753 | 4.08 | 1.0 | 1.6 |
//! | isotree, plain | 0.328 | 6.39 | 0.64 | 1.0 |
//! | plain | 0.028 | 0.71 | 5.8 | 9.0 |
//! | fair cut | 0.040 | 1.82 | 2.2 | 3.5 |
//! | **mixed** | 0.044 | 3.09 | 1.3 | 2.1 |
//! | guided | 0.139 | 4.04 | 1.0 | 1.6 |
//!
//! The plain mode scores more than four times as fast as the faster of the two. **The default does
//! not: it scores 1.3 times as fast as scikit-learn.** Its trees have no depth limit, its cuts read
//! two features, and it counts the range penalty; fair cut, which has the first two, is 2.2 times as
//! fast. With two threads the ratios of plain and default to scikit-learn are 5.2 and 1.3. By the
//! clock, two threads scored plain 1.63 times as fast as one; the clocks of the default were too
//! disturbed to tell.
//!
//! # Layout
//! A tree is an array of nodes numbered breadth first; siblings are neighbours, so that a step adds
//! the outcome of one comparison to the number of the left child. A leaf is a cut that no row
//! passes, with itself as left child: nodes have no types to branch on.
//! Rows are scored in blocks of 2,048, copied column by column; blocks are shared out to threads,
//! and every row sums its trees in the same order, so that scores are the same bytes for any number
//! of threads. A block goes through a tree as a whole: each cut is read once and divides the numbers
//! of the rows that reached it, without recursion, without a branch on a value, and without steps
//! beyond a row's leaf. Plain trees at most 8 high become heaps of 256 places instead, through which
//! 16 rows step in parallel; 128 rows stay in the first-level cache for all trees.
//! Only the sub-samples are copied in fitting; the training matrix is read where it lies.

mod attribute;
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

pub use criterion::Criterion;
pub use error::{IsolationError, LinfaError};
pub use forest::IsolationForest;
pub use params::{Depth, IsolationForestParams, IsolationForestValidParams, Mode};
pub use path_length::{average_path_length, harmonic};
