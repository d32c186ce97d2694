//! `mailglass features`.

use super::Outcome;
use super::terminal::{print, table};
use crate::error::Error;
use crate::feature::FEATURES;

pub(crate) fn run() -> Result<Outcome, Error> {
    let rows = FEATURES
        .iter()
        .map(|feature| {
            vec![
                feature.name.to_owned(),
                feature.group.as_str().to_owned(),
                feature.observed.to_owned(),
                feature.meaning.to_owned(),
            ]
        })
        .collect();
    print(&table(
        &[
            "feature",
            "group",
            "what is observed",
            "a high deviation means",
        ],
        rows,
    ))?;
    print(
        "\nEvery deviation is in bans (factors of ten of improbability): 0 is what the baseline expects, 3 is what it\n\
         sees once in a thousand. Higher is always more unusual. sessions.csv has one column deviation_NAME for each.",
    )?;
    Ok(Outcome::Done)
}
