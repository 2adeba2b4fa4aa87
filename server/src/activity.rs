//! How long a connection may last.
//!
//! Two deadlines cover what a silent client can do. A connection with no request in flight is
//! closed after the idle time: only a request whose header is complete resets it, neither bytes nor
//! PINGs do. A response has to be read within a time that grows with its length; a request is in
//! flight until its response has left our buffers.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::memory_pool::Reservation;

/// A response that is read more slowly than this, beyond the time that any response has, is cut.
const RESPONSE_BYTES_PER_SECOND: u64 = 16 * 1024;

/// What a connection is doing, and its deadlines.
pub(crate) struct Activity {
    idle_time_max: Duration,
    response_time_max: Duration,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    idle_since: Instant,
    in_flight: usize,
    /// The deadlines of the responses that are being sent.
    deadlines: Vec<(u64, Instant)>,
    next_response: u64,
    evicted: bool,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// It was idle, or a response was not read, for too long.
    TimedOut,
    /// Another client needs its place.
    Evicted,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "it was idle, or a response was not read, for too long",
            Self::Evicted => "it was evicted for another client",
        })
    }
}

impl std::error::Error for CloseReason {}

impl Activity {
    pub(crate) fn new(idle_time_max: Duration, response_time_max: Duration) -> Arc<Self> {
        let state = State {
            idle_since: Instant::now(),
            in_flight: 0,
            deadlines: Vec::new(),
            next_response: 0,
            evicted: false,
        };
        let (state, changed) = (Mutex::new(state), Notify::new());
        Arc::new(Self { idle_time_max, response_time_max, state, changed })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the connection has to be closed. Only one task may wait.
    pub(crate) async fn closed(&self) -> CloseReason {
        loop {
            let due = {
                let state = self.lock();
                if state.evicted {
                    return CloseReason::Evicted;
                }
                match state.in_flight {
                    0 => Some(state.idle_since + self.idle_time_max),
                    _ => state.deadlines.iter().map(|(_, due)| *due).min(),
                }
            };
            match due {
                Some(due) if due <= Instant::now() => return CloseReason::TimedOut,
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// Closes the connection at once.
    pub(crate) fn evict(&self) {
        self.lock().evicted = true;
        self.changed.notify_one();
    }

    /// How long the connection has been idle; `None` while a request is in flight.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let state = self.lock();
        (state.in_flight == 0).then(|| state.idle_since.elapsed())
    }

    /// Begins a request, which holds the memory that it uses.
    pub(crate) fn begin_request(self: &Arc<Self>, memory: Reservation) -> InFlight {
        self.lock().in_flight += 1;
        InFlight { activity: Arc::clone(self), response: None, _memory: memory }
    }
}

/// A request, until its response has left our buffers.
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    response: Option<u64>,
    _memory: Reservation,
}

impl InFlight {
    /// Begins to send the response: its deadline runs from now on.
    pub(crate) fn respond(mut self, body: Body) -> ResponseBody {
        let length = body.size_hint().exact().unwrap_or_default();
        let time = self.activity.response_time_max
            + Duration::from_secs(length / RESPONSE_BYTES_PER_SECOND);
        let mut state = self.activity.lock();
        let id = state.next_response;
        state.next_response += 1;
        state.deadlines.push((id, Instant::now() + time));
        drop(state);
        self.response = Some(id);
        self.activity.changed.notify_one();
        ResponseBody { body, in_flight: Arc::new(self) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        state.in_flight -= 1;
        state.deadlines.retain(|(id, _)| Some(*id) != self.response);
        if state.in_flight == 0 {
            state.idle_since = Instant::now();
        }
        drop(state);
        self.activity.changed.notify_one();
    }
}

/// The body of a response. Each chunk keeps the request in flight while it exists, also in the
/// buffers of hyper and h2.
pub(crate) struct ResponseBody {
    body: Body,
    in_flight: Arc<InFlight>,
}

struct Chunk {
    bytes: Bytes,
    _in_flight: Arc<InFlight>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let in_flight = Arc::clone(&self.in_flight);
        Pin::new(&mut self.body).poll_frame(context).map_ok(|frame| {
            frame.map_data(|bytes| Bytes::from_owner(Chunk { bytes, _in_flight: in_flight }))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_pool::MemoryPool;
    use crate::origin::Origin;
    use http_body_util::BodyExt as _;
    use tokio::time::{advance, timeout};

    const IDLE: Duration = Duration::from_secs(20);
    const RESPONSE: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    fn request(activity: &Arc<Activity>) -> InFlight {
        activity.begin_request(MemoryPool::new(0, 0).reserve(Origin::Unknown))
    }

    async fn lasts(activity: &Activity, time: Duration) -> bool {
        timeout(time, activity.closed()).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed_and_one_with_a_request_is_not() {
        let activity = Activity::new(IDLE, RESPONSE);
        assert!(lasts(&activity, IDLE - SECOND).await);
        let in_flight = request(&activity);
        assert!(lasts(&activity, IDLE * 100).await);
        drop(in_flight);
        assert!(lasts(&activity, IDLE - SECOND).await);
        assert_eq!(activity.idle_for(), Some(IDLE - SECOND));
        advance(SECOND).await;
        assert_eq!(activity.closed().await, CloseReason::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unread_response_closes_the_connection_whatever_else_it_requests() {
        let activity = Activity::new(IDLE, RESPONSE);
        let mut response = request(&activity).respond(Body::from(vec![0; 32 * 1024]));
        let chunk = response.frame().await.unwrap().unwrap();
        drop(response);
        let other = request(&activity).respond(Body::from("short"));
        assert!(lasts(&activity, RESPONSE - SECOND).await);
        drop(other);
        let _working = request(&activity);
        // Two seconds more, for 32 KiB.
        assert!(lasts(&activity, SECOND * 2).await);
        assert!(!lasts(&activity, SECOND * 2).await);
        drop(chunk);
        assert!(lasts(&activity, RESPONSE * 100).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_evicted_connection_is_closed_at_once() {
        let activity = Activity::new(IDLE, RESPONSE);
        let _in_flight = request(&activity);
        activity.evict();
        assert_eq!(activity.closed().await, CloseReason::Evicted);
    }
}
