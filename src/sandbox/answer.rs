//! What goes back on the wire from an HTTP simulator.

use axum::Extension;
use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::connection::Connection;

/// An answer, or none.
pub(super) enum Answer {
    /// A status and its body.
    Json(u16, String),
    /// A success status around something no client can read.
    Garbage,
    /// Nothing: the connection ends.
    Cut,
}

/// Marks a response of which no byte may leave.
#[derive(Clone)]
struct Nothing;

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Json(status, body) => {
                let status = StatusCode::from_u16(status).unwrap_or_default();
                (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
            }
            Self::Garbage => "<html><body>upstream connect error".into_response(),
            Self::Cut => Extension(Nothing).into_response(),
        }
    }
}

/// Ends the connections of [`Answer::Cut`]; every router that gives one needs this layer.
pub(super) async fn cut_where_told(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if response.extensions().get::<Nothing>().is_some() {
        connection.cut();
    }
    response
}
