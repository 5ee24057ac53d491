//! A desk with one account of a network that has no inquiries, and the bank's files for it.

use super::*;

/// A network without inquiries: an account request, and a confirmation.
pub struct NetworkFormat(OwnBank);

impl RefundFormat for NetworkFormat {
    fn check(&self, _: &RefundOrder) -> Result<(), BuildError> {
        Ok(())
    }

    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        Ok(wire("refunds", "", order))
    }

    fn can(&self, deed: Deed) -> bool {
        matches!(deed, Deed::Refund | Deed::Confirm)
    }

    fn own_bank(&self) -> Option<&OwnBank> {
        Some(&self.0)
    }

    fn build_step(
        &self,
        _: Deed,
        id: &str,
        order: &RefundOrder,
    ) -> Result<WireRequest, BuildError> {
        let paid = order.transfer.as_ref().map(|it| it.reference.as_str());
        Ok(wire(
            "confirmations",
            &format!("{id} {}", paid.unwrap_or("-")),
            order,
        ))
    }
}

fn wire(what: &str, body: &str, order: &RefundOrder) -> WireRequest {
    WireRequest {
        method: "POST".into(),
        url: format!("http://127.0.0.1:9/{what}"),
        body: format!("{body} at {}", order.at).into_bytes(),
        idempotency_key: order.idempotency_key.clone(),
        correlation: order.correlation.clone(),
    }
}

/// The network's side: what it answers to a confirmation, and what it was told.
pub struct FakeNetwork {
    answers: Mutex<Vec<Finding>>,
    told: Mutex<Vec<(String, String)>>,
    ran: Mutex<Vec<Errand>>,
}

impl FakeNetwork {
    /// Answers confirmations so, in turn; the last for ever.
    pub fn new(answers: &[Finding]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.to_vec()),
            told: Mutex::default(),
            ran: Mutex::default(),
        })
    }

    /// What it was told because it asked.
    pub fn ran(&self) -> Vec<Errand> {
        self.ran.lock().unwrap().clone()
    }

    /// Key and body of each confirmation.
    pub fn told(&self) -> Vec<(String, String)> {
        self.told.lock().unwrap().clone()
    }
}

impl Provider for FakeNetwork {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        let taken = Finding {
            provider_refund_id: Some("n-1".into()),
            ..report(Reported::Pending)
        };
        std::future::ready(taken).boxed()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        std::future::ready(Finding::new(Evidence::Doubt, "nobody to ask")).boxed()
    }

    fn can_ask(&self, _: &Inquiry) -> bool {
        false
    }

    fn carry_out<'a>(
        &'a self,
        deed: Deed,
        wire: &'a WireRequest,
        asked: Asked,
    ) -> BoxFuture<'a, Finding> {
        if deed == Deed::Refund {
            return self.send(wire, asked);
        }
        let body = String::from_utf8(wire.body.clone()).unwrap();
        self.told
            .lock()
            .unwrap()
            .push((wire.idempotency_key.clone(), body));
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        };
        std::future::ready(answer).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        std::future::ready(report(Reported::Pending)).boxed()
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

/// Its calls are given to the desk as read.
impl Network for FakeNetwork {
    fn read(&self, _: &Call<'_>) -> Result<Received, Response> {
        unreachable!()
    }

    fn answer(&self, _: &Received, _: &Answer) -> Response {
        unreachable!()
    }

    fn again(&self, _: &Received, _: u16, _: &[u8]) -> Response {
        unreachable!()
    }

    fn run<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Finding> {
        self.ran.lock().unwrap().push(errand.clone());
        let taken = Finding {
            http_status: Some(200),
            ..report(Reported::Succeeded)
        };
        std::future::ready(taken).boxed()
    }
}

fn own_bank() -> OwnBank {
    OwnBank {
        account: BankAccount::new("20000055779911"),
        bic: None,
        version: PainVersion::V09,
        service_level: None,
    }
}

impl Stage {
    /// A desk with one account of a network that has no inquiries, on a clock of the test's.
    pub async fn network(network: &Arc<FakeNetwork>) -> Self {
        let config = CONFIG.replace("pace = 10", "pace = 1");
        let clock = Clock::manual(Clock::system().now());
        let Self { folder, desk, .. } = Self::open(2).await;
        drop(desk);
        let mut desk = Self::desk_over(folder.path(), &config, clock.clone());
        let account = &mut Arc::get_mut(&mut desk).unwrap().accounts[0];
        account.format = Arc::new(NetworkFormat(own_bank()));
        account.profile.pollable = false;
        account.profile.replay_window = Some(Duration::from_hours(24));
        let stage = Self {
            folder,
            desk,
            clock,
        };
        let provider: Arc<dyn Provider> = Arc::<FakeNetwork>::clone(network);
        stage.desk.account("hub").unwrap().connect_to(provider);
        stage
    }

    pub async fn bank_by(&self, name: &str, ask: BankAsk) -> Result<Reply, Refusal> {
        let actor = Actor::named(name);
        self.desk.ask(&actor, Request::Bank(ask)).await
    }

    pub async fn answer(&self, name: &str, ask: BankAsk) -> BankAnswer {
        match self.bank_by(name, ask).await {
            Ok(Reply::Bank(answer)) => *answer,
            other => panic!("{other:?}"),
        }
    }

    pub async fn file(&self, name: &str, ask: BankAsk) -> PaymentFile {
        match self.answer(name, ask).await {
            BankAnswer::File(file) => file,
            other => panic!("{other:?}"),
        }
    }

    pub async fn transfers(&self) -> Transfers {
        let ask = BankAsk::Transfers {
            account: None,
            ended: true,
        };
        match self.answer("mia", ask).await {
            BankAnswer::Transfers(shown) => shown,
            other => panic!("{other:?}"),
        }
    }

    pub async fn transfer(&self, id: RefundId) -> Transfer {
        self.desk.transfers_of(id).await.unwrap().pop().unwrap()
    }

    pub async fn advised(&self, number: &str) -> Answer {
        let message = Message::AccountAdvice {
            payment: "pay-0".into(),
            refund: "n-1".into(),
            account: Some(BankAccount {
                holder: Some("Zoe O'Brien".into()),
                ..BankAccount::new(number)
            }),
            declined: None,
        };
        self.desk
            .account_advised("hub", &received(message))
            .await
            .unwrap()
    }

    /// The network asks how the refund stands; what the desk answers and writes down.
    pub async fn asked(&self, retrieval: &str) {
        let called = Called {
            account: "hub".into(),
            name: retrieval.into(),
            message: String::new(),
            kind: "refund_status_asked",
            payment: "pay-0".into(),
            refund: Some("n-1".into()),
            call: sha256(retrieval.as_bytes()),
            says: sha256(retrieval.as_bytes()),
            at: self.clock.now(),
        };
        let question = received(Message::RefundStatusAsked {
            payment: "pay-0".into(),
            refund: "n-1".into(),
            retrieval: Some(retrieval.into()),
        });
        let asked = self.desk.refund_status_asked(&called, &question);
        let (answer, recorded) = asked.await.unwrap();
        let retrieval = retrieval.into();
        assert_eq!(answer, Answer::WillFollow { retrieval });
        let sent = NewAnswer {
            status: 200,
            body: b"{}".to_vec(),
        };
        let kept = self.desk.ledger.record_call(called, recorded, sent).await;
        assert_eq!(kept.unwrap(), Kept::Nothing);
    }

    /// A refund whose transfer is due.
    pub async fn due(&self) -> RefundId {
        let id = self.compose("P0").await;
        self.work().await;
        assert_eq!(self.refund(id).await.state, State::Pending);
        assert_eq!(self.advised(NUMBER).await, Answer::Acknowledged);
        assert_eq!(self.refund(id).await.state, State::ActionRequired);
        id
    }

    /// Two people have the file written.
    pub async fn written(&self) -> (PaymentFile, Vec<u8>) {
        let ask = BankAsk::ProposeFile {
            account: None,
            currency: None,
        };
        let file = self.file("mia", ask).await;
        let approve = BankAsk::ApproveFile {
            file: file.id,
            seen: file.sha256.clone(),
        };
        self.file("ben", approve).await;
        let to = self.folder.path().join("pay.xml");
        let write = BankAsk::WriteFile {
            file: file.id,
            to: to.clone(),
        };
        let written = self.file("ben", write).await;
        (written, std::fs::read(&to).unwrap())
    }

    pub async fn reconcile(&self, text: &str) -> Reconciled {
        let ask = BankAsk::Reconcile {
            files: vec![ImportFile {
                name: "bank.xml".into(),
                bytes: text.as_bytes().to_vec(),
            }],
        };
        match self.answer("mia", ask).await {
            BankAnswer::Reconciled(mut done) => done.pop().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn todo(&self, name: &str) -> Vec<ToDoItem> {
        let actor = Actor::named(name);
        match self.desk.ask(&actor, Request::ToDo).await {
            Ok(Reply::ToDo(items)) => items,
            other => panic!("{other:?}"),
        }
    }
}

pub fn received(message: Message) -> Received {
    Received {
        idempotency_key: Some("k".into()),
        message_id: "m".into(),
        request_id: Some("x".into()),
        message,
        raw: "{}".into(),
    }
}

pub fn confirmed() -> Finding {
    report(Reported::Succeeded)
}

pub fn doubt() -> Finding {
    Finding::new(Evidence::Doubt, "no answer")
}

pub fn entry(end_to_end: &str, amount: &str, way: &str) -> String {
    format!(
        "<Document><BkToCstmrStmt><Stmt><Acct><Id><Othr><Id>55779911</Id></Othr></Id></Acct>
         <Ntry><Amt Ccy=\"USD\">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
         <BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>{way}-{end_to_end}</AcctSvcrRef><NtryDtls><TxDtls>
         <Refs><EndToEndId>{end_to_end}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    )
}
