//! Countries and networks from MaxMind-format databases, built here byte by byte after the format's specification, version 2.0
//! (<https://maxmind.github.io/MaxMind-DB/>).

use std::net::Ipv4Addr;

use mailglass::error::Error;
use mailglass::ingest::{IngestOptions, Input, Silent, read};

use super::{folder, purview, record, write};

/// Separates the search tree from the data.
const SEPARATOR: usize = 16;

/// A field of the data section; payloads stay under 29 bytes, so that a size fits the control byte.
enum Field<'a> {
    Text(&'a str),
    U16(u16),
    U32(u32),
    U64(u64),
    EmptyList,
    Map(Vec<(&'a str, Field<'a>)>),
}

fn encode(field: &Field<'_>, out: &mut Vec<u8>) {
    let control = |kind: u8, size: usize| (kind << 5) | u8::try_from(size).expect("a short field");
    match field {
        Field::Text(text) => {
            out.push(control(2, text.len()));
            out.extend_from_slice(text.as_bytes());
        }
        Field::U16(number) => {
            out.push(control(5, 2));
            out.extend_from_slice(&number.to_be_bytes());
        }
        Field::U32(number) => {
            out.push(control(6, 4));
            out.extend_from_slice(&number.to_be_bytes());
        }
        // An extended type: its number, less seven, follows the control byte.
        Field::U64(number) => {
            out.extend_from_slice(&[control(0, 8), 9 - 7]);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Field::EmptyList => out.extend_from_slice(&[control(0, 0), 11 - 7]),
        Field::Map(fields) => {
            out.push(control(7, fields.len()));
            for (name, field) in fields {
                encode(&Field::Text(name), out);
                encode(field, out);
            }
        }
    }
}

/// Where a branch of the tree leads.
#[derive(Clone, Copy)]
enum Branch {
    Nowhere,
    Node(usize),
    Data(usize),
}

/// A database of IPv4 networks: address, prefix length, entry.
fn database(entries: &[(Ipv4Addr, u32, Field<'_>)]) -> Vec<u8> {
    let mut tree = vec![[Branch::Nowhere; 2]];
    let mut data = Vec::new();
    for (network, length, entry) in entries {
        let bits = u32::from(*network);
        let side = |depth: u32| ((bits >> (31 - depth)) & 1) as usize;
        let mut node = 0;
        for depth in 0..length - 1 {
            node = match tree[node][side(depth)] {
                Branch::Node(next) => next,
                _ => {
                    tree.push([Branch::Nowhere; 2]);
                    let next = tree.len() - 1;
                    tree[node][side(depth)] = Branch::Node(next);
                    next
                }
            };
        }
        tree[node][side(length - 1)] = Branch::Data(data.len());
        encode(entry, &mut data);
    }
    let mut out = Vec::new();
    for branch in tree.iter().flatten() {
        let record = match branch {
            Branch::Nowhere => tree.len(),
            Branch::Node(node) => *node,
            Branch::Data(offset) => tree.len() + SEPARATOR + offset,
        };
        out.extend_from_slice(&u32::try_from(record).expect("24 bits").to_be_bytes()[1..]);
    }
    out.extend_from_slice(&[0; SEPARATOR]);
    out.extend(data);
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let nodes = u32::try_from(tree.len()).expect("a small tree");
    let metadata = Field::Map(vec![
        ("binary_format_major_version", Field::U16(2)),
        ("binary_format_minor_version", Field::U16(0)),
        ("build_epoch", Field::U64(1_700_000_000)),
        ("database_type", Field::Text("Test")),
        ("description", Field::Map(Vec::new())),
        ("ip_version", Field::U16(4)),
        ("languages", Field::EmptyList),
        ("node_count", Field::U32(nodes)),
        ("record_size", Field::U16(24)),
    ]);
    encode(&metadata, &mut out);
    out
}

#[test]
fn countries_and_networks_come_from_the_first_database_that_knows() -> Result<(), Error> {
    let folder = folder();
    let documentation = Ipv4Addr::new(203, 0, 113, 0);
    let other = Ipv4Addr::new(198, 51, 100, 0);
    let nested = |code: &'static str| {
        Field::Map(vec![(
            "country",
            Field::Map(vec![("iso_code", Field::Text(code))]),
        )])
    };
    let flat = |code: &'static str| Field::Map(vec![("country_code", Field::Text(code))]);
    let number = |asn: u32| Field::Map(vec![("autonomous_system_number", Field::U32(asn))]);
    let registered = Field::Map(vec![(
        "registered_country",
        Field::Map(vec![("iso_code", Field::Text("FR"))]),
    )]);
    let countries = database(&[(documentation, 25, nested("nl")), (other, 24, registered)]);
    let flat = database(&[(documentation, 24, flat("DE")), (other, 24, flat("ES"))]);
    let networks = database(&[(documentation, 24, number(64_500))]);
    let geoip = vec![
        write(folder.path(), "countries.mmdb", countries),
        write(folder.path(), "flat.mmdb", flat),
        write(folder.path(), "networks.mmdb", networks),
    ];
    let addresses = [
        ("203.0.113.7:443", "NL", 64_500),
        ("203.0.113.200", "DE", 64_500),
        ("[::ffff:198.51.100.1]:80", "FR", 0),
        ("192.0.2.1", "", 0),
        ("2001:db8::1", "", 0),
    ];
    let records: Vec<String> = (0u32..)
        .zip(addresses)
        .map(|(id, (address, _, _))| {
            let record = record(id, id);
            record.replacen('{', &format!("{{\"ClientIPAddress\":\"{address}\","), 1)
        })
        .collect();
    let export = write(folder.path(), "export.csv", purview(&records));
    let options = IngestOptions {
        geoip: geoip.clone(),
        ..IngestOptions::default()
    };
    let ingested = read(&[Input::new(&export)], &options, &Silent)?;
    let asked = ingested.geo_databases.iter();
    let (paths, hashes): (Vec<_>, Vec<_>) = asked.map(|file| (&file.path, &file.sha256)).unzip();
    assert!(paths.into_iter().eq(&geoip));
    assert!(hashes.iter().all(|hash| hash.len() == 64));
    let columns = ingested.events.columns()?;
    for (row, (address, country, asn)) in addresses.iter().enumerate() {
        assert_eq!(
            (columns.country.get(row), columns.asn[row]),
            (*country, *asn),
            "{address}"
        );
    }
    Ok(())
}

#[test]
fn an_unusable_database_is_an_error_that_names_it() {
    let folder = folder();
    let export = write(folder.path(), "export.csv", purview(&[record(1, 1)]));
    let whole = database(&[(
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        Field::Map(vec![("country_code", Field::Text("DE"))]),
    )]);
    let cut = whole.len() - 20;
    for (name, content) in [
        ("empty.mmdb", Vec::new()),
        ("text.mmdb", b"country,code\n".to_vec()),
        ("cut.mmdb", whole[..cut].to_vec()),
    ] {
        let options = IngestOptions {
            geoip: vec![write(folder.path(), name, content)],
            ..IngestOptions::default()
        };
        let error = read(&[Input::new(&export)], &options, &Silent).expect_err(name);
        assert!(
            matches!(&error, Error::Geo { path, .. } if path.ends_with(name)),
            "{error}"
        );
    }
}

#[test]
fn a_damaged_database_answers_nothing_rather_than_failing() -> Result<(), Error> {
    let folder = folder();
    let with_address = record(1, 1).replacen('{', "{\"ClientIPAddress\":\"203.0.113.7\",", 1);
    let export = write(folder.path(), "export.csv", purview(&[with_address]));
    let whole = database(&[(
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        Field::Map(vec![("country_code", Field::Text("DE"))]),
    )]);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let options = IngestOptions {
            geoip: vec![write(folder.path(), "damaged.mmdb", damaged)],
            ..IngestOptions::default()
        };
        match read(&[Input::new(&export)], &options, &Silent) {
            Ok(ingested) => assert_eq!(ingested.counts.events, 1),
            Err(error) => assert!(matches!(error, Error::Geo { .. }), "byte {at}: {error}"),
        }
    }
    Ok(())
}
