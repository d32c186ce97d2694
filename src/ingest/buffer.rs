//! Memory of one block of text, used again for the next.

use std::io::{self, ErrorKind, Read};
use std::ops::Deref;

/// Text of a block. Its memory is written with zeros once and not before every reading, as growing a vector would.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    end: usize,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }
}

impl Buffer {
    pub(crate) fn clear(&mut self) {
        self.end = 0;
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    /// Takes so many bytes off the front.
    pub(crate) fn drop_front(&mut self, length: usize) {
        let length = length.min(self.end);
        self.bytes.copy_within(length..self.end, 0);
        self.end -= length;
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        if let Some(room) = self.room(text.len()) {
            room.copy_from_slice(text);
            self.end += text.len();
        }
    }

    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        let wanted = self.end + length;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        self.bytes.get_mut(self.end..wanted)
    }

    /// Reads until so many bytes have come or the reader ends; tells how many came.
    ///
    /// # Errors
    /// That of the reader; what came before it is kept.
    pub(crate) fn read(&mut self, reader: &mut dyn Read, most: usize) -> io::Result<usize> {
        let before = self.end;
        while self.end < before + most {
            let left = before + most - self.end;
            let Some(room) = self.room(left) else { break };
            match reader.read(room) {
                Ok(0) => break,
                Ok(length) => self.end += length.min(left),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end - before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_holds_what_was_read_and_pushed() -> io::Result<()> {
        let mut buffer = Buffer::default();
        buffer.push(b"ab");
        assert_eq!(buffer.read(&mut b"cdefg".as_slice(), 3)?, 3);
        assert_eq!(&*buffer, b"abcde");
        buffer.drop_front(2);
        assert_eq!(&*buffer, b"cde");
        buffer.truncate(1);
        assert_eq!(buffer.read(&mut b"xy".as_slice(), 9)?, 2);
        assert_eq!(&*buffer, b"cxy");
        buffer.clear();
        assert!(buffer.is_empty());
        Ok(())
    }
}
