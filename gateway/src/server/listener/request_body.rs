//! [`BodyBudget`]: what all request bodies together may hold in memory, and [`guard_request_body`],
//! which ends a body that does not come.

use crate::access::ConnectionSecurity;
use crate::api::DroppedBytes;
use crate::api::error::{ApiError, ApiErrorCode};
use crate::limits::{
    BODY_BUDGET_BYTES, BODY_BUDGET_PER_ADDRESS, BODY_BUDGET_WAIT_SECONDS, BODY_FREE_BYTES,
    CLIENT_RATE_MIN, CLIENT_STALL_SECONDS,
};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, Sleep};

/// Bytes that request bodies hold, in all and by address.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyBudget(Arc<BudgetState>);

#[derive(Debug, Default)]
struct BudgetState {
    held: Mutex<HashMap<IpAddr, usize>>,
    freed: Arc<Notify>,
}

/// Bytes that one body holds; given back when dropped.
#[derive(Debug)]
struct HeldBytes {
    budget: BodyBudget,
    address: IpAddr,
    bytes: usize,
    /// Why the body was given up.
    failure: Option<BodyFailure>,
}

/// Reason for which a body was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyFailure {
    /// It did not come in time.
    Late,
    /// There was no memory for it.
    NoRoom,
}

/// A body that counts what it hands over, and ends with an error when it stops coming.
struct GuardedBody {
    inner: Body,
    held: Arc<Mutex<HeldBytes>>,
    /// A piece that waits until the budget has room for it.
    parked: Option<(Bytes, Pin<Box<Sleep>>)>,
    wait: Pin<Box<Sleep>>,
    began: Instant,
    received: u64,
    /// Woken when another body gives bytes back.
    freed: Pin<Box<OwnedNotified>>,
}

/// Middleware: puts a deadline and the budget on the body of each request. What a body holds is
/// given back when the request is answered.
pub(crate) async fn guard_request_body(
    State(budget): State<BodyBudget>,
    request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectionSecurity>();
    // Only a test sends a request without a connection.
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.peer.ip());
    // Most requests have no body, and need neither a deadline nor a share of the budget.
    if HttpBody::is_end_stream(request.body()) {
        return next.run(request).await;
    }
    let held = Arc::new(Mutex::new(HeldBytes {
        budget: budget.clone(),
        address,
        bytes: 0,
        failure: None,
    }));
    let kept = Arc::clone(&held);
    let mut request = request.map(|inner| Body::new(GuardedBody::new(inner, held, &budget)));
    let given = Arc::clone(&kept);
    let dropped = DroppedBytes(Arc::new(move |bytes| lock(&given).give_back(bytes)));
    request.extensions_mut().insert(dropped);
    let response = next.run(request).await;
    let failure = lock(&kept).failure;
    match failure {
        // The handler knows only that the body ended.
        Some(failure) if !response.status().is_success() => failure.response(),
        _ => response,
    }
}

fn lock(held: &Mutex<HeldBytes>) -> MutexGuard<'_, HeldBytes> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl BodyFailure {
    fn response(self) -> Response {
        let (status, code, why) = match self {
            Self::Late => (
                StatusCode::REQUEST_TIMEOUT,
                ApiErrorCode::Timeout,
                "the body does not come",
            ),
            Self::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                ApiErrorCode::Busy,
                "too many uploads at once",
            ),
        };
        ApiError::with_code(status, code, why).into_response()
    }
}

impl BodyBudget {
    /// Takes `bytes` more for a body that holds `own` already; false when there is no room.
    fn take(&self, address: IpAddr, own: usize, bytes: usize) -> bool {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = held.values().sum();
        let of_address = held.get(&address).copied().unwrap_or_default();
        // Forms and entries are small: they are never refused because somebody uploads photos.
        let is_small = own + bytes <= BODY_FREE_BYTES;
        let fits =
            all + bytes <= BODY_BUDGET_BYTES && of_address + bytes <= BODY_BUDGET_PER_ADDRESS;
        if is_small || fits {
            *held.entry(address).or_default() += bytes;
        }
        is_small || fits
    }

    fn give_back(&self, address: IpAddr, bytes: usize) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_address) = held.get_mut(&address) {
            *of_address = of_address.saturating_sub(bytes);
            if *of_address == 0 {
                held.remove(&address);
            }
        }
        // Freed before others are woken: the first thing they need is this lock.
        drop(held);
        self.0.freed.notify_waiters();
    }

    /// Bytes held by all bodies.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.values().sum()
    }
}

impl HeldBytes {
    fn take(&mut self, bytes: usize) -> bool {
        let fits = self.budget.take(self.address, self.bytes, bytes);
        if fits {
            self.bytes += bytes;
        }
        fits
    }

    fn give_back(&mut self, bytes: usize) {
        // The number comes from a handler: a wrong one must not free the bytes of other bodies.
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.give_back(self.address, bytes);
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.budget.give_back(self.address, self.bytes);
    }
}

impl GuardedBody {
    fn new(inner: Body, held: Arc<Mutex<HeldBytes>>, budget: &BodyBudget) -> Self {
        Self {
            inner,
            held,
            parked: None,
            wait: Box::pin(tokio::time::sleep(Self::allowance(0))),
            began: Instant::now(),
            received: 0,
            freed: wait_for_room(budget),
        }
    }

    /// Time within which a body of so many bytes must have come.
    fn allowance(received: u64) -> Duration {
        Duration::from_secs(CLIENT_STALL_SECONDS)
            + Duration::from_millis(received.saturating_mul(1000) / CLIENT_RATE_MIN)
    }

    /// The parked piece, once the budget has room for it.
    fn poll_parked(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let Some((piece, limit)) = &mut self.parked else {
            return Poll::Ready(Ok(None));
        };
        loop {
            let mut held = lock(&self.held);
            if held.take(piece.len()) {
                let piece = std::mem::take(piece);
                drop(held);
                self.parked = None;
                return Poll::Ready(Ok(Some(piece)));
            }
            let budget = held.budget.clone();
            drop(held);
            if limit.as_mut().poll(context).is_ready() {
                lock(&self.held).failure = Some(BodyFailure::NoRoom);
                return Poll::Ready(Err("too many uploads at once".into()));
            }
            if self.freed.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.freed = wait_for_room(&budget);
        }
    }
}

type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Ends when a body gives bytes back after this call, whether or not it was polled by then: bytes
/// that come back between an attempt to take some and the wait for room would wake nobody.
fn wait_for_room(budget: &BodyBudget) -> Pin<Box<OwnedNotified>> {
    Box::pin(Arc::clone(&budget.0.freed).notified_owned())
}

impl HttpBody for GuardedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.poll_parked(context) {
            Poll::Ready(Ok(None)) => {}
            Poll::Ready(Ok(Some(piece))) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
            Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            Poll::Pending => return Poll::Pending,
        }
        let frame = match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(other) => return Poll::Ready(other.map(|one| one.map_err(Into::into))),
            Poll::Pending => {
                if self.wait.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                lock(&self.held).failure = Some(BodyFailure::Late);
                return Poll::Ready(Some(Err("the body does not come".into())));
            }
        };
        // Trailers come after the last piece, and no handler reads them.
        let Ok(piece) = frame.into_data() else {
            return Poll::Ready(None);
        };
        self.received += piece.len() as u64;
        let deadline = self.began + Self::allowance(self.received);
        // A client that was fast at first has a late deadline, but may not pause for that long.
        let stall = Instant::now() + Duration::from_secs(CLIENT_STALL_SECONDS);
        self.wait.as_mut().reset(deadline.min(stall));
        let limit = Duration::from_secs(BODY_BUDGET_WAIT_SECONDS);
        self.parked = Some((piece, Box::pin(tokio::time::sleep(limit))));
        // Once more instead of `Pending`: nothing is registered yet that would wake this task.
        self.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        // The last piece may still wait for room when the inner body has ended.
        self.parked.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::task::Waker;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn room_that_was_made_before_the_first_poll_of_a_wait_ends_it() {
        let budget = BodyBudget::default();
        assert!(budget.take(HERE, 0, BODY_BUDGET_PER_ADDRESS));
        let wait = wait_for_room(&budget);
        // The other body gives back between the attempt to take room and the first poll.
        budget.give_back(HERE, BODY_BUDGET_PER_ADDRESS);
        assert_eq!(wait.now_or_never(), Some(()));
        assert_eq!(wait_for_room(&budget).now_or_never(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_parked_piece_goes_on_as_soon_as_there_is_room() {
        let budget = BodyBudget::default();
        assert!(budget.take(HERE, 0, BODY_BUDGET_PER_ADDRESS));
        let held = Arc::new(Mutex::new(HeldBytes {
            budget: budget.clone(),
            address: HERE,
            bytes: 0,
            failure: None,
        }));
        let piece = vec![0; BODY_FREE_BYTES + 1];
        let mut body = GuardedBody::new(Body::from(piece), held, &budget);
        let mut context = Context::from_waker(Waker::noop());
        let body = &mut body;
        assert!(Pin::new(&mut *body).poll_frame(&mut context).is_pending());
        let began = Instant::now();
        budget.give_back(HERE, BODY_BUDGET_PER_ADDRESS);
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        let piece = frame.unwrap().unwrap().into_data().unwrap();
        assert_eq!(piece.len(), BODY_FREE_BYTES + 1);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
