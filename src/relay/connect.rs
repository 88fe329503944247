//! Opens a conversation with an SMTP server: socket, greeting, TLS, EHLO, AUTH.
//!
//! The commands are lettre's; the conversation is not: lettre takes any positive code for a greeting, and keeps what a
//! stranger slipped in before TLS (STANDARDS S1).

use std::io;

use data_encoding::BASE64;
use lettre::transport::smtp::authentication::{Credentials as LettreCredentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::capabilities::{Capabilities, Extension};
use super::settings::{Credentials, Login, Security, SmtpSettings};
use super::tls::{TlsClient, TlsFault};
use super::wire::{Wire, WireFault};
use crate::mailing::Reply;

/// Most questions that a server may ask during AUTH; LOGIN asks two.
const MAX_CHALLENGES: usize = 4;

/// A server that greeted us, ready for MAIL.
pub(super) struct Greeted {
    pub(super) wire: Wire,
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

    fn misfit(cause: &str) -> Self {
        Self { cause: cause.to_owned(), reply: None, is_transient: false }
    }

    /// The server answered `what` with something else than wanted.
    fn answered(what: &str, reply: Reply) -> Self {
        Self { cause: format!("{what} was answered with `{reply}`"), is_transient: !reply.is_permanent(), reply: Some(reply) }
    }
}

impl From<WireFault> for OpenFault {
    fn from(fault: WireFault) -> Self {
        Self { cause: fault.to_string(), reply: None, is_transient: true }
    }
}

impl From<TlsFault> for OpenFault {
    fn from(fault: TlsFault) -> Self {
        Self { cause: fault.cause, reply: None, is_transient: fault.is_transient }
    }
}

/// Opens one conversation as `settings` say; `tls` is there unless security is [`Security::None`].
pub(super) async fn open(settings: &SmtpSettings, tls: Option<&TlsClient>) -> Result<Greeted, OpenFault> {
    let mut wire = secure_wire(settings, tls).await?;
    let offered = greet(&mut wire, settings).await?;
    if let Some(credentials) = &settings.credentials {
        if tls.is_none() {
            return Err(OpenFault::misfit("a password is never sent without TLS"));
        }
        if let Err(fault) = log_in(&mut wire, &offered, credentials, settings).await {
            leave(wire, settings).await;
            return Err(fault);
        }
    }
    Ok(Greeted { wire, offered })
}

/// Says good-bye where nothing is under way. Whatever the server says to it, the conversation is over.
pub(super) async fn leave(mut wire: Wire, settings: &SmtpSettings) {
    let within = settings.timeouts.quit;
    if wire.ask(&Quit.to_string(), within).await.is_ok() {
        wire.hang_up(within).await;
    }
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
                leave(wire, settings).await;
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
        Err(_) => Err(OpenFault::network(&io::Error::other("the server did not take the connection in time"))),
    }
}

async fn await_greeting(wire: &mut Wire, settings: &SmtpSettings) -> Result<(), OpenFault> {
    let code = wire.reply(settings.timeouts.greeting).await?;
    expect(220, code, "the connection", wire)
}

/// Asks for TLS in clear. A server that does not offer it, or somebody between us who strips the offer, gets no mail.
async fn start_tls(wire: &mut Wire, settings: &SmtpSettings) -> Result<(), OpenFault> {
    if !greet(wire, settings).await?.offers(Extension::StartTls) {
        return Err(OpenFault::misfit("the server does not offer STARTTLS, which is required"));
    }
    let code = wire.ask(&Starttls.to_string(), settings.timeouts.command).await?;
    expect(220, code, "STARTTLS", wire)
}

/// Says EHLO and reads what is offered; what was offered before TLS is not asked again (STANDARDS S1).
async fn greet(wire: &mut Wire, settings: &SmtpSettings) -> Result<Capabilities, OpenFault> {
    let ehlo = Ehlo::new(ClientId::Domain(settings.ehlo_name.clone()));
    let code = wire.ask(&ehlo.to_string(), settings.timeouts.command).await?;
    expect(250, code, "EHLO", wire)?;
    Ok(Capabilities::from_lines(wire.said_lines()))
}

/// The server has to answer `what` with `wanted`.
fn expect(wanted: u16, code: u16, what: &str, wire: &Wire) -> Result<(), OpenFault> {
    if code == wanted { Ok(()) } else { Err(OpenFault::answered(what, wire.said(code))) }
}

/// The best way to log in that both sides know.
fn mechanism(login: Login, offered: &Capabilities) -> Result<Mechanism, OpenFault> {
    match login {
        Login::Password if offered.offers(Extension::AuthPlain) => Ok(Mechanism::Plain),
        Login::Password if offered.offers(Extension::AuthLogin) => Ok(Mechanism::Login),
        Login::Password => Err(OpenFault::misfit("the server offers no way to log in that we know (PLAIN, LOGIN)")),
        Login::Xoauth2 if offered.offers(Extension::AuthXoauth2) => Ok(Mechanism::Xoauth2),
        Login::Xoauth2 => Err(OpenFault::misfit("the server offers no way to log in with a token (XOAUTH2)")),
    }
}

async fn log_in(wire: &mut Wire, offered: &Capabilities, credentials: &Credentials, settings: &SmtpSettings) -> Result<(), OpenFault> {
    let mechanism = mechanism(credentials.login, offered)?;
    let secret = LettreCredentials::new(credentials.user.clone(), credentials.password.expose_secret().to_owned());
    let within = settings.timeouts.command;
    let mut challenge = None;
    for _ in 0..MAX_CHALLENGES {
        let command = response(mechanism, &secret, challenge)?;
        match wire.ask(&command, within).await? {
            235 => return Ok(()),
            334 => challenge = Some(wire.said_lines().collect::<String>()),
            code => return Err(OpenFault::answered("AUTH", wire.said(code))),
        }
    }
    Err(OpenFault::misfit("the server kept asking during AUTH"))
}

/// The AUTH command, or the line that answers what the server asked.
fn response(mechanism: Mechanism, secret: &LettreCredentials, challenge: Option<String>) -> Result<String, OpenFault> {
    // With XOAUTH2 a question is a refusal with its reasons in JSON; an empty line gets the refusal itself.
    if mechanism == Mechanism::Xoauth2 && challenge.is_some() {
        return Ok("\r\n".to_owned());
    }
    // The fault may not quote what the server asked; it is not needed to know that the login makes no sense.
    let odd = || OpenFault::misfit("the server asked something else than name and password");
    let asked = challenge.map(|challenge| {
        let octets = BASE64.decode(challenge.split(' ').next().unwrap_or_default().as_bytes()).map_err(|_| odd())?;
        String::from_utf8(octets).map_err(|_| odd())
    });
    let auth = Auth::new(mechanism, secret.clone(), asked.transpose()?).map_err(|_| odd())?;
    Ok(auth.to_string())
}
