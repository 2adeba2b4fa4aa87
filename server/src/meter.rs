//! Counts what a connection has sent and nothing was made of yet.
//!
//! Half a TLS record, half a header, half a frame: TLS and HTTP keep it in buffers of their own. It
//! is charged as it is read, until the handshake is over, or a request has come of it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::budget::Charge;

/// More than a TLS handshake needs, a client's certificates included.
const HANDSHAKE_BYTES_MAX: usize = 32 * 1024;
/// Most that TLS, HTTP/1 or HTTP/2 keep of what they have read: their own limits see to that.
const BUFFERED_BYTES_MAX: usize = 48 * 1024;
/// What is read is charged in steps.
const STEP: usize = 1024;

/// What one connection uses.
pub(crate) struct Meter(Mutex<State>);

struct State {
    charge: Charge,
    /// What the connection itself uses.
    base: usize,
    unused: usize,
    in_handshake: bool,
}

impl Meter {
    /// Of a connection that uses so many bytes. `None`: there are no more.
    pub(crate) fn new(mut charge: Charge, base: usize) -> Option<Arc<Self>> {
        if !charge.set(base) {
            return None;
        }
        let state = State { charge, base, unused: 0, in_handshake: true };
        Some(Arc::new(Self(Mutex::new(state))))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, bytes: usize) -> io::Result<()> {
        let mut state = self.lock();
        state.unused += bytes;
        if state.in_handshake && state.unused > HANDSHAKE_BYTES_MAX {
            return Err(io::Error::other("the TLS handshake is too long"));
        }
        let buffered = state.unused.min(BUFFERED_BYTES_MAX).next_multiple_of(STEP);
        let bytes = state.base + buffered;
        match state.charge.set(bytes) {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::OutOfMemory, "no memory for this address")),
        }
    }

    /// The handshake is over: the connection itself uses so many bytes from now on.
    #[must_use]
    pub(crate) fn established(&self, base: usize) -> bool {
        let mut state = self.lock();
        (state.in_handshake, state.unused, state.base) = (false, 0, base);
        state.charge.set(base)
    }

    /// A request was made of what was read.
    pub(crate) fn request(&self) {
        let mut state = self.lock();
        state.unused = 0;
        let base = state.base;
        // It is not more than before.
        let _ = state.charge.set(base);
    }
}

/// A stream whose reading is counted.
pub(crate) struct Metered<S> {
    pub(crate) stream: S,
    pub(crate) meter: Arc<Meter>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(self.meter.read(buffer.filled().len() - before)),
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::origin::Origin;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn what_is_read_is_charged_until_a_request_comes_of_it() {
        let budget = Budget::new(1024 * 1024, 40 * 1024);
        let meter = Meter::new(budget.charge(Origin::Unknown), 8 * 1024).unwrap();
        let sent = [0; 200 * 1024];
        let mut metered = Metered { stream: &sent[..], meter: Arc::clone(&meter) };
        let mut read = async |bytes: usize| {
            let mut buffer = vec![0; bytes];
            metered.read_exact(&mut buffer).await.map_err(|error| error.kind())
        };
        read(30 * 1024).await.unwrap();
        assert!(meter.established(16 * 1024));
        read(24 * 1024).await.unwrap();
        assert!(Meter::new(budget.charge(Origin::Unknown), 1).is_none());
        assert_eq!(read(1).await, Err(io::ErrorKind::OutOfMemory));
        meter.request();
        read(24 * 1024).await.unwrap();
        drop(metered);
        drop(meter);
        assert!(Meter::new(budget.charge(Origin::Unknown), 40 * 1024).is_some());
    }

    #[tokio::test]
    async fn a_handshake_has_an_end() {
        let budget = Budget::new(1024 * 1024, 1024 * 1024);
        let meter = Meter::new(budget.charge(Origin::Trusted), 0).unwrap();
        let sent = [0; HANDSHAKE_BYTES_MAX + 1];
        let mut buffer = sent;
        let mut metered = Metered { stream: &sent[..], meter };
        assert!(metered.read_exact(&mut buffer).await.is_err());
    }
}
