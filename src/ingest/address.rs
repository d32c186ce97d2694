//! Network addresses in all the forms the log writes them, and the block each belongs to.
//!
//! Microsoft's own service ranges are those it publishes for Exchange Online and for the sign-in service, in whose name its
//! applications act ("Office 365 URLs and IP address ranges", service areas Exchange and Common), and the server ranges seen in mailbox
//! records. Ranges that its cloud rents out to customers are
//! left out on purpose: an attacker's virtual machine is not service traffic.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// Name of the network that all of Microsoft's service addresses share.
pub(crate) const MICROSOFT: &str = "microsoft";

/// The table of service ranges, as data.
const RANGES: &str = include_str!("microsoft_networks.csv");

static SERVICE: LazyLock<Vec<(u128, u32)>> =
    LazyLock::new(|| RANGES.lines().skip(1).filter_map(parse_range).collect());

/// First address (mapped into IPv6) and the number of its leading bits that count.
fn parse_range(line: &str) -> Option<(u128, u32)> {
    let (base, length) = line.split(',').next()?.split_once('/')?;
    let length = length.parse::<u32>().ok()?;
    match base.parse().ok()? {
        IpAddr::V4(base) => Some((u128::from(base.to_ipv6_mapped()), 96 + length)),
        IpAddr::V6(base) => Some((u128::from(base), length)),
    }
}

/// An address as the log means it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Address {
    /// Canonical text; the log's own text, trimmed and lower-case, when it is a name; empty when it says nothing.
    pub(crate) text: String,
    /// Block: IPv4 /24, IPv6 /48, [`MICROSOFT`], or empty.
    pub(crate) network: String,
    /// The address, unless it is a name.
    pub(crate) ip: Option<IpAddr>,
}

/// Reads an address with or without port, brackets, zone, IPv4 in IPv6; or a host name.
pub(crate) fn parse_address(text: &str) -> Address {
    let text = text.trim_matches(|letter: char| letter == '"' || letter.is_whitespace());
    let lower = text.to_ascii_lowercase();
    if text.is_empty()
        || matches!(
            lower.as_str(),
            "null" | "<null>" | "none" | "not available" | "unknown" | "-"
        )
    {
        return Address::default();
    }
    let Some(ip) = parse_ip(text) else {
        return Address {
            text: lower,
            ..Address::default()
        };
    };
    Address {
        text: ip.to_string(),
        network: network(ip),
        ip: Some(ip),
    }
}

fn parse_ip(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            if !(after.is_empty() || after.strip_prefix(':').is_some_and(is_port)) {
                return None;
            }
            inside
        }
        // One colon separates a port from an IPv4 address; an IPv6 address has at least two.
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') && is_port(port) => host,
            _ => text,
        },
    };
    let bare = bare.split('%').next().unwrap_or(bare);
    match bare.parse().ok()? {
        IpAddr::V6(v6) => Some(v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)),
        v4 => Some(v4),
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// The network of an address: Microsoft's service, or its block.
fn network(ip: IpAddr) -> String {
    if is_service(ip, 128) {
        MICROSOFT.to_owned()
    } else {
        block(ip)
    }
}

/// Whether all addresses that share the first `length` bits with this one (mapped into IPv6) are Microsoft's.
fn is_service(ip: IpAddr, length: u32) -> bool {
    let bits = match ip {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    };
    SERVICE
        .iter()
        .any(|&(base, bound)| bound <= length && (bits ^ base).leading_zeros() >= bound)
}

/// The block of an address. Loopback, link-local and unspecified addresses are in none.
fn block(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() => {
            String::new()
        }
        IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from(u32::from(v4) & 0xffff_ff00)),
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local() => {
            String::new()
        }
        IpAddr::V6(v6) => format!("{}/48", Ipv6Addr::from(u128::from(v6) & (u128::MAX << 80))),
    }
}

/// The network that sessions from an address or from within a block have, as they have it. What no session can have is
/// refused with the reason.
pub(crate) fn network_named(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(MICROSOFT) {
        return Ok(MICROSOFT.to_owned());
    }
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok())),
        None => (text, None),
    };
    let ip = parse_ip(address);
    let (own, all, before) = match ip {
        Some(IpAddr::V4(_)) => (24, 32, 96),
        _ => (48, 128, 0),
    };
    let (Some(ip), Some(length)) = (ip, length.unwrap_or(Some(all))) else {
        return Err(format!("\"{text}\" is neither an address nor a block"));
    };
    if length > all {
        return Err(format!("\"{text}\" has more than {all} bits"));
    }
    if length < own {
        return Err(format!(
            "{text} is wider than the /{own} blocks that sessions are told apart by; name those in it one by one"
        ));
    }
    if is_service(ip, before + length) {
        return Err(format!(
            "{text} is Microsoft's service, whose addresses are all one network, \"{MICROSOFT}\""
        ));
    }
    match block(ip) {
        block if block.is_empty() => {
            Err(format!("{text} is in no network that sessions come from"))
        }
        block => Ok(block),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_is_read() {
        for (text, address, block) in [
            ("1.2.3.4", "1.2.3.4", "1.2.3.0/24"),
            (" 1.2.3.4:443 ", "1.2.3.4", "1.2.3.0/24"),
            ("[1.2.3.4]:443", "1.2.3.4", "1.2.3.0/24"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::/48"),
            ("[2001:DB8::1]:443", "2001:db8::1", "2001:db8::/48"),
            ("[2001:db8::1]", "2001:db8::1", "2001:db8::/48"),
            ("::ffff:1.2.3.4", "1.2.3.4", "1.2.3.0/24"),
            ("fe80::1%12", "fe80::1", ""),
            ("::1", "::1", ""),
            ("127.0.0.1", "127.0.0.1", ""),
            ("localhost", "localhost", ""),
            ("\" 1.2.3.4 \"", "1.2.3.4", "1.2.3.0/24"),
            ("Host-7.Example", "host-7.example", ""),
            ("1.2.3.4:99999", "1.2.3.4:99999", ""),
            ("[1.2.3.4", "[1.2.3.4", ""),
            ("<null>", "", ""),
            ("", "", ""),
            ("2603:10a6:728:87::ea", "2603:10a6:728:87::ea", MICROSOFT),
            ("52.97.1.1", "52.97.1.1", MICROSOFT),
            ("52.104.1.1", "52.104.1.1", "52.104.1.0/24"),
            ("2603:1020::5", "2603:1020::5", "2603:1020::/48"),
        ] {
            let parsed = parse_address(text);
            assert_eq!(
                (parsed.text.as_str(), parsed.network.as_str()),
                (address, block),
                "{text}"
            );
        }
    }

    #[test]
    fn networks_are_named_by_any_of_their_addresses_and_parts() {
        for (text, block) in [
            ("1.2.3.4", "1.2.3.0/24"),
            ("1.2.3.0/24", "1.2.3.0/24"),
            ("1.2.3.9/24", "1.2.3.0/24"),
            ("1.2.3.16/28", "1.2.3.0/24"),
            ("2001:DB8:0::/48", "2001:db8::/48"),
            ("2001:db8::7/64", "2001:db8::/48"),
            ("Microsoft", MICROSOFT),
        ] {
            assert_eq!(network_named(text).as_deref(), Ok(block), "{text}");
        }
        for (text, word) in [
            ("10.0.0.0/8", "wider than the /24"),
            ("2001:db8::/32", "wider than the /48"),
            ("1.2.3.4/33", "more than 32"),
            ("1.2.3.4/x", "neither"),
            ("4294967295", "neither"),
            ("office", "neither"),
            ("", "neither"),
            ("127.0.0.1", "in no network"),
            ("52.97.1.1", "Microsoft's service"),
            ("52.97.1.0/24", "Microsoft's service"),
        ] {
            let refused = network_named(text);
            assert!(
                refused.as_ref().is_err_and(|said| said.contains(word)),
                "{text}: {refused:?}"
            );
        }
    }

    #[test]
    fn the_table_of_ranges_is_whole() {
        assert_eq!(SERVICE.len(), RANGES.lines().count() - 1);
    }
}
