//! The socket under real peers: those who ask, those who are slow, and those who mean harm.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::{Notify, Semaphore};

use super::crowd::OF_ONE;
use super::*;
use crate::desk::face::{Actor, Class, Draft, Notice, Refusal, Reply, Request};
use crate::desk::remote::{NotConnected, Reach, Remote};
use crate::desk::wire::{ASK_MAX, Ask, Hello, PROTOCOL, ToService, UNDER_WAY};

mod busy;
mod hostile;
mod steady;

const LONG: Duration = Duration::from_secs(60);

/// A desk that answers when it may, and keeps what it was asked.
struct Stub {
    heard: Mutex<VecDeque<(Actor, Request)>>,
    asked: Notify,
    /// Safeguards, refunds and approvals are answered when this says so, all else at once.
    slow: Semaphore,
    notices: broadcast::Sender<Notice>,
    answered: AtomicUsize,
    all_left: AtomicBool,
}

impl Stub {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            heard: Mutex::default(),
            asked: Notify::new(),
            slow: Semaphore::new(0),
            notices: broadcast::Sender::new(1024),
            answered: AtomicUsize::new(0),
            all_left: AtomicBool::new(false),
        })
    }

    fn heard(&self) -> Vec<(Actor, Request)> {
        self.heard.lock().unwrap().iter().cloned().collect()
    }
}

impl Desk for Stub {
    fn ask<'a>(
        &'a self,
        actor: &'a Actor,
        request: Request,
    ) -> BoxFuture<'a, Result<Reply, Refusal>> {
        async move {
            let is_slow = matches!(
                request,
                Request::Safeguards | Request::Compose(_) | Request::Approve { .. }
            );
            self.heard
                .lock()
                .unwrap()
                .push_back((actor.clone(), request));
            self.asked.notify_one();
            if is_slow {
                self.slow.acquire().await.unwrap().forget();
            }
            self.answered.fetch_add(1, Ordering::SeqCst);
            Ok(Reply::Retried(Vec::new()))
        }
        .boxed()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn knows(&self, actor: &Actor) -> bool {
        actor.name != "stranger" && !self.all_left.load(Ordering::SeqCst)
    }
}

/// A socket over a stub, in a folder of its own.
struct Stage {
    folder: TempDir,
    stub: Arc<Stub>,
    socket: Socket,
}

impl Stage {
    fn open() -> Self {
        Self::with(LONG, true)
    }

    fn with(patience: Duration, sandbox: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stub = Stub::new();
        let socket = listening(&folder, &stub, patience, sandbox).unwrap();
        Self {
            folder,
            stub,
            socket,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("desk.sock")
    }

    fn reach(&self, name: &str) -> Reach {
        Reach {
            socket: self.path(),
            acts: Some(Actor::named(name)),
            origin: Some("192.0.2.7 1 192.0.2.8 22\u{7}".to_owned()),
            read_only: false,
            patience: LONG,
        }
    }

    async fn desk(&self, name: &str) -> Arc<Remote> {
        Remote::connect(self.reach(name)).await.unwrap()
    }

    /// A connection by hand, nothing said yet.
    async fn raw(&self) -> UnixStream {
        UnixStream::connect(self.path()).await.unwrap()
    }

    /// A connection by hand that was let in.
    async fn greeted(&self) -> UnixStream {
        let mut stream = self.raw().await;
        stream.write_all(&hello("eve", PROTOCOL)).await.unwrap();
        assert!(matches!(heard(&mut stream).await, Some(ToDesk::Welcome(_))));
        stream
    }

    /// Somebody else is served as ever.
    async fn is_well(&self) {
        let desk = self.desk("ann").await;
        let reply = desk.ask(&Actor::named("ann"), Request::ToDo).await;
        assert_eq!(reply.unwrap(), Reply::Retried(Vec::new()));
    }
}

fn listening(
    folder: &TempDir,
    stub: &Arc<Stub>,
    patience: Duration,
    sandbox: bool,
) -> Result<Socket, SocketError> {
    open(Means {
        desk: Arc::clone(stub) as _,
        clock: Clock::system(),
        path: folder.path().join("desk.sock"),
        group: None,
        sandbox,
        patience,
    })
}

fn hello(name: &str, protocol: u32) -> Vec<u8> {
    let hello = Hello {
        program: "9.9.9".to_owned(),
        protocol,
        acts: Some(Actor::named(name)),
        origin: None,
    };
    wire::framed(&ToService::Hello(hello), ASK_MAX).unwrap()
}

/// The next thing the service says; none: it has hung up.
async fn heard(stream: &mut UnixStream) -> Option<ToDesk> {
    let frame = wire::read(stream, ANSWER_MAX, LONG).await.ok()??;
    Some(serde_json::from_slice(&frame).unwrap())
}

/// What it was refused with before it hung up.
async fn refused(stream: &mut UnixStream) -> String {
    let Some(ToDesk::Refused(refusal)) = heard(stream).await else {
        panic!("not refused");
    };
    assert!(heard(stream).await.is_none(), "and it is the last word");
    assert!(!refusal.message.is_empty() && !refusal.next.is_empty());
    refusal.code
}

fn code<T>(result: Result<T, Refusal>) -> String {
    result.err().map_or("none".to_owned(), |it| it.code)
}

#[tokio::test]
async fn who_asks_is_told_by_the_kernel_and_where_from_is_only_claimed() {
    let stage = Stage::with(LONG, false);
    let by_hand = Reach {
        acts: None,
        ..stage.reach("ann")
    };
    let desk = Remote::connect(by_hand).await.unwrap();
    let own = crate::identity::Identity::own();
    let boss = Actor::named("boss");
    desk.ask(&boss, Request::ToDo).await.unwrap();
    let (actor, _) = stage.stub.heard().remove(0);
    assert_eq!(actor.name, own.name, "not whom the desk says it asks for");
    assert_eq!((actor.groups, actor.acts_as), (own.groups, own.acts_as));
    let origin = actor.claimed_origin.unwrap();
    assert_eq!(origin, "192.0.2.7 1 192.0.2.8 22");
    let as_ann = Remote::connect(stage.reach("ann")).await;
    let Err(NotConnected::Refused(refusal)) = as_ann else {
        panic!("let in as another");
    };
    assert_eq!(refusal.code, "as_outside_sandbox");
}

/// Notices are for those who may look.
#[tokio::test]
async fn who_has_no_role_is_not_let_in() {
    let stage = Stage::open();
    stage.desk("ann").await;
    let refused = Remote::connect(stage.reach("stranger")).await;
    let Err(NotConnected::Refused(refusal)) = refused else {
        panic!("let in");
    };
    assert_eq!(refusal.code, "role");
}

#[tokio::test]
async fn who_loses_every_role_hears_no_more() {
    let stage = Stage::open();
    let mut stream = stage.greeted().await;
    let note = Notice::Importing { done: 1, total: 9 };
    stage.stub.notices.send(note.clone()).unwrap();
    assert!(matches!(heard(&mut stream).await, Some(ToDesk::Notice(_))));
    stage.stub.all_left.store(true, Ordering::SeqCst);
    stage.stub.notices.send(note).unwrap();
    assert_eq!(refused(&mut stream).await, "role");
}

#[tokio::test]
async fn a_quick_request_does_not_wait_for_slow_ones() {
    let stage = Stage::open();
    let desk = stage.desk("ann").await;
    let ann = Actor::named("ann");
    let slow: Vec<_> = (1..UNDER_WAY)
        .map(|_| {
            let (desk, ann) = (Arc::clone(&desk), ann.clone());
            tokio::spawn(async move { desk.ask(&ann, Request::Safeguards).await })
        })
        .collect();
    while stage.stub.heard().len() < slow.len() {
        stage.stub.asked.notified().await;
    }
    for _ in 0..100 {
        desk.ask(&ann, Request::ToDo).await.unwrap();
    }
    assert!(slow.iter().all(|it| !it.is_finished()));
    stage.stub.slow.add_permits(slow.len());
    for it in slow {
        it.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn too_many_at_once_are_refused_by_number_and_the_rest_are_answered() {
    let stage = Stage::open();
    let mut stream = stage.greeted().await;
    for number in 0..u64::from(UNDER_WAY) + 3 {
        let frame = wire::asked(number, &Request::Safeguards).unwrap();
        stream.write_all(&frame).await.unwrap();
    }
    for _ in 0..3 {
        let Some(ToDesk::Answer { answer, number }) = heard(&mut stream).await else {
            panic!("no answer");
        };
        assert!(number >= u64::from(UNDER_WAY));
        assert_eq!(code(answer), "busy");
    }
    stage.stub.slow.add_permits(UNDER_WAY as usize);
    for _ in 0..UNDER_WAY {
        let Some(ToDesk::Answer { answer, .. }) = heard(&mut stream).await else {
            panic!("no answer");
        };
        answer.unwrap();
    }
}

#[tokio::test]
async fn whoever_leaves_cancels_nothing() {
    let stage = Stage::open();
    let desk = stage.desk("ann").await;
    let asking = Arc::clone(&desk);
    let asked =
        tokio::spawn(async move { asking.ask(&Actor::named("ann"), Request::Safeguards).await });
    stage.stub.asked.notified().await;
    asked.abort();
    drop(desk);
    let _ = asked.await;
    stage.stub.slow.add_permits(1);
    // It stops when what is under way is done, and not before.
    let stub = Arc::clone(&stage.stub);
    stage.socket.stop().await;
    assert_eq!(stub.answered.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_service_that_stops_answers_what_is_under_way_and_takes_up_nothing() {
    let stage = Stage::open();
    let mut stream = stage.greeted().await;
    let ask = |number| wire::asked(number, &Request::Safeguards).unwrap();
    stream.write_all(&ask(1)).await.unwrap();
    stage.stub.asked.notified().await;
    let (path, socket, stub) = (stage.path(), stage.socket, stage.stub);
    let stopping = tokio::spawn(socket.stop());
    while path.exists() {
        tokio::task::yield_now().await;
    }
    stream.write_all(&ask(2)).await.unwrap();
    let Some(ToDesk::Answer { number: 2, answer }) = heard(&mut stream).await else {
        panic!("no answer");
    };
    assert_eq!(code(answer), "service_stops");
    stub.slow.add_permits(1);
    let Some(ToDesk::Answer { number: 1, answer }) = heard(&mut stream).await else {
        panic!("no answer");
    };
    answer.unwrap();
    assert!(heard(&mut stream).await.is_none());
    stopping.await.unwrap();
    assert_eq!(stub.heard().len(), 1);
}

#[tokio::test]
async fn another_protocol_is_refused_both_ways() {
    let stage = Stage::open();
    let mut stream = stage.raw().await;
    stream.write_all(&hello("eve", 99)).await.unwrap();
    assert_eq!(refused(&mut stream).await, "other_protocol");
    // A service of another protocol, and something that is no service.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let welcome = wire::Welcome {
        program: "9.9.9".to_owned(),
        protocol: 99,
        actor: Actor::named("x"),
    };
    let says = [
        wire::framed(&ToDesk::Welcome(welcome), ANSWER_MAX).unwrap(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ];
    let answering = tokio::spawn(async move {
        for said in says {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(&said).await.unwrap();
        }
    });
    let reach = Reach {
        socket: path.clone(),
        ..stage.reach("ann")
    };
    let Err(NotConnected::Refused(refusal)) = Remote::connect(reach.clone()).await else {
        panic!("connected");
    };
    assert_eq!(refusal.code, "other_protocol");
    assert!(refusal.message.contains("9.9.9"), "{refusal}");
    let other = Remote::connect(reach.clone()).await;
    assert!(matches!(other, Err(NotConnected::Broken { .. })));
    answering.await.unwrap();
    let nobody = Remote::connect(reach).await;
    assert!(matches!(nobody, Err(NotConnected::Nobody(_))));
}

#[tokio::test]
async fn a_live_service_keeps_its_socket_and_a_dead_ones_is_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::open();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&stage.path()), 0o600);
    let second = listening(&stage.folder, &stage.stub, LONG, true);
    assert!(matches!(second, Err(SocketError::Taken(_))));
    stage.is_well().await;
    // What a killed service leaves: a file that nobody listens at.
    let left = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(left.path().join("desk.sock")).unwrap());
    let again = listening(&left, &stage.stub, LONG, true).unwrap();
    drop(again);
    assert!(!left.path().join("desk.sock").exists());
    std::fs::write(left.path().join("desk.sock"), "mine").unwrap();
    let in_the_way = listening(&left, &stage.stub, LONG, true);
    assert!(matches!(in_the_way, Err(SocketError::InTheWay(_))));
    std::fs::remove_file(left.path().join("desk.sock")).unwrap();
    std::fs::set_permissions(left.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let open = listening(&left, &stage.stub, LONG, true);
    assert!(matches!(open, Err(SocketError::OpenFolder(_))));
    let nobodys = super::open(Means {
        desk: Arc::clone(&stage.stub) as _,
        clock: Clock::system(),
        path: stage.folder.path().join("x.sock"),
        group: Some("no such group".to_owned()),
        sandbox: true,
        patience: LONG,
    });
    assert!(matches!(nobodys, Err(SocketError::Group { .. })));
}

#[tokio::test]
async fn notices_reach_every_desk_and_one_that_falls_behind_is_told() {
    let stage = Stage::open();
    let (first, second) = (stage.desk("ann").await, stage.desk("ben").await);
    let mut heard_by = [first.notices(), second.notices()];
    let note = |done| Notice::Importing { done, total: 9 };
    stage.stub.notices.send(note(1)).unwrap();
    for notices in &mut heard_by {
        assert_eq!(notices.recv().await.unwrap(), note(1));
    }
    // More at once than are kept for anybody.
    for done in 0..5_000 {
        stage.stub.notices.send(note(done)).unwrap();
    }
    for notices in &mut heard_by {
        while notices.recv().await.ok() != Some(Notice::Changed) {}
    }
}
