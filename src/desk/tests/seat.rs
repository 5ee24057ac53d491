//! Where tests sit: at the desk itself, or at one over a socket, as the copy of these tests says.

use std::collections::HashMap;
use std::ops::Deref;

use super::*;
use crate::desk::face::Refusal;
use crate::desk::remote::{Reach, Remote};
use crate::serve::socket::{self, Socket};

/// Which of the two copies of these tests this is.
pub(super) fn is_over_a_socket() -> bool {
    module_path!().contains("over_a_socket")
}

/// A desk, and how it is asked.
#[derive(Clone)]
pub(super) struct Seat(Arc<Inner>);

struct Inner {
    local: Arc<Local>,
    service: tokio::sync::Mutex<Option<Service>>,
}

/// A service's socket with the desk behind it, and a connection for each person.
struct Service {
    folder: TempDir,
    _socket: Socket,
    desks: HashMap<String, Arc<Remote>>,
}

impl From<Arc<Local>> for Seat {
    fn from(local: Arc<Local>) -> Self {
        Self(Arc::new(Inner {
            local,
            service: tokio::sync::Mutex::default(),
        }))
    }
}

impl Deref for Seat {
    type Target = Arc<Local>;

    fn deref(&self) -> &Arc<Local> {
        &self.0.local
    }
}

impl Seat {
    pub(super) async fn ask(&self, actor: &Actor, request: Request) -> Result<Reply, Refusal> {
        // A socket does not let in who has no role; what the desk itself says to them is asked there.
        if is_over_a_socket() && self.0.local.knows(actor) {
            self.remote(actor).await.ask(actor, request).await
        } else {
            self.0.local.ask(actor, request).await
        }
    }

    async fn remote(&self, actor: &Actor) -> Arc<Remote> {
        let mut service = self.0.service.lock().await;
        let service = service.get_or_insert_with(|| Service::open(&self.0.local));
        let who = format!("{actor:?}");
        if let Some(desk) = service.desks.get(&who) {
            return Arc::clone(desk);
        }
        let reach = Reach {
            socket: service.folder.path().join("desk.sock"),
            acts: Some(actor.clone()),
            origin: actor.claimed_origin.clone(),
            read_only: false,
            patience: Duration::from_secs(60),
        };
        let desk = Remote::connect(reach).await.unwrap();
        service.desks.insert(who, Arc::clone(&desk));
        desk
    }
}

impl Service {
    fn open(desk: &Arc<Local>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = socket::open(socket::Means {
            desk: Arc::clone(desk) as _,
            clock: Clock::system(),
            path: folder.path().join("desk.sock"),
            group: None,
            sandbox: true,
            patience: Duration::from_secs(60),
        });
        Self {
            folder,
            _socket: socket.unwrap(),
            desks: HashMap::new(),
        }
    }
}
