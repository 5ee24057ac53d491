//! The network's own calls to its participants: made again until they are answered, some of them late
//! and some of them twice, as networks do.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, Identity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bank::{self, Account, number_of};
use super::keys::{Keys, broken};
use super::records::{Confirmation, Refund};
use super::{BANK, CREDITOR, NETWORK_PARTICIPANT, Network, PRODUCT, jws, written};

/// Between a refund and the first call about it: its answer is on its way meanwhile.
const SOON: Duration = Duration::from_millis(150);
/// What comes late comes so late.
const LATE: Duration = Duration::from_millis(1_200);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Longer than any bank holds a request.
const DEADLINE: Duration = Duration::from_secs(40);

/// Calls the desk's listener.
pub(super) struct Courier {
    pub listener: SocketAddr,
    client: Client,
}

/// What became of a call, for whoever wonders why nothing arrives. Never an account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    at: String,
    account: String,
    call: String,
    outcome: String,
}

/// A call to a participant.
struct Errand<'a> {
    account: &'static str,
    path: &'a str,
    body: &'a str,
    key: &'a str,
}

/// How a participant answered.
enum Said {
    /// 200, signed by it.
    Taken(Value),
    /// It will not do it, however often it is asked.
    Refused(String),
    /// Nothing that could be used.
    Nothing(String),
}

impl Courier {
    pub(super) fn new(keys: &Keys, listener: SocketAddr) -> io::Result<Self> {
        let identity = Identity::from_pem(keys.client.as_bytes()).map_err(broken)?;
        let ca = Certificate::from_pem(keys.ca.as_bytes()).map_err(broken)?;
        let client = Client::builder()
            .no_proxy()
            .https_only(true)
            .identity(identity)
            .tls_certs_only([ca])
            .timeout(DEADLINE)
            .build()
            .map_err(broken)?;
        Ok(Self { listener, client })
    }
}

impl Network {
    /// Takes up what a restart interrupted.
    pub(super) fn resume(self: &Arc<Self>) {
        let mut kept = self.kept();
        let refunds = kept.records.refunds.all().to_vec();
        let advised = refunds.iter().filter(|it| it.deliveries > 0);
        let advised: Vec<String> = advised.map(|it| it.id.clone()).collect();
        kept.advised.extend(advised);
        let ended =
            |it: &Refund| it.confirmed.is_some() || kept.records.rejection(&it.id).is_some();
        let (over, open): (Vec<_>, Vec<_>) = refunds.into_iter().partition(|it| ended(it));
        let waiting: Vec<(Refund, Confirmation)> = over
            .into_iter()
            .filter(|it| it.deliveries < 2 && kept.records.is_banked(&it.payment_id))
            .filter_map(|it| {
                let confirmation = it.confirmed.clone();
                let told = confirmation.or_else(|| kept.records.rejection(&it.id).cloned())?;
                Some((it, told))
            })
            .collect();
        drop(kept);
        for refund in open {
            if refund.deliveries == 0 {
                self.advise(refund);
            }
        }
        for (refund, confirmation) in waiting {
            self.pass_on(refund, confirmation, None);
        }
    }

    /// Finds out where the money of a refund is to go, and tells the creditor's side.
    pub(super) fn advise(self: &Arc<Self>, refund: Refund) {
        if refund.has_no_advice() {
            return;
        }
        let network = Arc::clone(self);
        tokio::spawn(async move {
            let late = number_of(&refund.id, "late").is_multiple_of(5);
            tokio::time::sleep(if late { LATE } else { SOON }).await;
            if let Some(account) = network.account_of(&refund).await {
                network.tell_account(&refund, &account).await;
            }
        });
    }

    /// The payer's account: of the desk's own bank where it knows the payment, else of one that is
    /// made up.
    async fn account_of(&self, refund: &Refund) -> Option<Account> {
        let (is_banked, payer) = {
            let records = &self.kept().records;
            let payment = records.payment(&refund.payment_id);
            let payer = payment.map_or(String::new(), |it| it.payer.clone());
            (records.is_banked(&refund.payment_id), payer)
        };
        if !is_banked {
            return Some(bank::payer(&refund.payment_id, &payer));
        }
        let message = written::message_id(&refund.id, "account");
        let body = written::account_asked(refund, &message, refund.accepted_at);
        let answer = self
            .insist(&Errand {
                account: BANK,
                path: &format!("/payment-requests/{}/refunds", refund.payment_id),
                body: &body,
                key: &written::key(&refund.id, "account"),
            })
            .await?;
        let told = &answer["debtorAccount"];
        let number = told["accountNumber"].as_str()?.to_owned();
        let holder = told["accountName"].as_str().unwrap_or(&payer).to_owned();
        Some(Account { number, holder })
    }

    async fn tell_account(&self, refund: &Refund, account: &Account) {
        self.kept().advised.insert(refund.id.clone());
        let path = format!(
            "/payment-requests/{}/refunds/{}/advices",
            refund.payment_id, refund.id
        );
        let message = written::message_id(&refund.id, "advice");
        let body = written::advice(refund, account, &message, self.clock.now());
        let key = written::key(&refund.id, "advice");
        let mut errand = Errand {
            account: CREDITOR,
            path: &path,
            body: &body,
            key: &key,
        };
        if self.insist(&errand).await.is_none() {
            return;
        }
        self.delivered(refund);
        // Some come twice: as the same call, or as another that says the same.
        let again = number_of(&refund.id, "again") % 6;
        let message = written::message_id(&refund.id, "advice again");
        let repeated = written::advice(refund, account, &message, self.clock.now());
        let other_key = written::key(&refund.id, "advice again");
        if again == 1 {
            (errand.body, errand.key) = (&repeated, &other_key);
        }
        if again < 2 {
            tokio::time::sleep(SOON).await;
            self.insist(&errand).await;
        }
    }

    /// Tells the payer's bank what the creditor's side said.
    pub(super) fn pass_on(
        self: &Arc<Self>,
        refund: Refund,
        confirmation: Confirmation,
        retrieval: Option<String>,
    ) {
        let network = Arc::clone(self);
        tokio::spawn(async move {
            let path = format!(
                "/payment-requests/{}/refunds/{}/payment-confirmations",
                refund.payment_id, refund.id
            );
            let about = format!("{} {}", refund.id, retrieval.as_deref().unwrap_or("first"));
            let message = written::message_id(&about, "confirmation");
            let body = written::confirmed(
                &refund,
                &confirmation,
                retrieval.as_deref(),
                &message,
                confirmation.at,
            );
            let errand = Errand {
                account: BANK,
                path: &path,
                body: &body,
                key: &written::key(&about, "confirmation"),
            };
            if network.insist(&errand).await.is_none() {
                return;
            }
            network.delivered(&refund);
            if number_of(&about, "twice").is_multiple_of(3) {
                tokio::time::sleep(SOON).await;
                network.insist(&errand).await;
            }
        });
    }

    /// Asks the creditor's side how a refund stands.
    pub(super) fn ask_creditor(
        self: &Arc<Self>,
        payment: String,
        refund: String,
        retrieval: String,
    ) {
        let network = Arc::clone(self);
        tokio::spawn(async move {
            let message = written::message_id(&retrieval, "asked");
            let at = network.clock.now();
            let body = written::status_asked(&payment, &refund, &retrieval, &message, at);
            let errand = Errand {
                account: CREDITOR,
                path: &format!("/payment-requests/{payment}/refunds/{refund}/status-retrievals"),
                body: &body,
                key: &written::key(&retrieval, "asked"),
            };
            network.insist(&errand).await;
        });
    }

    fn delivered(&self, refund: &Refund) {
        // What is not noted is delivered once more after a restart.
        let _ = self.kept().records.refunds.look(&refund.id);
    }

    /// Calls until there is an answer; none: the participant refused for good.
    async fn insist(&self, errand: &Errand<'_>) -> Option<Value> {
        let mut pause = FIRST_PAUSE;
        let mut said_before = String::new();
        loop {
            let (answer, said) = match self.call(errand).await {
                Said::Taken(answer) => (Some(Some(answer)), "taken in".to_owned()),
                Said::Refused(why) => (Some(None), format!("refused: {why}")),
                Said::Nothing(why) => (None, why),
            };
            if said != said_before {
                self.tell(errand, &said);
                said_before = said;
            }
            if let Some(ended) = answer {
                return ended;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn tell(&self, errand: &Errand<'_>, outcome: &str) {
        let told = Told {
            at: self.clock.now().to_rfc3339(),
            account: errand.account.to_owned(),
            call: errand.path.to_owned(),
            outcome: outcome.to_owned(),
        };
        // It is for people; nothing depends on it.
        let _ = self.kept().told.note(&told);
    }

    async fn call(&self, errand: &Errand<'_>) -> Said {
        match self.exchange(errand).await {
            Ok(said) => said,
            Err(error) => Said::Nothing(error.without_url().to_string()),
        }
    }

    async fn exchange(&self, errand: &Errand<'_>) -> Result<Said, reqwest::Error> {
        let Courier { listener, client } = &self.courier;
        let url = format!("https://{listener}/{}{}", errand.account, errand.path);
        let signature = jws::sign(&self.keys.network, errand.body.as_bytes(), self.clock.now());
        let reply = client
            .post(url)
            .header("X-Request-ID", written::message_id(errand.key, "request"))
            .header("X-Product-ID", PRODUCT)
            .header("X-Participant-ID", NETWORK_PARTICIPANT)
            .header("X-JWS-Signature", signature.unwrap_or_default())
            .header("Idempotency-Key", errand.key)
            .header("Content-Type", "application/json")
            .body(errand.body.to_owned())
            .send()
            .await?;
        let status = reply.status().as_u16();
        let signature = reply.headers().get("x-jws-signature").cloned();
        let body = reply.bytes().await?;
        let signature = signature.as_ref().and_then(|it| it.to_str().ok());
        Ok(self.said(errand, status, signature, &body))
    }

    fn said(&self, errand: &Errand<'_>, status: u16, signature: Option<&str>, body: &[u8]) -> Said {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &answer["Errors"]["Error"][0];
        if status != 200 {
            let code = error["ReasonCode"].as_str().unwrap_or("no code");
            let why = format!("{status} {code}");
            return match (status, error["Recoverable"].as_bool()) {
                (400..=499, Some(false)) => Said::Refused(why),
                _ => Said::Nothing(why),
            };
        }
        let asked: Value = serde_json::from_str(errand.body).unwrap_or_default();
        if answer["originalMessageId"] != asked["messageId"] {
            return Said::Nothing("the answer is to another message".to_owned());
        }
        // Questions about a status are answered unsigned.
        if errand.path.ends_with("/status-retrievals") {
            return Said::Taken(answer);
        }
        let participant = self.keys.participant(errand.account);
        let now = self.clock.now();
        match jws::verify(signature.unwrap_or_default(), body, participant, now) {
            Ok(()) => Said::Taken(answer),
            Err(why) => Said::Nothing(format!("the answer is not proven: {why}")),
        }
    }
}
