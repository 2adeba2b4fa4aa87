//! `provkey serve`: the authority over the network.

mod administrators;
mod log;
mod reload;
mod signals;

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use provkey::authority::{AddressRange, Authority};
use provkey::key::Host;
use provkey_server::{
    Config, KeyringSource, Metrics, ProxyHeader, ServeOptions, Tls, operations, router, serve,
};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use administrators::Administrator;
use reload::Reload;
use signals::{OtherSignals, ShutdownSignals};

use crate::authority_location::AuthorityLocation;
use crate::failure::Failure;
use crate::output::Output;
use crate::systemd;
use crate::time::Period;

/// How many connections may wait to be accepted, if the system allows as many. A client beyond that
/// has to retry after a second.
const ACCEPT_QUEUE: u32 = 8192;
/// Open files that are not connections, above all those of the store.
const FILES_RESERVED: usize = 256;
/// How long a server that ends waits for calls of the store whose clients have gone.
const LAST_CALLS_TIME_MAX: Duration = Duration::from_secs(10);
/// The rates that may be set, beside 0.
const RATES: RangeInclusive<f64> = 0.001..=1e6;
/// How often a server saves the checkpoint of its authority.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// How often a server stores the counts of refusals and replays that wait in memory.
const FLUSH_INTERVAL: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to accept connections [default: all addresses, at the port of the host]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The host of the authority that this server is reached at [default: its first]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The certificate of the server and its issuers, in PEM, reloaded when the file changes.
    /// Without it the authority issues one, which connectors trust through the pin in their keys
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Serve plain HTTP, behind a proxy that terminates TLS. Keys and tokens travel unprotected
    #[arg(long, conflicts_with = "tls_certificate")]
    plain_http: bool,
    /// The address, or a range of addresses, of a proxy whose header names the client
    #[arg(long, value_name = "RANGE", value_parser = AddressRange::parse)]
    trusted_proxy: Vec<AddressRange>,
    /// The header in which the proxy names the client; it must be one that the proxy writes
    #[arg(long, value_name = "HEADER", default_value = "x-forwarded-for")]
    #[arg(value_parser = ["x-forwarded-for", "forwarded"])]
    proxy_header: String,
    /// A client certificate that may administer the authority, as an admin token does; may be
    /// repeated
    #[arg(long, value_name = "ROLE:NAME:FILE", value_parser = Administrator::parse)]
    administrator: Vec<Administrator>,
    /// Where to serve /metrics, /healthz and /readyz, in plain HTTP, to monitoring
    #[arg(long, value_name = "ADDRESS:PORT")]
    operations_listen: Option<SocketAddr>,
    /// The format of the log, which goes to standard error
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    log_format: String,
    /// The least severe level that is logged
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    #[arg(value_parser = ["error", "warn", "info", "debug"])]
    log_level: String,
    /// A file that holds the level instead, reloaded at SIGHUP
    #[arg(long, value_name = "FILE")]
    log_level_file: Option<PathBuf>,
    #[command(flatten)]
    limits: Limits,
}

/// The limits that a site may want to change.
#[derive(clap::Args)]
struct Limits {
    /// The most connections at a time. At the limit a new connection replaces one of the address
    /// that has the most
    #[arg(long, value_name = "NUMBER", default_value_t = 8192)]
    connections_max: usize,
    /// The most connections of one address at a time. A trusted proxy may have all
    #[arg(long, value_name = "NUMBER", default_value_t = 2048)]
    connections_per_address_max: usize,
    /// The most memory for what clients send, in MiB. One address may use a quarter of it
    #[arg(long, value_name = "MIB", default_value_t = 180)]
    buffers_max: usize,
    /// How long a TLS handshake may take
    #[arg(long, value_name = "PERIOD", default_value = "10s", value_parser = Period::parse)]
    handshake_time: Period,
    /// How long a connection may be idle: until its first header is complete, and between requests
    #[arg(long, value_name = "PERIOD", default_value = "20s", value_parser = Period::parse)]
    idle_time: Period,
    /// How long the body of a request may take to arrive
    #[arg(long, value_name = "PERIOD", default_value = "15s", value_parser = Period::parse)]
    body_time: Period,
    /// How long a client may take to read an answer, plus a second for each 16 KiB of it
    #[arg(long, value_name = "PERIOD", default_value = "20s", value_parser = Period::parse)]
    answer_time: Period,
    /// The most new enrollments a second with the same provisioning key, after the first 20,000; 0
    /// for no limit
    #[arg(long, value_name = "NUMBER", default_value_t = 500.0, value_parser = parse_rate)]
    per_key_rate: f64,
    /// The most requests a second from one address that prove no key, after the first 60; 0 for no
    /// limit
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0, value_parser = parse_rate)]
    unproven_rate: f64,
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| *rate == 0.0 || RATES.contains(rate));
    rate.ok_or_else(|| "a rate is a number from 0.001 to 1000000, or 0".to_owned())
}

impl Limits {
    fn apply_to(&self, options: &mut ServeOptions) {
        options.connections_max = self.connections_max.min(connections_allowed());
        if options.connections_max < self.connections_max {
            let most = options.connections_max;
            tracing::warn!(most, "the limit on open files lowers the limit on connections");
        }
        options.connections_per_address_max = self.connections_per_address_max;
        options.buffers_bytes_max = self.buffers_bytes() - self.bodies_bytes();
        options.buffers_bytes_per_address_max = options.buffers_bytes_max / 4;
        options.handshake_time_max = self.handshake_time.starting_now();
        options.idle_time_max = self.idle_time.starting_now();
        options.answer_time_max = self.answer_time.starting_now();
    }

    fn configure(&self, config: &mut Config) {
        config.per_key_per_second = self.per_key_rate;
        config.unproven_per_second = self.unproven_rate;
        config.body_time_max = self.body_time.starting_now();
        config.bodies_bytes_max = self.bodies_bytes();
        config.bodies_bytes_per_address_max = self.bodies_bytes() / 4;
    }

    fn buffers_bytes(&self) -> usize {
        self.buffers_max.saturating_mul(1024 * 1024)
    }

    /// The share of the buffers for bodies of requests.
    fn bodies_bytes(&self) -> usize {
        self.buffers_bytes() / 5
    }
}

pub(crate) fn run(
    args: &Args,
    location: &AuthorityLocation,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = log::begin(&args.log_format, &args.log_level, args.log_level_file.clone())?;
    let runtime = Builder::new_multi_thread().enable_all().max_blocking_threads(1024).build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    // Signals are caught from here on.
    let (shutdown, _listening) = Shutdown::listen().map_err(|error| failed(&error))?;
    let others = {
        let _entered = runtime.enter();
        OtherSignals::catch().map_err(|error| failed(&error))?
    };
    if args.plain_http && args.trusted_proxy.is_empty() {
        tracing::warn!(
            "--plain-http without --trusted-proxy: keys and tokens travel unprotected, and all \
             connectors behind a proxy share its address and so the limits of one address"
        );
    }
    let metrics = Metrics::default();
    let authority = location.open_for_server(&metrics)?;
    let host = match &args.host {
        Some(host) => Host::parse(host)?,
        None => first_host(&authority)?,
    };
    let keyring = location.keyring_source()?;
    let config = config(args, metrics, &keyring)?;
    let mut options = ServeOptions::default();
    options.trusted_proxies.clone_from(&args.trusted_proxy);
    args.limits.apply_to(&mut options);
    options.tls = {
        let _entered = runtime.enter();
        tls(args, &authority, &host)?
    };
    let reload = Reload {
        log,
        tls: options.tls.clone(),
        authority: authority.clone(),
        keyring,
        administrators: args.administrator.clone(),
        admin_certificates: config.admin_certificates.clone(),
    };
    let signals = ServerSignals { shutdown, others, reload };
    let server = Server { location, authority: &authority, host: &host, config, options };
    let served = runtime.block_on(server.serve_until_shutdown(args, signals, output));
    if served? == Ended::AtOnce {
        runtime.shutdown_background();
        return Ok(());
    }
    // Signatures in progress are finished, even for clients that have gone.
    runtime.shutdown_timeout(LAST_CALLS_TIME_MAX);
    authority.flush()?;
    Ok(())
}

/// The options of the listener for monitoring, which has few clients.
fn operations_options() -> ServeOptions {
    let mut options = ServeOptions::default();
    options.connections_max = 64;
    options.buffers_bytes_max = 4 * 1024 * 1024;
    options
}

fn first_host(authority: &Authority) -> Result<Host, Failure> {
    let hosts = authority.hosts();
    hosts.into_iter().next().ok_or_else(|| provkey::authority::InputError::HostUnknown.into())
}

fn config(args: &Args, metrics: Metrics, keyring: &KeyringSource) -> Result<Config, Failure> {
    let mut config = Config::default();
    config.trusted_proxies.clone_from(&args.trusted_proxy);
    config.proxy_header = match args.proxy_header.as_str() {
        "forwarded" => ProxyHeader::Forwarded,
        _ => ProxyHeader::XForwardedFor,
    };
    args.limits.configure(&mut config);
    config.metrics = Some(metrics);
    config.keyring = Some(keyring.clone());
    config.admin_certificates = Administrator::read_all(&args.administrator)?.into();
    // A browser on this machine uses plain HTTP; behind a proxy browsers use TLS.
    let loopback = args.listen.is_some_and(|address| address.ip().is_loopback());
    config.insecure_cookies = args.plain_http && loopback && args.trusted_proxy.is_empty();
    Ok(config)
}

fn tls(args: &Args, authority: &Authority, host: &Host) -> Result<Option<Tls>, Failure> {
    Ok(match (&args.tls_certificate, &args.tls_key) {
        _ if args.plain_http => None,
        (Some(certificate), Some(key)) => Some(Tls::from_files(certificate.clone(), key.clone())?),
        _ => Some(Tls::issued_by(authority.clone(), host.clone())?),
    })
}

/// The signals that a running server acts on, and what SIGHUP reloads.
struct ServerSignals {
    shutdown: Shutdown,
    others: OtherSignals,
    reload: Reload,
}

/// How a server has ended.
#[derive(PartialEq)]
enum Ended {
    /// All requests were finished.
    Finished,
    /// A second signal came; some calls may never end.
    AtOnce,
}

struct Server<'a> {
    location: &'a AuthorityLocation,
    authority: &'a Authority,
    host: &'a Host,
    config: Config,
    options: ServeOptions,
}

impl Server<'_> {
    async fn serve_until_shutdown(
        self,
        args: &Args,
        signals: ServerSignals,
        output: &mut Output,
    ) -> Result<Ended, Failure> {
        let Self { location, authority, host, config, options } = self;
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, host.port()));
        let listener = listen(args.listen.unwrap_or(everywhere))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        if let Some(operations_address) = args.operations_listen {
            let listener = listen(operations_address)?;
            let address = listener.local_addr().map_err(|error| failed(&error))?;
            output.remark(format_args!("Operations at http://{address}"))?;
            let router = operations(authority.clone(), config.clone());
            tokio::spawn(serve(listener, router, operations_options(), std::future::pending()));
        }
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let ServerSignals { shutdown, others, reload } = signals;
        let Shutdown { started, first, second } = shutdown;
        // From here on a signal lets requests finish: the lines below announce a running server.
        let _ = started.send(());
        output.write(&format!("Serving {host} at {scheme}://{address}\n"))?;
        systemd::notify_ready();
        tracing::info!(%host, %address, scheme, "serving");
        tokio::spawn(reload_on_hangup(others, reload));
        tokio::spawn(flush_tallies(authority.clone()));
        let shutdown = async {
            tokio::select! {
                _ = first => {}
                () = save_checkpoint(location) => {}
            }
            tracing::info!("ending: finishing the requests in progress");
        };
        tokio::select! {
            () = serve(listener, router(authority.clone(), config), options, shutdown) => {
                Ok(Ended::Finished)
            }
            _ = second => {
                tracing::warn!("a second signal came: ended at once");
                Ok(Ended::AtOnce)
            }
        }
    }
}

/// The signals that shut the server down.
struct Shutdown {
    /// Until this is sent, the first signal ends the process.
    started: oneshot::Sender<()>,
    /// Received at the first signal, after which requests are finished.
    first: oneshot::Receiver<()>,
    /// Received at the second signal, after which nothing is waited for.
    second: oneshot::Receiver<()>,
}

/// While this exists, signals are listened to. An application that runs the command goes on after
/// it, so a later signal must not end the process.
struct Listening {
    _until_dropped: oneshot::Sender<()>,
}

impl Shutdown {
    /// Listens on a thread with its own runtime, which outlives that of the server: a second signal
    /// is heard while the last calls of the store end.
    fn listen() -> io::Result<(Self, Listening)> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let mut signals = {
            let _entered = runtime.enter();
            ShutdownSignals::catch()?
        };
        let (until_dropped, dropped) = oneshot::channel();
        let (started, is_started) = oneshot::channel();
        let (first_sender, first) = oneshot::channel();
        let (second_sender, second) = oneshot::channel();
        let listen = async move {
            tokio::select! {
                biased;
                _ = is_started => {}
                // A store that is being opened may never answer, and no request has been accepted
                // yet.
                () = signals.next() => std::process::exit(0),
            }
            signals.next().await;
            let _ = first_sender.send(());
            signals.next().await;
            if second_sender.send(()).is_ok() {
                signals.next().await;
            }
            // Serving is over, and the last calls of the store take too long.
            tracing::warn!("a second signal came: ended at once");
            std::process::exit(0);
        };
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = dropped => {}
                    () = listen => {}
                }
            });
        })?;
        Ok((Self { started, first, second }, Listening { _until_dropped: until_dropped }))
    }
}

/// Reloads what is read from files, at each SIGHUP.
async fn reload_on_hangup(mut signals: OtherSignals, reload: Reload) {
    loop {
        signals.hangup().await;
        tokio::task::block_in_place(|| reload.run());
    }
}

/// Stores the counts of refusals and replays that wait in memory, so that a server that is killed
/// loses few of them.
async fn flush_tallies(authority: Authority) {
    let mut moments = tokio::time::interval(FLUSH_INTERVAL);
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        moments.tick().await;
        let authority = authority.clone();
        let flushed = tokio::task::spawn_blocking(move || authority.flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "counts of refusals and replays could not be stored");
        }
    }
}

/// Saves the checkpoint every second, because a server may be killed.
async fn save_checkpoint(location: &AuthorityLocation) {
    let mut moments = tokio::time::interval(CHECKPOINT_INTERVAL);
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        moments.tick().await;
        if let Err(failure) = tokio::task::block_in_place(|| location.checkpoint.save()) {
            tracing::warn!(why = failure.one_line(), "the checkpoint was not saved");
        }
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::new("listen_failed", format!("the server cannot run here: {error}"))
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    listen_at(address).map_err(|error| {
        Failure::new("listen_failed", format!("the server cannot listen at {address}: {error}"))
    })
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As tokio's own bind does.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE)
}

/// Raises the limit on open files as far as the system allows, and returns how many of them may be
/// connections.
fn connections_allowed() -> usize {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
    let (allowed, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX));
    usize::try_from(allowed).unwrap_or(usize::MAX).saturating_sub(FILES_RESERVED)
}
