//! Mail by SMTP, one transaction for each recipient: what one refuses is no fault of others.

use super::https_post::connection_fault;
use super::sent_message::{SentMessage, reveal};
use crate::alarm_delivery::delivery_fault::{
    DeliveryFault, FaultKind, SendOutcome, later, refused,
};
use crate::alarm_delivery::message_text::OutgoingMessage;
use crate::clock::Clock;
use crate::config::{AlarmChannel, MailServer};
use crate::limits::MAIL_SECONDS;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Bytes of a connection with TLS, of its commands and of the headers of a mail.
const CONNECTION_BYTES: u64 = 8000;
/// Longest time of one command of the server.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) async fn send(
    (channel, clock): (&AlarmChannel, &Clock),
    server: &MailServer,
    recipient: &str,
    message: &OutgoingMessage,
) -> Result<SentMessage, DeliveryFault> {
    let mail = mail_of(server, recipient, message, clock)?;
    let transport = open_transport(server, channel.ca_file.as_deref())?;
    let limit = Duration::from_secs(MAIL_SECONDS);
    let done = tokio::time::timeout(limit, transport.send(mail)).await;
    let outcome = match done {
        Err(_) => later(FaultKind::NoAnswer, ""),
        Ok(Ok(_)) => SendOutcome::Delivered,
        Ok(Err(error)) => judge_error(&error),
    };
    Ok(SentMessage {
        outcome,
        bytes: CONNECTION_BYTES + u64::try_from(message.text.len()).unwrap_or(0),
    })
}

fn mail_of(
    server: &MailServer,
    recipient: &str,
    message: &OutgoingMessage,
    clock: &Clock,
) -> Result<Message, DeliveryFault> {
    let unclear = |why: String| DeliveryFault::new(FaultKind::MessageRefused, &why);
    let mailbox = |text: &str| {
        let address = text
            .parse::<Address>()
            .map_err(|why| unclear(why.to_string()))?;
        Ok(Mailbox::new(None, address))
    };
    let from = mailbox(&server.from)?;
    // The same at each attempt: mail programs show one mail where it came twice.
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let sent = u64::try_from(clock.now().at.0).unwrap_or(0);
    let mail = Message::builder()
        .from(from)
        .to(mailbox(recipient)?)
        .subject(message.head())
        .message_id(Some(id))
        .date(UNIX_EPOCH + Duration::from_millis(sent))
        .header(ContentType::TEXT_PLAIN)
        .body(message.text.clone());
    mail.map_err(|why| unclear(why.to_string()))
}

fn open_transport(
    server: &MailServer,
    ca_file: Option<&Path>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, DeliveryFault> {
    let certificate = |why: String| DeliveryFault::new(FaultKind::Certificate, &why);
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(file) = ca_file {
        let named = |why: String| certificate(format!("{}: {why}", file.display()));
        let text = std::fs::read(file).map_err(|why| named(why.to_string()))?;
        let known = Certificate::from_pem(&text).map_err(|why| named(why.to_string()))?;
        tls = tls
            .certificate_store(CertificateStore::None)
            .add_root_certificate(known);
    }
    let tls = tls
        .build_rustls()
        .map_err(|why| certificate(why.to_string()))?;
    let tls = if server.is_tls {
        Tls::Wrapper(tls)
    } else {
        Tls::Required(tls)
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone())
        .port(server.port)
        .tls(tls)
        .timeout(Some(COMMAND_TIMEOUT));
    if let Some((name, password)) = &server.login {
        builder = builder.credentials(Credentials::new(name.clone(), reveal(password)?));
    }
    Ok(builder.build())
}

fn judge_error(error: &Error) -> SendOutcome {
    let words = error.to_string();
    let words = words.split_once(": ").map_or(&*words, |(_, rest)| rest);
    if let Some(code) = error.status() {
        let code: u16 = code.into();
        return judge_code(code, &format!("SMTP {code} {words}"));
    }
    if error.is_timeout() {
        return later(FaultKind::NoAnswer, "");
    }
    if words.contains("STARTTLS") {
        return later(FaultKind::NoEncryption, words);
    }
    if error.is_client() && words.contains("authentication") {
        // No way to log in that both know.
        return later(FaultKind::LoginRefused, words);
    }
    if error.is_client() || error.is_response() {
        return later(FaultKind::Unclear, words);
    }
    SendOutcome::Later(connection_fault(error, true), None)
}

/// Meaning of a code of the server.
fn judge_code(code: u16, words: &str) -> SendOutcome {
    match code {
        // Greylisting: a server that takes the same mail some minutes later.
        421 | 450..=452 => later(FaultKind::TryLater, words),
        400..=499 => later(FaultKind::ServerError, words),
        530 | 534 | 535 | 538 => later(FaultKind::LoginRefused, words),
        550 | 551 | 553 | 556 => refused(FaultKind::RecipientRefused, words),
        _ => refused(FaultKind::MessageRefused, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whether_it_is_sent_again() {
        for (code, kind, is_final) in [
            (451, FaultKind::TryLater, false),
            (454, FaultKind::ServerError, false),
            (535, FaultKind::LoginRefused, false),
            (550, FaultKind::RecipientRefused, true),
            (554, FaultKind::MessageRefused, true),
        ] {
            let found = match judge_code(code, "x") {
                SendOutcome::Refused(fault) => (fault.kind, true),
                SendOutcome::Later(fault, _) => (fault.kind, false),
                SendOutcome::Delivered => (FaultKind::Unclear, false),
            };
            assert_eq!(found, (kind, is_final), "{code}");
        }
    }
}
