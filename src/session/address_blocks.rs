//! Networks to the provider's blocks around them.

use crate::event::Coded;

/// Maps networks to the provider's block around them: IPv4 /24 to /16, IPv6 /48 to /32; others stay themselves.
pub(crate) struct AddressBlocks {
    block_of: Vec<u32>,
    names: Vec<String>,
}

impl AddressBlocks {
    pub(crate) fn new(networks: &Coded<'_>) -> Self {
        let mut names: Vec<String> = networks.names.iter().map(|name| block_name(name)).collect();
        let texts = names.clone();
        names.sort_unstable();
        names.dedup();
        let block_of = texts
            .iter()
            .map(|text| names.binary_search(text).unwrap_or_default() as u32)
            .collect();
        Self { block_of, names }
    }

    pub(crate) fn of(&self, network: u32) -> u32 {
        self.block_of[network as usize]
    }

    pub(crate) fn name(&self, block: u32) -> &str {
        &self.names[block as usize]
    }
}

/// The block of a provider that a network belongs to: /16 of IPv4, /32 of IPv6; what is no network of addresses is its own block.
pub(crate) fn block_name(network: &str) -> String {
    if let Some(prefix) = network.strip_suffix("/24") {
        let mut parts = prefix.split('.');
        if let (Some(a), Some(b)) = (parts.next(), parts.next()) {
            return format!("{a}.{b}.0.0/16");
        }
    }
    if let Some(prefix) = network.strip_suffix("/48") {
        let mut parts = prefix.split(':');
        if let (Some(a), Some(b)) = (parts.next(), parts.next()) {
            return format!("{a}:{}::/32", if b.is_empty() { "0" } else { b });
        }
    }
    network.to_owned()
}
