//! Accept loop of the page's address: bounds on connections, deadlines on everything a client can
//! keep waiting, and TLS. The entry is [`serve_connections`].
//!
//! A gateway is a small computer with a few hundred file descriptors, and whoever reaches the
//! address may try to use them up. Each connection therefore has a place in a
//! [`ConnectionTable`]; when places run out, the connection that waits longest without asking
//! anything gives up its place to the new one.

mod connection_table;
mod guarded_stream;
mod local_authority;
mod request_body;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
pub(crate) mod tls_versions;

pub(crate) use request_body::{BodyBudget, guard_request_body};

use crate::access::ConnectionSecurity;
use crate::api::wait_for_stop;
use crate::limits::{CONNECTION_BUFFER_BYTES, HANDSHAKE_SECONDS, STOP_SECONDS};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use connection_table::{ConnectionPlace, ConnectionProgress, ConnectionTable};
use guarded_stream::GuardedStream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tls::{PlainOrTls, TlsSetup};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Pause after the operating system refused a connection.
// It refuses when file descriptors are used up; some are free again soon, because idle connections
// are closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Routes of a listener: what is served, and what an unencrypted connection gets when TLS is on.
#[derive(Clone, Debug)]
pub(crate) struct ListenerRoutes {
    /// All pages and the API.
    pub(crate) main: Router,
    /// TLS with the routes for plain connections; `None`: everything is served without TLS.
    pub(crate) tls: Option<(TlsSetup, Router)>,
}

/// Answers on `listener` until `stop` is true, then waits until open answers are finished.
pub(crate) async fn serve_connections(
    listener: TcpListener,
    routes: ListenerRoutes,
    stop: watch::Receiver<bool>,
) {
    let table = ConnectionTable::default();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = wait_for_stop(stop.clone()) => break,
            // A set keeps ended tasks until they are taken out: memory would grow until the stop.
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Without a place the stream is dropped here: the client sees a closed
                    // connection at once instead of silence.
                    if let Some(place) = table.admit(peer.ip()) {
                        let (routes, stop) = (routes.clone(), stop.clone());
                        tasks.spawn(serve_stream(stream, peer, place, routes, stop));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "no connection accepted");
                    table.close_longest_waiting(None);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    // New connections are refused while the open answers finish.
    drop(listener);
    // Half of the time, because sinks and the store must still close within `STOP_SECONDS`.
    let finished = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(STOP_SECONDS) / 2, finished).await;
}

/// One connection, until it ends, its place is needed, or it waits for too long.
async fn serve_stream(
    stream: TcpStream,
    peer: SocketAddr,
    place: ConnectionPlace,
    routes: ListenerRoutes,
    stop: watch::Receiver<bool>,
) {
    let progress = place.progress();
    let serve = async {
        // Answers are small and a person waits for them.
        let _ = stream.set_nodelay(true);
        // Without a known address of this side no IP address passes the check of the host.
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let plain_connection = ConnectionSecurity {
            tls: false,
            peer,
            local: stream.local_addr().unwrap_or(unknown),
        };
        let Some((setup, plain)) = routes.tls else {
            return serve_http1(stream, plain_connection, routes.main, &progress, stop).await;
        };
        let opened = tokio::time::timeout(
            Duration::from_secs(HANDSHAKE_SECONDS),
            setup.open(stream, &progress),
        );
        match opened.await {
            Ok(Ok(PlainOrTls::Tls(stream))) => {
                let connection = ConnectionSecurity {
                    tls: true,
                    ..plain_connection
                };
                serve_http1(*stream, connection, routes.main, &progress, stop).await;
            }
            Ok(Ok(PlainOrTls::Plain(stream))) => {
                serve_http1(stream, plain_connection, plain, &progress, stop).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        }
    };
    tokio::select! {
        () = serve => {}
        () = place.wait_until_closed() => {}
        () = progress.wait_for_idle_limit() => {}
    }
}

/// Requests of one connection, one after the other.
async fn serve_http1<S>(
    stream: S,
    peer: ConnectionSecurity,
    router: Router,
    progress: &Arc<ConnectionProgress>,
    stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let answer = |request: Request<Incoming>| {
        let (router, progress) = (router.clone(), Arc::clone(progress));
        async move { Ok::<_, Infallible>(answer_request(router, request, peer, progress).await) }
    };
    let io = TokioIo::new(GuardedStream::new(stream));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // `ConnectionProgress` has the deadlines: hyper's own would also end a connection that is
        // kept for the next request.
        .header_read_timeout(None)
        .half_close(false)
        // What a slow reader or a long request keeps in memory.
        .max_buf_size(CONNECTION_BUFFER_BYTES)
        .serve_connection(io, hyper::service::service_fn(answer));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = wait_for_stop(stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.peer, %error, "connection ended early");
    }
}

/// The router's answer. The connection counts as busy until the last byte of it is handed over.
async fn answer_request(
    router: Router,
    request: Request<Incoming>,
    peer: ConnectionSecurity,
    progress: Arc<ConnectionProgress>,
) -> Response<Body> {
    let busy = progress.begin_request();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    let Ok(response) = router.oneshot(request).await;
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            // Moved into the body: it ends with it.
            let _ = &busy;
            frame
        }))
    })
}
