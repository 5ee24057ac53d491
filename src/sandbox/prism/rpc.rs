//! One unary gRPC call over the simulators' own server, messages as bytes.

use std::future::{Ready, ready};

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use prost::bytes::{Buf, BufMut};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request as RpcRequest, Response as RpcResponse, Status};

use super::Reply;
use crate::sandbox::connection::Connection;

/// The id of a call, given back in every answer.
const REQUEST_ID: &str = "x-request-id";

/// A call as it arrived.
pub(super) struct Call {
    pub headers: HeaderMap,
    pub message: Vec<u8>,
}

/// Reads the call, has it decided, and answers, or cuts the connection.
pub(super) async fn answer(
    request: Request,
    connection: &Connection,
    decide: impl FnOnce(&Call) -> Result<Reply, Status>,
) -> Response {
    let headers = request.headers().clone();
    let service = Decided {
        headers,
        connection,
        decide: Some(decide),
    };
    Grpc::new(Bytes)
        .unary(service, request)
        .await
        .into_response()
}

struct Decided<'c, D> {
    headers: HeaderMap,
    connection: &'c Connection,
    decide: Option<D>,
}

impl<D: FnOnce(&Call) -> Result<Reply, Status>> UnaryService<Vec<u8>> for Decided<'_, D> {
    type Response = Vec<u8>;
    type Future = Ready<Result<RpcResponse<Vec<u8>>, Status>>;

    fn call(&mut self, request: RpcRequest<Vec<u8>>) -> Self::Future {
        let call = Call {
            headers: std::mem::take(&mut self.headers),
            message: request.into_inner(),
        };
        let decided = match self.decide.take() {
            Some(decide) => decide(&call),
            None => Err(Status::internal("asked twice")),
        };
        ready(self.worded(&call, decided))
    }
}

impl<D> Decided<'_, D> {
    fn worded(
        &self,
        call: &Call,
        decided: Result<Reply, Status>,
    ) -> Result<RpcResponse<Vec<u8>>, Status> {
        let id = call.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let id = id.and_then(|id| id.parse().ok());
        match decided {
            Ok(reply) => {
                let mut response = RpcResponse::new(self.bytes(reply));
                if let Some(id) = id {
                    response.metadata_mut().insert(REQUEST_ID, id);
                }
                Ok(response)
            }
            Err(mut status) => {
                if let Some(id) = id {
                    status.metadata_mut().insert(REQUEST_ID, id);
                }
                Err(status)
            }
        }
    }

    fn bytes(&self, reply: Reply) -> Vec<u8> {
        match reply {
            Reply::Message(message) => message,
            Reply::Garbage => b"<html>upstream connect error</html>".to_vec(),
            Reply::Cut => {
                self.connection.cut();
                Vec::new()
            }
        }
    }
}

/// Passes messages as they are.
#[derive(Clone, Copy)]
pub(super) struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}
