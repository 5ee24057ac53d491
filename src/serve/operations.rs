//! `/health` and `/metrics`, for whoever runs the service: on loopback, about the service and never
//! about a person.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::metrics::Metrics;
use crate::desk::Desk;
use crate::desk::face::{Actor, ProviderState, Refusal, Reply, Request, ServiceState};

/// What OpenMetrics' text is called.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What whoever looks is told from.
pub(super) struct Watch {
    pub desk: Arc<dyn Desk>,
    pub actor: Actor,
    pub metrics: Arc<Metrics>,
}

pub(super) fn router(watch: Watch) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(Arc::new(watch))
}

async fn health(State(watch): State<Arc<Watch>>) -> Response {
    let (status, said) = match watch.service().await {
        Ok(service) if !service.writes => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database takes no writes\n",
        ),
        Ok(service) if !service.works => (
            StatusCode::SERVICE_UNAVAILABLE,
            "nothing is sent and nothing is polled\n",
        ),
        Ok(_) => (StatusCode::OK, "well\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database cannot be read\n",
        ),
    };
    (status, said).into_response()
}

async fn metrics(State(watch): State<Arc<Watch>>) -> Response {
    let known = async { Ok::<_, Refusal>((watch.service().await?, watch.providers().await?)) };
    match known.await {
        Ok((service, providers)) => {
            let text = watch.metrics.text(&service, &providers);
            ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
        }
        Err(refusal) => {
            tracing::error!(code = refusal.code, "no metrics: {}", refusal.message);
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

impl Watch {
    async fn service(&self) -> Result<ServiceState, Refusal> {
        match self.desk.ask(&self.actor, Request::Service).await? {
            Reply::Service(service) => Ok(service),
            _ => Err(misanswered()),
        }
    }

    async fn providers(&self) -> Result<Vec<ProviderState>, Refusal> {
        match self.desk.ask(&self.actor, Request::Providers).await? {
            Reply::Providers(providers) => Ok(providers),
            _ => Err(misanswered()),
        }
    }
}

fn misanswered() -> Refusal {
    Refusal {
        class: crate::desk::face::Class::Failed,
        code: "misanswered".to_owned(),
        message: "the desk gave another kind of answer than was asked for".to_owned(),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "This is a mistake in the program: tell whoever looks after it.".to_owned(),
    }
}
