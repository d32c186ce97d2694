//! Reasons as pictures and tables say them, where a line is all there is.

use crate::chart::label;
use crate::explain::Naming;
use crate::session::Session;

/// Longest name of a client within such a sentence: more would push what the sentence claims out of its line.
const CLIENT: usize = 40;

/// A reason of a session with the client's name in place of a long client string.
pub(crate) fn in_a_line(sentence: &str, session: &Session, naming: &Naming<'_>) -> String {
    let info = naming.client_info(session);
    if info.chars().count() <= CLIENT {
        return sentence.to_owned();
    }
    named(sentence, info, client_version(session, naming))
}

/// What ties a campaign's sessions, with the client's name in place of a long client string that they came with.
pub(super) fn tie_in_a_line<'a>(
    tie: &str,
    mut sessions: impl Iterator<Item = &'a Session>,
    naming: &Naming<'_>,
) -> String {
    let long = |info: &str| info.chars().count() > CLIENT && tie.contains(info);
    match sessions.find(|session| long(naming.client_info(session))) {
        None => tie.to_owned(),
        Some(session) => {
            let info = naming.client_info(session);
            let name = match client_version(session, naming) {
                "" => info,
                version => version,
            };
            tie.replace(info, &label::shorten(name, CLIENT))
        }
    }
}

/// Browser or product with its version, such as `Chrome 92`, as the event with the session's client string tells it.
fn client_version<'a>(session: &Session, naming: &Naming<'a>) -> &'a str {
    let columns = naming.columns();
    let mut rows = session.rows.iter().map(|&row| row as usize);
    rows.find(|&row| columns.client_info.codes.get(row) == Some(&session.client_info))
        .and_then(|row| columns.client_version.codes.get(row))
        .and_then(|&code| columns.client_version.names.get(code as usize))
        .copied()
        .unwrap_or("")
}

/// Puts the version, or else the shortened string, where a sentence quotes a client string.
fn named(sentence: &str, info: &str, version: &str) -> String {
    let quoted = format!("\"{info}\"");
    if version.is_empty() {
        let short = format!("\"{}\"", label::shorten(info, CLIENT));
        return sentence.replace(&quoted, &short);
    }
    sentence
        .replace(&format!("string {quoted}"), &quoted)
        .replace(&quoted, &label::shorten(version, CLIENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_the_client_and_keeps_its_claim() {
        let info = "Client=OWA;Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/92.0 Safari/537.36;";
        let sentence = format!("client string \"{info}\" is new to this mailbox");
        assert_eq!(
            named(&sentence, info, "Chrome 92"),
            "client Chrome 92 is new to this mailbox"
        );
        let sentence = format!("application X with client \"{info}\" is new to this mailbox");
        assert_eq!(
            named(&sentence, info, "Chrome 92"),
            "application X with client Chrome 92 is new to this mailbox"
        );
        assert_eq!(
            named(&sentence, info, ""),
            "application X with client \"Client=OWA;Mozilla/5.0 (Wi…afari/537.36;\" is new to this mailbox"
        );
        let other = "read 250 items; this mailbox's 40 sessions have 0 to 12";
        assert_eq!(named(other, info, "Chrome 92"), other);
    }
}
