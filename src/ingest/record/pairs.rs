//! The lists of names and values in a record, and the context of its access.

use super::{Record, scalar_text};
use crate::ingest::field::{ContextField, Field, PairField};
use crate::ingest::json::{Scanner, Text, Value};
use crate::ingest::key_order::Position;
use crate::ingest::reject::Fault;

impl<'a> Record<'a> {
    pub(super) fn read_context<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let mut position = Position::default();
        while let Some(key) = self
            .orders
            .context
            .next(scanner, &mut position, ContextField::of)?
        {
            let value = scanner.value_after(key.opened)?;
            scanner.skip(value)?;
            match key.field {
                ContextField::SessionId => self.set(Field::ContextSessionId, value.text()),
                ContextField::ClientAppId => self.set(Field::ContextClientAppId, value.text()),
                ContextField::Unused => {}
            }
        }
        Ok(())
    }

    /// Reads a list of `{"Name": ..., "Value": ...}`, the only one of a list, or an object of names and values (as some collectors
    /// rewrite it).
    pub(super) fn read_pairs<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
        list: Value<'a>,
        parameters: bool,
    ) -> Result<(), Fault> {
        let mut first = true;
        if list == Value::Object {
            let mut fields = Vec::new();
            while let Some(key) = scanner.key(&mut first)? {
                let value = scanner.value()?;
                scanner.skip(value)?;
                fields.push((Text { raw: key }, scalar_text(value)));
            }
            if let [(first, one), (second, other)] = fields[..] {
                match (first.raw, second.raw) {
                    (b"Name", b"Value") => fields = vec![(one, other)],
                    (b"Value", b"Name") => fields = vec![(other, one)],
                    _ => {}
                }
            }
            for (name, value) in fields {
                self.pair(name, value, parameters);
            }
            return Ok(());
        }
        while scanner.element(&mut first)? {
            let element = scanner.value()?;
            if element != Value::Object {
                self.parameters_lost |= parameters;
                scanner.skip(element)?;
                continue;
            }
            let (mut name, mut content) = (Text::default(), Text::default());
            let mut position = Position::default();
            while let Some(key) = self
                .orders
                .pair
                .next(scanner, &mut position, PairField::of)?
            {
                let value = scanner.value_after(key.opened)?;
                scanner.skip(value)?;
                match key.field {
                    PairField::Name => name = value.text(),
                    PairField::Value => content = scalar_text(value),
                    PairField::Unused => {}
                }
            }
            self.pair(name, content, parameters);
        }
        Ok(())
    }

    /// A name and value of one of the lists of pairs, which come in any order.
    fn pair(&mut self, name: Text<'a>, value: Text<'a>, parameters: bool) {
        if parameters {
            self.parameters.push((name, value));
            return;
        }
        match name.raw {
            b"MailAccessType" => self.set(Field::MailAccessType, value),
            b"IsThrottled" => self.set(Field::IsThrottled, value),
            b"UserAgent" => self.set(Field::UserAgent, value),
            b"SessionId" => self.set(Field::DeviceSessionId, value),
            _ => {}
        }
    }
}
