//! Short texts looked at many bytes at a time. They are as long as a key or an identifier; a function made for any length
//! costs more to call than to run.

use memchr::{memchr, memchr2};

/// Bytes that are compared at once: every processor of the last twenty years has an instruction for sixteen.
const LANES: usize = 16;

/// Whether two texts are equal. The last eight bytes are compared as one number, whether they were compared before or not.
#[inline]
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let (Some(left_end), Some(right_end)) = (left.last_chunk::<8>(), right.last_chunk::<8>())
    else {
        return left.iter().zip(right).all(|(left, right)| left == right);
    };
    let (left_words, _) = left.as_chunks::<8>();
    let (right_words, _) = right.as_chunks::<8>();
    left_words
        .iter()
        .zip(right_words)
        .all(|(left, right)| u64::from_ne_bytes(*left) == u64::from_ne_bytes(*right))
        && u64::from_ne_bytes(*left_end) == u64::from_ne_bytes(*right_end)
}

/// True for text that stands in JSON as it is, of ASCII characters only.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let special = |byte: u8| !(0x20..0x7f).contains(&byte) | (byte == b'"') | (byte == b'\\');
    let any = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(false, |found, &byte| found | special(byte))
    };
    let (lanes, rest) = text.as_chunks::<LANES>();
    let last = text.last_chunk::<LANES>();
    !lanes.iter().any(|lanes| any(lanes)) && !last.map_or_else(|| any(rest), |last| any(last))
}

/// Offset of the first quote. Keys and most values end within a few steps; the search for long texts begins after that.
#[inline]
pub(crate) fn find_quote(text: &[u8]) -> Option<usize> {
    find_near(text, [b'"'], |rest| memchr(b'"', rest))
}

/// Offset of the first of two bytes, as [`find_quote`] looks for one.
#[inline]
pub(crate) fn find_either(one: u8, other: u8, text: &[u8]) -> Option<usize> {
    find_near(text, [one, other], |rest| memchr2(one, other, rest))
}

/// Looks at the first few lanes here, and leaves what is further on to a search made for long texts.
#[inline]
fn find_near<const N: usize>(
    text: &[u8],
    wanted: [u8; N],
    far: impl FnOnce(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let mut at = 0;
    while at < 4 * LANES {
        let Some(lanes) = text.get(at..).and_then(|rest| rest.first_chunk::<LANES>()) else {
            break;
        };
        // Whether it is there is a single comparison; where it is costs a few steps more.
        let is_wanted = |byte: u8| {
            wanted
                .iter()
                .fold(false, |found, &wanted| found | (byte == wanted))
        };
        if lanes
            .iter()
            .fold(false, |found, &byte| found | is_wanted(byte))
        {
            let both = u128::from_le_bytes(*lanes);
            let (low, high) = (both as u64, (both >> 64) as u64);
            let (low, high) = (first_bits(low, wanted), first_bits(high, wanted));
            let bit = if low != 0 {
                low.trailing_zeros()
            } else {
                64 + high.trailing_zeros()
            };
            return Some(at + bit as usize / 8);
        }
        at += LANES;
    }
    far(text.get(at..)?).map(|offset| at + offset)
}

/// A word whose lowest bit that is set stands in the first wanted byte (the zero byte of a word, from H. S. Warren, Hacker's
/// Delight, 6-1).
#[inline]
fn first_bits<const N: usize>(word: u64, wanted: [u8; N]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    wanted.iter().fold(0, |bits, &wanted| {
        let word = word ^ (ONES * u64::from(wanted));
        bits | (word.wrapping_sub(ONES) & !word & (ONES << 7))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of every length up to a few steps, with a byte put at every place.
    fn texts(byte: u8) -> impl Iterator<Item = (Vec<u8>, usize)> {
        (1..90usize).flat_map(move |length| {
            (0..length).map(move |place| {
                let mut text = vec![b'x'; length];
                text[place] = byte;
                (text, place)
            })
        })
    }

    #[test]
    fn the_first_quote_is_found_wherever_it_is() {
        for (mut text, place) in texts(b'"') {
            assert_eq!(find_quote(&text), Some(place), "{text:?}");
            if let Some(last) = text.last_mut() {
                *last = b'"';
            }
            assert_eq!(find_quote(&text), Some(place), "{text:?}");
        }
        for (text, place) in texts(b',') {
            assert_eq!(find_either(b';', b',', &text), Some(place));
            assert_eq!(find_either(b',', b'\n', &text), Some(place));
            assert_eq!(find_either(b';', b'\n', &text), None);
        }
        // Bytes that differ from a quote in one bit, or borrow from the byte beside them.
        for byte in [b'#', b'!', 0xa2, 0x00, 0xff] {
            assert!(texts(byte).all(|(text, _)| find_quote(&text).is_none()));
        }
    }

    #[test]
    fn texts_are_equal_when_all_their_bytes_are() {
        for (text, place) in texts(b'y') {
            let mut other = text.clone();
            assert!(equal(&text, &other));
            other[place] = b'z';
            assert!(!equal(&text, &other));
            assert!(!equal(&text, &text[1..]));
        }
        assert!(equal(b"", b""));
    }

    #[test]
    fn text_is_plain_without_quotes_escapes_controls_and_foreign_letters() {
        for byte in [b'"', b'\\', 0x1f, 0x7f, 0x80, 0xff] {
            assert!(texts(byte).all(|(text, _)| !is_plain(&text)));
        }
        for byte in [b' ', b'~', b'<'] {
            assert!(texts(byte).all(|(text, _)| is_plain(&text)));
        }
        assert!(is_plain(b""));
    }
}
