//! [`GuardedStream`]: a connection whose other side must take what is sent to it.

use crate::limits::{CLIENT_RATE_MIN, CLIENT_STALL_SECONDS};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream that ends with `TimedOut` when its reader is too slow: when nothing is taken for
/// `CLIENT_STALL_SECONDS`, or less than `CLIENT_RATE_MIN` bytes a second over the time that writing
/// had to wait.
#[derive(Debug)]
pub(super) struct GuardedStream<S> {
    inner: S,
    /// Runs while a write waits; its deadline is when the reader counts as stalled.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Since when the present write waits.
    blocked_since: Option<Instant>,
    /// Time that writing had to wait beyond what the bytes taken since then allow.
    owed: Duration,
    /// Runs after the last byte was sent, while nothing more comes.
    silence: Option<Pin<Box<Sleep>>>,
    /// Bytes that came after the last byte was sent.
    dropped: usize,
}

/// Silence after which a connection whose answer was sent is closed.
const LINGER_SILENCE: Duration = Duration::from_millis(500);
/// Bytes that are still taken from a client whose request was refused before all of it came.
// A photo that is too large comes to its end.
const LINGER_BYTES_MAX: usize = 64 << 20;

impl<S> GuardedStream<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            deadline: None,
            blocked_since: None,
            owed: Duration::ZERO,
            silence: None,
            dropped: 0,
        }
    }

    /// The result of a write that may wait: `Pending` becomes an error after the deadline.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
        taken: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = result {
            if let Ok(value) = &done {
                self.settle(taken(value));
            }
            return Poll::Ready(done);
        }
        let allowed = Duration::from_secs(CLIENT_STALL_SECONDS).saturating_sub(self.owed);
        self.blocked_since.get_or_insert_with(Instant::now);
        let sleep = || Box::pin(tokio::time::sleep(allowed));
        let deadline = self.deadline.get_or_insert_with(sleep);
        ready!(deadline.as_mut().poll(context));
        let why = "the client takes nothing, or too slowly";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
    }

    /// Takes what the client still sends and drops it. A socket that is closed with unread bytes
    /// resets the connection, and the client would never see why its upload was refused.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncRead + Unpin,
    {
        let mut piece = [0; 8192];
        loop {
            let sleep = || Box::pin(tokio::time::sleep(LINGER_SILENCE));
            let silence = self.silence.get_or_insert_with(sleep);
            let mut buffer = ReadBuf::new(&mut piece);
            let Poll::Ready(taken) = Pin::new(&mut self.inner).poll_read(context, &mut buffer)
            else {
                ready!(silence.as_mut().poll(context));
                return Poll::Ready(Ok(()));
            };
            self.dropped += buffer.filled().len();
            // An error means that the client is gone, and there is nobody left to wait for.
            let has_ended = taken.is_err() || buffer.filled().is_empty();
            if has_ended || self.dropped > LINGER_BYTES_MAX {
                return Poll::Ready(Ok(()));
            }
            silence.as_mut().reset(Instant::now() + LINGER_SILENCE);
        }
    }

    /// Counts bytes taken against the time waited.
    fn settle(&mut self, bytes: usize) {
        self.deadline = None;
        if let Some(since) = self.blocked_since.take() {
            self.owed += Instant::now().saturating_duration_since(since);
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned = Duration::from_micros(bytes.saturating_mul(1_000_000) / CLIENT_RATE_MIN);
        self.owed = self.owed.saturating_sub(earned);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, result, |taken| *taken)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.watch(context, result, |taken| *taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The bytes were counted when they were written; a flush adds only its waiting time.
        let result = Pin::new(&mut self.inner).poll_flush(context);
        self.watch(context, result, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // With a silence running, the sending side was shut down by an earlier call.
        if self.silence.is_none() {
            let result = Pin::new(&mut self.inner).poll_shutdown(context);
            ready!(self.watch(context, result, |()| 0))?;
        }
        self.poll_linger(context)
    }
}
