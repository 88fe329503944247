//! Opens a conversation with an SMTP server: socket, greeting, TLS, EHLO, AUTH.
//!
//! The greeting and STARTTLS are spoken here, on the bare [`Wire`]: lettre takes any positive code for a greeting, and
//! keeps what a stranger slipped in before TLS (STANDARDS S1). lettre takes over once the line is safe.

use std::io;

use lettre::transport::smtp::authentication::{Credentials as LettreCredentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::capabilities::{Capabilities, Extension};
use super::reply_lines::ReplyLine;
use super::settings::{Credentials, Security, SmtpSettings};
use super::tls::{TlsClient, TlsFault};
use super::wire::{Wire, WireControl};
use crate::mailing::Reply;

/// Most questions that a server may ask during AUTH; LOGIN asks two.
const MAX_CHALLENGES: usize = 4;

/// An open conversation, ready for MAIL.
pub(super) struct Conversation {
    pub(super) lettre: AsyncSmtpConnection,
    pub(super) control: WireControl,
    pub(super) offered: Capabilities,
}

/// Why there is none; the relay's name and place are known to the caller.
#[derive(Debug)]
pub(super) struct OpenFault {
    pub(super) cause: String,
    pub(super) reply: Option<Reply>,
    pub(super) is_transient: bool,
}

impl OpenFault {
    fn network(error: &io::Error) -> Self {
        Self { cause: error.to_string(), reply: None, is_transient: true }
    }

    fn lost(cause: String) -> Self {
        Self { cause, reply: None, is_transient: true }
    }

    fn misfit(cause: &str) -> Self {
        Self { cause: cause.to_owned(), reply: None, is_transient: false }
    }

    /// The server answered `what` with something else than wanted.
    fn answered(what: &str, reply: Reply) -> Self {
        Self { cause: format!("{what} was answered with `{reply}`"), is_transient: !reply.is_permanent(), reply: Some(reply) }
    }
}

impl From<TlsFault> for OpenFault {
    fn from(fault: TlsFault) -> Self {
        Self { cause: fault.cause, reply: None, is_transient: fault.is_transient }
    }
}

/// Opens one conversation as `settings` say; `tls` is there unless security is [`Security::None`].
pub(super) async fn open(settings: &SmtpSettings, tls: Option<&TlsClient>) -> Result<Conversation, OpenFault> {
    let wire = secure_wire(settings, tls).await?;
    let mut conversation = greet(wire, settings).await?;
    if let Some(credentials) = &settings.credentials {
        if tls.is_none() {
            return Err(OpenFault::misfit("a password is never sent without TLS"));
        }
        if let Err(fault) = log_in(&mut conversation, credentials, settings).await {
            conversation.control.begin(settings.timeouts.quit, settings.timeouts.quit);
            // The fault is what matters; leaving politely only keeps the server's log clean.
            let _ = conversation.lettre.quit().await;
            return Err(fault);
        }
    }
    Ok(conversation)
}

/// A wire whose server has greeted us and that is as secure as it has to be.
async fn secure_wire(settings: &SmtpSettings, tls: Option<&TlsClient>) -> Result<Wire, OpenFault> {
    let socket = dial(settings).await?;
    let mut wire = Wire::plain(socket).map_err(|error| OpenFault::network(&error))?;
    let limits = &settings.timeouts;
    match (settings.security, tls) {
        (Security::None, _) => await_greeting(&mut wire, settings).await?,
        (Security::Implicit, Some(client)) => {
            wire = wire.secure(client, limits.connect).await?;
            await_greeting(&mut wire, settings).await?;
        }
        (Security::StartTls, Some(client)) => {
            await_greeting(&mut wire, settings).await?;
            if let Err(fault) = start_tls(&mut wire, settings).await {
                let _ = wire.ask("QUIT\r\n", limits.quit).await;
                return Err(fault);
            }
            wire = wire.secure(client, limits.connect).await?;
        }
        (Security::Implicit | Security::StartTls, None) => return Err(OpenFault::misfit("TLS is required and not set up")),
    }
    Ok(wire)
}

async fn dial(settings: &SmtpSettings) -> Result<TcpStream, OpenFault> {
    match timeout(settings.timeouts.connect, TcpStream::connect((settings.host.as_str(), settings.port))).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(OpenFault::network(&error)),
        Err(_) => Err(OpenFault::lost("the server did not take the connection in time".to_owned())),
    }
}

async fn await_greeting(wire: &mut Wire, settings: &SmtpSettings) -> Result<(), OpenFault> {
    let reply = wire.reply(settings.timeouts.greeting).await.map_err(|error| OpenFault::network(&error))?;
    if reply.code == 220 { Ok(()) } else { Err(OpenFault::answered("the connection", reply)) }
}

/// Asks for TLS in clear. A server that does not offer it, or somebody between us who strips the offer, gets no mail.
async fn start_tls(wire: &mut Wire, settings: &SmtpSettings) -> Result<(), OpenFault> {
    let within = settings.timeouts.command;
    let reply = wire.ask(&format!("EHLO {}\r\n", settings.ehlo_name), within).await.map_err(|error| OpenFault::network(&error))?;
    if reply.code != 250 {
        return Err(OpenFault::answered("EHLO", reply));
    }
    let lines = wire.control().reply_lines();
    if !Capabilities::from_lines(lines.iter().map(String::as_str)).offers(Extension::StartTls) {
        return Err(OpenFault::misfit("the server does not offer STARTTLS, which is required"));
    }
    let reply = wire.ask("STARTTLS\r\n", within).await.map_err(|error| OpenFault::network(&error))?;
    if reply.code == 220 { Ok(()) } else { Err(OpenFault::answered("STARTTLS", reply)) }
}

/// Hands the wire to lettre, which says EHLO.
async fn greet(mut wire: Wire, settings: &SmtpSettings) -> Result<Conversation, OpenFault> {
    let control = wire.control();
    // lettre waits for a greeting. The server has given its own already, or gives none after STARTTLS (RFC 3207 section 4.2).
    wire.replay(&ReplyLine { code: 220, is_last: true, text: settings.host.clone() });
    control.begin(settings.timeouts.command, settings.timeouts.command);
    let name = ClientId::Domain(settings.ehlo_name.clone());
    match AsyncSmtpConnection::connect_with_transport(Box::new(wire), &name).await {
        Ok(lettre) => {
            let lines = control.reply_lines();
            let offered = Capabilities::from_lines(lines.iter().map(String::as_str));
            Ok(Conversation { lettre, control, offered })
        }
        Err(error) => Err(ehlo_fault(&control, &error)),
    }
}

fn ehlo_fault(control: &WireControl, error: &lettre::transport::smtp::Error) -> OpenFault {
    match heard(control, Err(error)) {
        Ok(reply) => OpenFault::answered("EHLO", reply),
        Err(cause) => OpenFault::lost(cause),
    }
}

async fn log_in(conversation: &mut Conversation, credentials: &Credentials, settings: &SmtpSettings) -> Result<(), OpenFault> {
    let mechanism = if conversation.offered.offers(Extension::AuthPlain) {
        Mechanism::Plain
    } else if conversation.offered.offers(Extension::AuthLogin) {
        Mechanism::Login
    } else {
        return Err(OpenFault::misfit("the server offers no way to log in that we know (PLAIN, LOGIN)"));
    };
    let secret = LettreCredentials::new(credentials.user.clone(), credentials.password.expose_secret().to_owned());
    let within = settings.timeouts.command;
    let mut command = Auth::new(mechanism, secret.clone(), None);
    for _ in 0..MAX_CHALLENGES {
        // The error may quote what the server asked; it is not needed to know that the login makes no sense.
        let Ok(auth) = command else { return Err(OpenFault::misfit("the server asked something else than name and password")) };
        conversation.control.begin(within, within);
        let outcome = conversation.lettre.command(auth).await;
        let reply = heard(&conversation.control, outcome.as_ref()).map_err(OpenFault::lost)?;
        match (reply.code, outcome) {
            (235, _) => return Ok(()),
            (334, Ok(response)) => command = Auth::new_from_response(mechanism, secret.clone(), &response),
            _ => return Err(OpenFault::answered("AUTH", reply)),
        }
    }
    Err(OpenFault::misfit("the server kept asking during AUTH"))
}

/// The reply behind lettre's outcome: its errors keep the code of a refusal, and the wire keeps the text. Without a reply,
/// what happened instead, in words.
pub(super) fn heard(control: &WireControl, outcome: Result<&Response, &lettre::transport::smtp::Error>) -> Result<Reply, String> {
    let code = match outcome {
        Ok(response) => response.code(),
        Err(error) => error.status().ok_or_else(|| control.fault().unwrap_or_else(|| error.to_string()))?,
    };
    let lines = control.reply_lines();
    Ok(Reply::new(code.into(), lines.iter().map(String::as_str)))
}
