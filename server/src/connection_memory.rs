//! Accounts for what a connection has received and no request was parsed from yet.
//!
//! Half a TLS record, half a header, half a frame: TLS and HTTP buffer it internally. Bytes are
//! charged as they are read, until the handshake is done or a request has been parsed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::memory_pool::Reservation;

/// More than a TLS handshake needs, client certificates included.
const HANDSHAKE_BYTES_MAX: usize = 32 * 1024;
/// The most that TLS, HTTP/1 or HTTP/2 buffer of unparsed input, by their own limits.
const BUFFERED_BYTES_MAX: usize = 48 * 1024;
/// Reservations grow in steps of this size.
const STEP_BYTES: usize = 1024;

/// The memory of one connection.
pub(crate) struct ConnectionMemory(Mutex<State>);

struct State {
    reservation: Reservation,
    /// What the connection uses without any input.
    base: usize,
    unparsed: usize,
    in_handshake: bool,
}

impl ConnectionMemory {
    /// Reserves `base` bytes; `None` if the pool has no more.
    pub(crate) fn new(mut reservation: Reservation, base: usize) -> Option<Arc<Self>> {
        if !reservation.try_resize(base) {
            return None;
        }
        let state = State { reservation, base, unparsed: 0, in_handshake: true };
        Some(Arc::new(Self(Mutex::new(state))))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self, bytes: usize) -> io::Result<()> {
        let mut state = self.lock();
        state.unparsed += bytes;
        if state.in_handshake && state.unparsed > HANDSHAKE_BYTES_MAX {
            return Err(io::Error::other("the TLS handshake is too long"));
        }
        let buffered = state.unparsed.min(BUFFERED_BYTES_MAX).next_multiple_of(STEP_BYTES);
        let bytes = state.base + buffered;
        match state.reservation.try_resize(bytes) {
            true => Ok(()),
            false => {
                Err(io::Error::new(io::ErrorKind::OutOfMemory, "the client is at its memory limit"))
            }
        }
    }

    /// The handshake is done: from now on the connection uses `base` bytes without any input.
    #[must_use]
    pub(crate) fn established(&self, base: usize) -> bool {
        let mut state = self.lock();
        (state.in_handshake, state.unparsed, state.base) = (false, 0, base);
        state.reservation.try_resize(base)
    }

    /// A request was parsed from what was received.
    pub(crate) fn request_parsed(&self) {
        let mut state = self.lock();
        state.unparsed = 0;
        let base = state.base;
        // Shrinking never fails.
        let _ = state.reservation.try_resize(base);
    }
}

/// A stream whose input is accounted for.
pub(crate) struct MeteredStream<S> {
    pub(crate) stream: S,
    pub(crate) memory: Arc<ConnectionMemory>,
}

impl<S: AsyncRead + Unpin> AsyncRead for MeteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                Poll::Ready(self.memory.received(buffer.filled().len() - before))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MeteredStream<S> {
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
    use crate::memory_pool::MemoryPool;
    use crate::origin::Origin;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn input_is_charged_until_a_request_is_parsed() {
        let pool = MemoryPool::new(1024 * 1024, 40 * 1024);
        let memory = ConnectionMemory::new(pool.reserve(Origin::Unknown), 8 * 1024).unwrap();
        let sent = [0; 200 * 1024];
        let mut metered = MeteredStream { stream: &sent[..], memory: Arc::clone(&memory) };
        let mut read = async |bytes: usize| {
            let mut buffer = vec![0; bytes];
            metered.read_exact(&mut buffer).await.map_err(|error| error.kind())
        };
        read(30 * 1024).await.unwrap();
        assert!(memory.established(16 * 1024));
        read(24 * 1024).await.unwrap();
        assert!(ConnectionMemory::new(pool.reserve(Origin::Unknown), 1).is_none());
        assert_eq!(read(1).await, Err(io::ErrorKind::OutOfMemory));
        memory.request_parsed();
        read(24 * 1024).await.unwrap();
        drop(metered);
        drop(memory);
        assert!(ConnectionMemory::new(pool.reserve(Origin::Unknown), 40 * 1024).is_some());
    }

    #[tokio::test]
    async fn a_handshake_is_bounded() {
        let pool = MemoryPool::new(1024 * 1024, 1024 * 1024);
        let memory = ConnectionMemory::new(pool.reserve(Origin::Trusted), 0).unwrap();
        let sent = [0; HANDSHAKE_BYTES_MAX + 1];
        let mut buffer = sent;
        let mut metered = MeteredStream { stream: &sent[..], memory };
        assert!(metered.read_exact(&mut buffer).await.is_err());
    }
}
