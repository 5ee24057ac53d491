//! The simulator over real loopback gRPC, with a client of the tests' own.

use tonic::Code;
use tonic::client::Grpc;
use tonic::transport::Endpoint;

use super::messages::{Hidden, LookAsked, PaymentAsked, PaymentTold, RefundAsked, RefundTold};
use super::*;
use crate::sandbox::bench::Bench;

const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at
prism-us,pi_1,INV-1,100.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z
prism-us,pi_2,INV-2,9000,JPY,2026-11-01T10:00:00Z,
prism-us,pi_3,INV-3,90.000,KWD,2026-11-01T10:00:00Z,
hub-us,charge-1,INV-4,100.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z
";
const REFUND: &str = "/types.PaymentService/Refund";
const LOOK: &str = "/types.RefundService/Get";
const USD: i32 = 146;

struct Shop {
    bench: Bench,
    base: String,
    key: String,
}

impl Shop {
    fn open() -> Self {
        Self::at(Bench::new(PAYMENTS))
    }

    fn at(bench: Bench) -> Self {
        let config: toml::Table = toml::from_str(&bench.file("config.toml")).unwrap();
        let base = config["accounts"]["prism-us"]["base_url"].as_str().unwrap();
        Self {
            base: base.to_owned(),
            key: bench.file("prism-us.key"),
            bench,
        }
    }

    fn restarted(self) -> Self {
        Self::at(self.bench.restarted())
    }

    fn config(&self) -> String {
        format!(r#"{{"config":{{"Stripe":{{"api_key":"{}"}}}}}}"#, self.key)
    }

    async fn call(&self, path: &'static str, message: &impl Message) -> Result<Vec<u8>, Status> {
        let headers = [("x-connector-config", self.config())];
        self.call_with(path, message, &headers).await
    }

    async fn call_with(
        &self,
        path: &'static str,
        message: &impl Message,
        headers: &[(&'static str, String)],
    ) -> Result<Vec<u8>, Status> {
        let endpoint = Endpoint::from_shared(self.base.clone()).unwrap();
        let mut grpc = Grpc::new(endpoint.connect().await.unwrap());
        grpc.ready().await.unwrap();
        let mut request = tonic::Request::new(message.encode_to_vec());
        for (name, value) in headers {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        let id = "req-7".parse().unwrap();
        request.metadata_mut().insert("x-request-id", id);
        let answer = grpc.unary(request, path.parse().unwrap(), rpc::Bytes).await;
        let metadata = match &answer {
            Ok(response) => response.metadata(),
            Err(status) => status.metadata(),
        };
        let echoed = metadata.get("x-request-id").is_some_and(|id| id == "req-7");
        let lost = answer
            .as_ref()
            .err()
            .is_some_and(|it| it.code() == Code::Unknown || it.code() == Code::Unavailable);
        assert!(echoed || lost, "{answer:?}");
        answer.map(tonic::Response::into_inner)
    }

    async fn refund(&self, minor: i64) -> Result<RefundTold, Status> {
        self.refund_of("pi_1", minor, USD).await
    }

    async fn refund_of(
        &self,
        payment: &str,
        minor: i64,
        currency: i32,
    ) -> Result<RefundTold, Status> {
        let bytes = self.call(REFUND, &asked(payment, minor, currency)).await?;
        RefundTold::decode(&bytes[..]).map_err(|error| Status::data_loss(error.to_string()))
    }

    async fn look(&self, id: &str) -> Result<RefundTold, Status> {
        let look = LookAsked {
            transaction: "pi_1".to_owned(),
            refund_id: id.to_owned(),
            ..LookAsked::default()
        };
        let bytes = self.call(LOOK, &look).await?;
        Ok(RefundTold::decode(&bytes[..]).unwrap())
    }
}

fn asked(payment: &str, minor: i64, currency: i32) -> RefundAsked {
    RefundAsked {
        reference: format!("rfd-{minor}-refund-1"),
        transaction: payment.to_owned(),
        refund: Some(Minor {
            amount: minor,
            currency,
        }),
        ..RefundAsked::default()
    }
}

#[tokio::test]
async fn it_fills_what_the_real_one_fills_and_nothing_else() {
    let shop = Shop::open();
    let told = shop.refund(1000).await.unwrap();
    assert_eq!((told.status, told.connector_http), (3, 200));
    assert_eq!(told.reference, None, "never echoed");
    assert!(told.refund_id.starts_with("re_"));
    assert_eq!(told.transaction.as_deref(), Some("pi_1"));
    let raw = told.raw_request.unwrap().value;
    assert!(raw.contains(&shop.key), "the live key comes back");
    assert!(told.raw_response.is_some() && !told.headers.is_empty());
    let first = shop.look(&told.refund_id).await.unwrap();
    assert_eq!(
        (first.status, first.reference.as_ref()),
        (3, Some(&told.refund_id))
    );
    let second = shop.look(&told.refund_id).await.unwrap();
    assert_eq!(second.status, 4);
    assert_eq!(shop.bench.book().lines().count(), 1);
    assert!(
        shop.bench.book().contains(
            r#""account":"prism-us","payment_id":"pi_1","amount":"10.00","currency":"USD""#
        )
    );
}

/// No memory: the same call again is another refund.
#[tokio::test]
async fn the_same_call_again_pays_again() {
    let shop = Shop::open();
    let first = shop.refund(1000).await.unwrap();
    let second = shop.refund(1000).await.unwrap();
    assert_ne!(first.refund_id, second.refund_id);
    assert_eq!(shop.bench.book().lines().count(), 2);
}

#[tokio::test]
async fn a_failure_has_an_error_and_no_status() {
    let shop = Shop::open();
    let told = shop.refund(1001).await.unwrap();
    shop.look(&told.refund_id).await.unwrap();
    let failed = shop.look(&told.refund_id).await.unwrap();
    assert_eq!((failed.status, failed.refund_id.as_str()), (0, ""));
    assert_eq!(failed.transaction, Some(told.refund_id));
    assert!(failed.error.unwrap().connector.unwrap().code.is_some());
    assert_eq!(shop.bench.book(), "");
}

#[tokio::test]
async fn each_fault_is_the_sheets_and_strikes_once() {
    let shop = Shop::open();
    for (minor, code, said, paid) in [
        (102, Code::Unknown, "", 1),
        (103, Code::Unknown, "", 0),
        (
            106,
            Code::Internal,
            "Integrity check failed for fields: refund_amount expected 106 but found 206",
            1,
        ),
        (
            107,
            Code::ResourceExhausted,
            "Connector returned an error response with status 429",
            0,
        ),
        (
            108,
            Code::Unavailable,
            "Connector returned an error response with status 503",
            0,
        ),
        (109, Code::DataLoss, "", 1),
    ] {
        let before = shop.bench.book().lines().count();
        let status = shop.refund(minor).await.unwrap_err();
        let cut = [
            Code::Unknown,
            Code::Unavailable,
            Code::Cancelled,
            Code::Internal,
        ];
        assert!(
            status.code() == code || said.is_empty() && cut.contains(&status.code()),
            "{minor}: {status:?}"
        );
        assert!(said.is_empty() || status.message() == said, "{status:?}");
        assert_eq!(shop.bench.book().lines().count() - before, paid, "{minor}");
    }
    for minor in [103, 107, 108] {
        assert_eq!(shop.refund(minor).await.unwrap().status, 3, "{minor}");
    }
    let undone = shop.refund(105).await.unwrap();
    assert_eq!(undone.status, 4);
    assert_eq!(shop.look(&undone.refund_id).await.unwrap().status, 4);
    assert!(shop.look(&undone.refund_id).await.unwrap().error.is_some());
}

#[tokio::test]
async fn hardly_anything_is_checked_and_the_rest_is_the_connectors() {
    let shop = Shop::open();
    let said = |status: u16| format!("Connector returned an error response with status {status}");
    for (payment, minor, currency, message) in [
        ("pi_1", 10_001, USD, said(400)),
        ("pi_1", 0, USD, said(400)),
        ("pi_1", -5, USD, said(400)),
        ("pi_1", 100, 69, said(400)),
        ("pi_9", 100, USD, said(404)),
        ("charge-1", 100, USD, said(404)),
        ("pi_1", 100, 0, "Invalid data format: currency".to_owned()),
    ] {
        let status = shop.refund_of(payment, minor, currency).await.unwrap_err();
        assert_eq!(status.message(), message);
    }
    let mut odd = asked("pi_1", 100, USD);
    odd.method_type = Some(0);
    let status = shop.call(REFUND, &odd).await.unwrap_err();
    assert_eq!(status.message(), "Invalid data format: payment_method_type");
    let mut odd = asked("pi_1", 100, USD);
    odd.refund_metadata = Some(Hidden {
        value: "x".to_owned(),
    });
    let status = shop.call(REFUND, &odd).await.unwrap_err();
    assert_eq!(status.message(), "Invalid data format: refund metadata");
    let none = RefundAsked {
        refund: None,
        ..asked("pi_1", 1, USD)
    };
    assert_eq!(
        shop.call(REFUND, &none).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(shop.look("").await.unwrap_err().code(), Code::Internal);
    assert_eq!(
        shop.look("re_none").await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(shop.bench.book(), "");
    for (payment, minor, currency, amount) in [
        ("pi_2", 250, 69, "\"250\""),
        ("pi_3", 1_500, 76, "\"1.500\""),
    ] {
        assert_eq!(
            shop.refund_of(payment, minor, currency)
                .await
                .unwrap()
                .status,
            3
        );
        assert!(shop.bench.book().contains(amount));
    }
}

#[tokio::test]
async fn who_calls_is_read_from_the_metadata() {
    let shop = Shop::open();
    let refund = asked("pi_1", 1000, USD);
    let older = |kind: &str| {
        vec![
            ("x-connector", "stripe".to_owned()),
            ("x-auth", kind.to_owned()),
            ("x-api-key", shop.key.clone()),
        ]
    };
    let config = |text: &str| vec![("x-connector-config", text.to_owned())];
    for (headers, message) in [
        (vec![], "Missing required field: x-connector"),
        (
            vec![("x-connector", "stripe".to_owned())],
            "Missing required field: x-auth",
        ),
        (older("basic"), "Invalid connector configuration: x-auth"),
        (config("x"), "Invalid data format: X-Connector-Config"),
        (
            config(r#"{"Stripe":{}}"#),
            "Missing required field: X-Connector-Config.config",
        ),
        (
            config(r#"{"config":{"stripe":{}}}"#),
            "Invalid data format: X-Connector-Config",
        ),
        (
            config(r#"{"config":{"Stripe":{}}}"#),
            "Invalid connector configuration: X-Connector-Config",
        ),
        (
            config(r#"{"config":{"Stripe":{"api_key":{"value":"k"}}}}"#),
            "Invalid data format: X-Connector-Config",
        ),
        (
            config(r#"{"config":{"Stripe":{"api_key":"k"}}}"#),
            "Connector returned an error response with status 401",
        ),
    ] {
        let status = shop.call_with(REFUND, &refund, &headers).await.unwrap_err();
        assert_eq!(status.message(), message);
    }
    assert!(
        shop.call_with(REFUND, &refund, &older("header-key"))
            .await
            .is_ok()
    );
    assert!(
        shop.call_with("/grpc.health.v1.Health/Check", &(), &[])
            .await
            .is_ok()
    );
    let unknown = shop
        .call("/types.RefundService/Create", &())
        .await
        .unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.message()),
        (Code::Unimplemented, "")
    );
}

#[tokio::test]
async fn a_payment_is_told_when_its_amount_is_asked_along() {
    let shop = Shop::open();
    let path = "/types.PaymentService/Get";
    let mut look = PaymentAsked {
        transaction: "pi_1".to_owned(),
        amount: None,
    };
    let status = shop.call(path, &look).await.unwrap_err();
    assert_eq!(status.message(), "Missing required field: amount");
    look.amount = Some(Minor {
        amount: 1,
        currency: USD,
    });
    let told = PaymentTold::decode(&shop.call(path, &look).await.unwrap()[..]).unwrap();
    assert_eq!((told.status, told.captured), (8, Some(10_000)));
    assert_eq!(told.merchant_transaction.as_deref(), Some("pi_1"));
}

#[tokio::test]
async fn what_was_made_outlives_a_restart() {
    let shop = Shop::open();
    let told = shop.refund(9_000).await.unwrap();
    let too_much = shop.refund(1_500).await.unwrap_err();
    shop.look(&told.refund_id).await.unwrap();
    let _ = shop.refund(103).await.unwrap_err();
    let shop = shop.restarted();
    assert_eq!(shop.look(&told.refund_id).await.unwrap().status, 4);
    assert_eq!(
        shop.refund(1_500).await.unwrap_err().message(),
        too_much.message()
    );
    assert_eq!(
        shop.refund(103).await.unwrap().status,
        3,
        "its fault has struck"
    );
    assert_eq!(shop.bench.book().lines().count(), 2);
}
