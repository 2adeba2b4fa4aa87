//! How long a connection may last.
//!
//! One rule covers all that a silent client can do: a connection has no request in work for so
//! long, and it is closed. Bytes that arrive do not count, nor do PINGs, only a request whose
//! header is complete. The second rule covers the client that asks and does not read: an answer has
//! a time that grows with its length. A request is in work until its answer has left our buffers.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::budget::Charge;

/// How slowly an answer may be read, beyond the time that any answer has.
const ANSWER_BYTES_PER_SECOND: u64 = 16 * 1024;

/// What a connection does, and until when it may.
pub(crate) struct Life {
    idle_time_max: Duration,
    answer_time_max: Duration,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    idle_since: Instant,
    requests: usize,
    /// By when the answers that are being sent have to be.
    answers: Vec<(u64, Instant)>,
    next_answer: u64,
    displaced: bool,
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// It was idle, or an answer was not read, for too long.
    TimedOut,
    /// Another client needs its place.
    Displaced,
}

impl Life {
    pub(crate) fn new(idle_time_max: Duration, answer_time_max: Duration) -> Arc<Self> {
        let state = State {
            idle_since: Instant::now(),
            requests: 0,
            answers: Vec::new(),
            next_answer: 0,
            displaced: false,
        };
        let (state, changed) = (Mutex::new(state), Notify::new());
        Arc::new(Self { idle_time_max, answer_time_max, state, changed })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is over. For one task only.
    pub(crate) async fn over(&self) -> Over {
        loop {
            let due = {
                let state = self.lock();
                if state.displaced {
                    return Over::Displaced;
                }
                match state.requests {
                    0 => Some(state.idle_since + self.idle_time_max),
                    _ => state.answers.iter().map(|(_, due)| *due).min(),
                }
            };
            match due {
                Some(due) if due <= Instant::now() => return Over::TimedOut,
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// Ends it at once.
    pub(crate) fn displace(&self) {
        self.lock().displaced = true;
        self.changed.notify_one();
    }

    /// For how long it has been idle.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let state = self.lock();
        (state.requests == 0).then(|| state.idle_since.elapsed())
    }

    /// A request has come, and what it uses is charged.
    pub(crate) fn request(self: &Arc<Self>, charge: Charge) -> InWork {
        self.lock().requests += 1;
        InWork { life: Arc::clone(self), answer: None, _charge: charge }
    }
}

/// A request, until its answer has left our buffers.
pub(crate) struct InWork {
    life: Arc<Life>,
    answer: Option<u64>,
    _charge: Charge,
}

impl InWork {
    /// From now on its answer is sent.
    pub(crate) fn answer(mut self, body: Body) -> Answer {
        let length = body.size_hint().exact().unwrap_or_default();
        let time =
            self.life.answer_time_max + Duration::from_secs(length / ANSWER_BYTES_PER_SECOND);
        let mut state = self.life.lock();
        let id = state.next_answer;
        state.next_answer += 1;
        state.answers.push((id, Instant::now() + time));
        drop(state);
        self.answer = Some(id);
        self.life.changed.notify_one();
        Answer { body, in_work: Arc::new(self) }
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        let mut state = self.life.lock();
        state.requests -= 1;
        state.answers.retain(|(id, _)| Some(*id) != self.answer);
        if state.requests == 0 {
            state.idle_since = Instant::now();
        }
        drop(state);
        self.life.changed.notify_one();
    }
}

/// The body of an answer. Each piece of it keeps the request in work as long as the piece is there,
/// also in the buffers of hyper and h2.
pub(crate) struct Answer {
    body: Body,
    in_work: Arc<InWork>,
}

struct Piece {
    bytes: Bytes,
    _in_work: Arc<InWork>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let in_work = Arc::clone(&self.in_work);
        Pin::new(&mut self.body).poll_frame(context).map_ok(|frame| {
            frame.map_data(|bytes| Bytes::from_owner(Piece { bytes, _in_work: in_work }))
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
    use crate::budget::Budget;
    use crate::origin::Origin;
    use http_body_util::BodyExt as _;
    use tokio::time::{advance, timeout};

    const IDLE: Duration = Duration::from_secs(20);
    const ANSWER: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    fn request(life: &Arc<Life>) -> InWork {
        life.request(Budget::new(0, 0).charge(Origin::Unknown))
    }

    async fn lasts(life: &Life, time: Duration) -> bool {
        timeout(time, life.over()).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_over_and_one_in_work_is_not() {
        let life = Life::new(IDLE, ANSWER);
        assert!(lasts(&life, IDLE - SECOND).await);
        let in_work = request(&life);
        assert!(lasts(&life, IDLE * 100).await);
        drop(in_work);
        assert!(lasts(&life, IDLE - SECOND).await);
        assert_eq!(life.idle_for(), Some(IDLE - SECOND));
        advance(SECOND).await;
        assert_eq!(life.over().await, Over::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_ends_the_connection_whatever_else_it_asks() {
        let life = Life::new(IDLE, ANSWER);
        let mut answer = request(&life).answer(Body::from(vec![0; 32 * 1024]));
        let piece = answer.frame().await.unwrap().unwrap();
        drop(answer);
        let other = request(&life).answer(Body::from("short"));
        assert!(lasts(&life, ANSWER - SECOND).await);
        drop(other);
        let _working = request(&life);
        // Two seconds more, for 32 KiB.
        assert!(lasts(&life, SECOND * 2).await);
        assert!(!lasts(&life, SECOND * 2).await);
        drop(piece);
        assert!(lasts(&life, ANSWER * 100).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_displaced_is_over_at_once() {
        let life = Life::new(IDLE, ANSWER);
        let _in_work = request(&life);
        life.displace();
        assert_eq!(life.over().await, Over::Displaced);
    }
}
