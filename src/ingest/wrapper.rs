//! Objects that are no records themselves but hold one: what other systems put around Microsoft's records.

use super::envelope::Envelope;
use super::json::{Scanner, Text, Value};
use super::record::Record;
use super::reject::Fault;

impl<'a> Record<'a> {
    /// A text of an object that is not a record itself but wraps one: names in lower case, unlike Microsoft's.
    #[cold]
    pub(super) fn wrapper_text(&mut self, key: &[u8], text: Text<'a>) {
        match key {
            b"id" => self.envelope.id = text,
            b"createdDateTime" | b"@timestamp" | b"_time" => self.envelope.time = text,
            b"operation" => self.envelope.operation = text,
            b"auditLogRecordType" => self.envelope.record_type = text,
            b"userPrincipalName" => self.envelope.user = text,
            b"auditData" => self.wrap_text(Envelope::Graph, text),
            b"event.original" => self.wrap_text(Envelope::Elastic, text),
            b"_raw" => self.wrap_text(Envelope::Splunk, text),
            b"event" if text.raw.trim_ascii_start().first() == Some(&b'{') => {
                self.wrap_text(Envelope::Splunk, text);
                self.inner_is_doubtful = true;
            }
            // What log shippers read from a file or an interface, as they read it.
            b"message" | b"o365audit"
                if self.inner.is_none() && text.raw.trim_ascii_start().first() == Some(&b'{') =>
            {
                self.wrap_text(Envelope::Elastic, text);
                self.inner_is_doubtful = true;
            }
            _ if key.starts_with(b"o365.audit.") => {
                self.format = self.format.or(Some(Envelope::Elastic))
            }
            _ => {}
        }
    }

    /// The record as a string.
    pub(super) fn wrap_text(&mut self, format: Envelope, text: Text<'a>) {
        if !text.is_empty() {
            self.inner = Some(text.raw);
            self.inner_is_text = true;
            self.inner_is_doubtful = false;
        }
        self.format = Some(format);
    }

    /// An `event` object: Elastic's has the original text of the record, which is worth more than its parsed fields; Splunk's
    /// collector puts the record itself there.
    pub(super) fn read_event_fields<const CSV: bool>(
        &mut self,
        value: Value<'a>,
        outer: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let event = outer.raw_container(value)?;
        let mut scanner = Scanner::<CSV>::new(event, 0);
        scanner.open_object()?;
        let mut first = true;
        while let Some(key) = scanner.key(&mut first)? {
            let value = scanner.value()?;
            scanner.skip(value)?;
            match key {
                b"original" => self.wrap_text(Envelope::Elastic, value.text()),
                b"id" => self.envelope.id = value.text(),
                b"action" => self.envelope.operation = value.text(),
                b"Operation" if self.inner.is_none() => {
                    self.inner = Some(event);
                    self.inner_is_doubtful = true;
                    self.format = Some(Envelope::Splunk);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Filebeat's `o365audit` object: the record as its input has read it.
    pub(super) fn read_shipped<const CSV: bool>(
        &mut self,
        value: Value<'a>,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let record = scanner.raw_container(value)?;
        if self.inner.is_none() {
            self.inner = Some(record);
            self.inner_is_text = false;
            self.inner_is_doubtful = true;
            self.format = Some(Envelope::Elastic);
        }
        Ok(())
    }

    /// Elastic's `o365.audit` object: the record's fields, used when its original text was not kept.
    pub(super) fn read_collected<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let mut first = true;
        while let Some(key) = scanner.key(&mut first)? {
            let value = scanner.value()?;
            if key == b"audit" && matches!(value, Value::Object) {
                let audit = scanner.raw_container(value)?;
                if self.format != Some(Envelope::Elastic)
                    || self.inner.is_none()
                    || self.inner_is_doubtful
                {
                    self.inner = Some(audit);
                    self.inner_is_text = false;
                    self.inner_is_doubtful = false;
                    self.format = Some(Envelope::Elastic);
                }
            } else {
                scanner.skip(value)?;
            }
        }
        Ok(())
    }
}

/// Names under which interfaces hand over records, or objects that hold one, but which may as well be fields of some record: a
/// record that is whole without them is taken as it is.
pub(super) fn may_wrap(key: &[u8]) -> bool {
    matches!(
        key,
        // Hunting queries of Defender and Graph, and searches of Splunk's interface.
        b"results" | b"Results"
        // Streamed rows of advanced hunting.
        | b"properties"
        // Answers of Elasticsearch.
        | b"hits"
        // Answers of Log Analytics.
        | b"tables"
        // Graph's PowerShell module.
        | b"AdditionalProperties"
    )
}

/// Names under which other formats hold records, as objects or arrays of them.
pub(super) fn wrapping_key(key: &[u8]) -> Option<Envelope> {
    match key {
        b"auditData" => Some(Envelope::Graph),
        b"AuditData" => Some(Envelope::AuditSearch),
        b"RawEventData" => Some(Envelope::CloudAppEvents),
        b"result" | b"_raw" => Some(Envelope::Splunk),
        b"_source" => Some(Envelope::Elastic),
        b"value" | b"records" | b"Records" => Some(Envelope::ManagementApi),
        _ => None,
    }
}
