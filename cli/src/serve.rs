//! `provkey serve`: the authority over the network.

mod administrators;
mod log;
pub(crate) mod notify;
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
use signals::{End, Others};

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::times::Period;

/// How many connections wait to be accepted, if the system allows it. One more has to try again after
/// a second, whosever the others are.
const ACCEPT_QUEUE: u32 = 8192;
/// Open files that are not connections: those of the store above all.
const FILES_KEPT: usize = 256;
/// How long calls of the store that nobody waits for any more may take when a server ends.
const LAST_CALLS_TIME_MAX: Duration = Duration::from_secs(10);
/// The rates that can be meant.
const RATES: RangeInclusive<f64> = 0.001..=1e6;
/// How often a server keeps the checkpoint of its authority.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// How often a server stores the counts of refusals and replays that wait in memory.
const FLUSH_INTERVAL: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to accept connections [default: all addresses, and the port of the host]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Which host of the authority this is [default: its first]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The server's certificate and its issuers, in PEM; read again when it changes. Without it the
    /// authority issues one, which connectors trust by the pin in their keys
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Serve plain HTTP, to a proxy that does TLS. Keys and tokens travel unprotected
    #[arg(long, conflicts_with = "tls_certificate")]
    plain_http: bool,
    /// A proxy, as an address or a range, that is believed when it says where requests come from
    #[arg(long, value_name = "RANGE", value_parser = AddressRange::parse)]
    trusted_proxy: Vec<AddressRange>,
    /// The header in which it says so; it must be one that it writes itself
    #[arg(long, value_name = "HEADER", default_value = "x-forwarded-for")]
    #[arg(value_parser = ["x-forwarded-for", "forwarded"])]
    proxy_header: String,
    /// Who may look after the authority with a client certificate, beside those with an admin token
    #[arg(long, value_name = "ROLE:NAME:FILE", value_parser = Administrator::parse)]
    administrator: Vec<Administrator>,
    /// Where to serve /metrics, /healthz and /readyz, in plain HTTP, to whoever looks after the
    /// server
    #[arg(long, value_name = "ADDRESS:PORT")]
    operations_listen: Option<SocketAddr>,
    /// How the log is written, to standard error
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    log_format: String,
    /// How much of it
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    #[arg(value_parser = ["error", "warn", "info", "debug"])]
    log_level: String,
    /// A file that holds the level instead; read again at SIGHUP
    #[arg(long, value_name = "FILE")]
    log_level_file: Option<PathBuf>,
    #[command(flatten)]
    limits: Limits,
}

/// Those of the limits that a site may want otherwise.
#[derive(clap::Args)]
struct Limits {
    /// Most connections at a time. Then a newcomer takes the place of one from the address that has
    /// most of them
    #[arg(long, value_name = "NUMBER", default_value_t = 8192)]
    connections_max: usize,
    /// Most connections of one address at a time; a trusted proxy may have all
    #[arg(long, value_name = "NUMBER", default_value_t = 2048)]
    connections_per_address_max: usize,
    /// Most memory for what clients send, in MiB; one address has a quarter of it
    #[arg(long, value_name = "MIB", default_value_t = 180)]
    buffers_max: usize,
    /// How long a TLS handshake may take
    #[arg(long, value_name = "PERIOD", default_value = "10s", value_parser = Period::parse)]
    handshake_time: Period,
    /// How long a connection may have no request: until its first header is complete, and between
    /// requests
    #[arg(long, value_name = "PERIOD", default_value = "20s", value_parser = Period::parse)]
    idle_time: Period,
    /// How long the body of a request may take to arrive
    #[arg(long, value_name = "PERIOD", default_value = "15s", value_parser = Period::parse)]
    body_time: Period,
    /// How long a client may take to read an answer, and a second more for each 16 KiB of it
    #[arg(long, value_name = "PERIOD", default_value = "20s", value_parser = Period::parse)]
    answer_time: Period,
    /// Most new enrollments a second with the same provisioning key, beyond the first 20,000; 0: any
    /// number
    #[arg(long, value_name = "NUMBER", default_value_t = 500.0, value_parser = parse_rate)]
    per_key_rate: f64,
    /// Most requests a second from one address that prove nothing, beyond the first 60; 0: any
    /// number
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
            tracing::warn!(most, "the limit of open files allows no more connections");
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

    /// The part of the buffers that is for bodies.
    fn bodies_bytes(&self) -> usize {
        self.buffers_bytes() / 5
    }
}

pub(crate) fn run(args: &Args, place: &Place, output: &mut Output) -> Result<(), Failure> {
    let log = log::begin(&args.log_format, &args.log_level, args.log_level_file.clone())?;
    let runtime = Builder::new_multi_thread().enable_all().max_blocking_threads(1024).build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let ends = Ends::listen().map_err(|error| failed(&error))?;
    let others = {
        let _entered = runtime.enter();
        Others::catch().map_err(|error| failed(&error))?
    };
    if args.plain_http && args.trusted_proxy.is_empty() {
        tracing::warn!(
            "--plain-http without --trusted-proxy: keys and tokens travel unprotected, and all \
             connectors behind a proxy have its address and share the limits of one"
        );
    }
    let metrics = Metrics::default();
    let authority = place.serving_authority(&metrics)?;
    let host = match &args.host {
        Some(host) => Host::parse(host)?,
        None => first_host(&authority)?,
    };
    let keyring = place.keyring_source()?;
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
    let told = Told { ends, others, reload };
    let server = Server { place, authority: &authority, host: &host, config, options };
    let served = runtime.block_on(server.serve_until_told(args, told, output));
    if served? == Ended::AtOnce {
        runtime.shutdown_background();
        return Ok(());
    }
    // What is being signed is finished, also for those who did not wait for it.
    runtime.shutdown_timeout(LAST_CALLS_TIME_MAX);
    authority.flush()?;
    Ok(())
}

/// For the few who look after the server.
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
    // A browser on this machine; behind a proxy it comes over TLS.
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

/// What it is told while it runs.
struct Told {
    ends: Ends,
    others: Others,
    reload: Reload,
}

/// How a server has ended.
#[derive(PartialEq)]
enum Ended {
    InTime,
    /// What it was doing may never end.
    AtOnce,
}

struct Server<'a> {
    place: &'a Place,
    authority: &'a Authority,
    host: &'a Host,
    config: Config,
    options: ServeOptions,
}

impl Server<'_> {
    async fn serve_until_told(
        self,
        args: &Args,
        told: Told,
        output: &mut Output,
    ) -> Result<Ended, Failure> {
        let Self { place, authority, host, config, options } = self;
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, host.port()));
        let listener = listen(args.listen.unwrap_or(everywhere))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        if let Some(operations_address) = args.operations_listen {
            let listener = listen(operations_address)?;
            let address = listener.local_addr().map_err(|error| failed(&error))?;
            output.say(format_args!("Operations at http://{address}"))?;
            let router = operations(authority.clone(), config.clone());
            tokio::spawn(serve(listener, router, operations_options(), std::future::pending()));
        }
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let Told { ends: Ends { started, ended, cut }, others, reload } = told;
        // Whoever is told below may end it at once.
        let _ = started.send(());
        output.plain(&format!("Serving {host} at {scheme}://{address}\n"))?;
        notify::ready();
        tracing::info!(%host, %address, scheme, "serving");
        tokio::spawn(reload_when_told(others, reload));
        tokio::spawn(flush_tallies(authority.clone()));
        let shutdown = async {
            tokio::select! {
                _ = ended => {}
                () = keep_checkpoint(place) => {}
            }
            tracing::info!("ending: what is being answered is finished");
        };
        tokio::select! {
            () = serve(listener, router(authority.clone(), config), options, shutdown) => {
                Ok(Ended::InTime)
            }
            _ = cut => {
                tracing::warn!("ended at once: a second signal came");
                Ok(Ended::AtOnce)
            }
        }
    }
}

/// The signals that end the server.
struct Ends {
    /// Until this is told, the first of them ends the process.
    started: oneshot::Sender<()>,
    /// When the first comes.
    ended: oneshot::Receiver<()>,
    /// When the second comes.
    cut: oneshot::Receiver<()>,
}

impl Ends {
    /// Listens on a thread with its own runtime, which outlives that of the server: a second signal
    /// is heard until the process ends.
    fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let mut end = {
            let _entered = runtime.enter();
            End::catch()?
        };
        let (started, is_started) = oneshot::channel();
        let ((first, ended), (second, cut)) = (oneshot::channel(), oneshot::channel());
        let listen = async move {
            tokio::select! {
                biased;
                _ = is_started => {}
                // A store that is being opened may never answer, and nothing has begun yet.
                () = end.next() => std::process::exit(0),
            }
            end.next().await;
            let _ = first.send(());
            end.next().await;
            if second.send(()).is_ok() {
                end.next().await;
            }
            // Serving is over, and the last calls of the store take too long.
            tracing::warn!("ended at once: a second signal came");
            std::process::exit(0);
        };
        let thread = std::thread::Builder::new().name("signals".into());
        thread.spawn(move || runtime.block_on(listen))?;
        Ok(Self { started, ended, cut })
    }
}

/// Reads again what stands in files, each time that SIGHUP comes, for ever.
async fn reload_when_told(mut signals: Others, reload: Reload) {
    loop {
        signals.hangup().await;
        tokio::task::block_in_place(|| reload.run());
    }
}

/// Stores the counts of refusals and replays that wait in memory, so that a server that is killed loses
/// few of them. Never returns.
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

/// Keeps the checkpoint, for ever: a server may end without being asked.
async fn keep_checkpoint(place: &Place) {
    let mut moments = tokio::time::interval(CHECKPOINT_INTERVAL);
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        moments.tick().await;
        if let Err(failure) = tokio::task::block_in_place(|| place.checkpoint.keep_so_far()) {
            tracing::warn!(why = failure.lines().join("; "), "the checkpoint is not kept");
        }
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::new("listen_failed", format!("the server cannot run here: {error}"))
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    listen_at(address).map_err(|error| {
        Failure::new("listen_failed", format!("{address} cannot be listened at: {error}"))
    })
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // What tokio's own bind does, too.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE)
}

/// Each connection is an open file: allows as many as the system does at all, and tells how many
/// may be connections.
fn connections_allowed() -> usize {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
    let (allowed, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX));
    usize::try_from(allowed).unwrap_or(usize::MAX).saturating_sub(FILES_KEPT)
}
