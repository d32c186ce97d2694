//! Compressed files that grow out of all proportion end in an error that says so.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use mailglass::error::Error;
use mailglass::ingest::{IngestOptions, Input, Silent, read};

use super::{assert_conserved, folder, purview, record, write};

/// A CSV export with one record, followed by as many bytes of nothing, compressed.
fn bomb(zstd: bool, padding: usize) -> Vec<u8> {
    let text = purview(&[record(1, 1)]);
    let block = vec![b'\n'; 1 << 20];
    let fill = |out: &mut dyn Write| {
        out.write_all(text.as_bytes()).expect("memory");
        for _ in 0..padding >> 20 {
            out.write_all(&block).expect("memory");
        }
    };
    if zstd {
        let mut out = zstd::Encoder::new(Vec::new(), 1).expect("memory");
        fill(&mut out);
        return out.finish().expect("memory");
    }
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    fill(&mut out);
    out.finish().expect("memory")
}

#[test]
fn a_file_larger_than_allowed_ends_in_an_error_and_keeps_what_came_before() -> Result<(), Error> {
    let folder = folder();
    let options = IngestOptions {
        max_decompressed: 1 << 22,
        ..IngestOptions::default()
    };
    for zstd in [false, true] {
        let path = write(folder.path(), "bomb", bomb(zstd, 1 << 24));
        let ingested = read(&[Input::new(&path)], &options, &Silent)?;
        assert_conserved(&ingested);
        assert_eq!(ingested.counts.events, 1);
        let [failure] = ingested.failures.as_slice() else {
            panic!("{:?}", ingested.failures);
        };
        let said = failure.error.to_string();
        assert!(said.contains("decompression bomb"), "{said}");
        assert!(said.contains("bomb") && failure.input.ends_with("bomb"));
        // The same file is fine where so much is allowed and its size raises no suspicion.
        let whole = read(&[Input::new(&path)], &IngestOptions::default(), &Silent)?;
        assert!(whole.failures.is_empty(), "{:?}", whole.failures);
    }
    Ok(())
}

#[test]
fn a_file_that_grows_a_thousandfold_is_no_export() {
    let folder = folder();
    let path = write(folder.path(), "bomb.csv.zst", bomb(true, 300 << 20));
    let output = Command::new(env!("CARGO_BIN_EXE_mailglass"))
        .args([Path::new("inspect"), &path])
        .output()
        .expect("mailglass runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("decompression bomb"), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}
