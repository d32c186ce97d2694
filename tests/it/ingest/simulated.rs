//! Every envelope that `mailglass simulate` writes is read without loss.

use mailglass::error::Error;
use mailglass::simulate::{Envelope, SimulateSettings, simulate};

use super::{assert_conserved, ingest};

#[test]
fn every_simulated_envelope_is_read_without_a_reject() -> Result<(), Error> {
    for envelope in Envelope::ALL {
        let folder = super::folder();
        let out = folder.path().join("tenant");
        let settings = SimulateSettings {
            people: 8,
            days: 6,
            seed: 5,
            envelope,
            ..SimulateSettings::default()
        };
        let params = settings.check().expect("valid settings");
        let written = simulate(&params, &out).expect("a simulation");
        let ingested = ingest(&[&out.join(&written.files[0])])?;
        assert_conserved(&ingested);
        let counts = ingested.counts;
        assert_eq!(
            (
                counts.rejects,
                counts.rows,
                counts.events + counts.duplicates + counts.other_records
            ),
            (0, written.rows, written.rows),
            "{}: {:?}",
            envelope.name(),
            ingested.rejects.first()
        );
        assert_eq!(counts.duplicates, written.duplicates, "{}", envelope.name());
        // Larger than the head that is looked at to find out the envelope.
        let size = ingested.files[0].bytes;
        assert!(size > 1 << 18, "{}: {size} bytes", envelope.name());
    }
    Ok(())
}
