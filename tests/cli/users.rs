//! Real users of the system at one service: who may connect, who may read what, and that nobody
//! approves their own refund, by whatever name they come. Where users cannot be made it says so.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::desk::{PROGRAM, Ran};
use super::process::{Process, signal};
use super::stock;

/// The test by which another user speaks to the socket by hand, and what it is told.
const BY_HAND: &str = "cli::users::frames_by_hand";
const SOCKET: &str = "REFUND_DESK_HAND_SOCKET";
const FRAMES: &str = "REFUND_DESK_HAND_FRAMES";

/// Made for one test and removed after it.
struct Office {
    folder: tempfile::TempDir,
    group: String,
    users: Vec<String>,
}

fn ran(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|it| it.success())
}

impl Office {
    /// A service's user, an operator, a checker, an importer, a viewer and an admin in one group, and
    /// an outsider. None: this process may not make users.
    fn open() -> Option<Self> {
        static OFFICES: AtomicUsize = AtomicUsize::new(0);
        let number = OFFICES.fetch_add(1, Ordering::Relaxed);
        let ours = format!("rdt{}n{number}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut office = Self {
            folder,
            group: format!("{ours}g"),
            users: Vec::new(),
        };
        if !ran("setpriv", &["--version"]) || !ran("groupadd", &[&office.group]) {
            return None;
        }
        for kind in ["s", "o", "c", "i", "v", "a", "x"] {
            let name = format!("{ours}{kind}");
            let group = office.group.clone();
            let made = match kind {
                "x" => ran("useradd", &["-M", "-U", &name]),
                _ => ran("useradd", &["-M", "-U", "-G", &group, &name]),
            };
            if !made {
                return None;
            }
            office.users.push(name);
        }
        for (from, to) in [
            (PathBuf::from(PROGRAM), "refund-desk"),
            (std::env::current_exe().unwrap(), "by-hand"),
        ] {
            let to = office.path(to);
            fs::copy(from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Some(office)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn user(&self, kind: &str) -> &str {
        self.users.iter().find(|it| it.ends_with(kind)).unwrap()
    }

    fn uid(&self, kind: &str) -> u32 {
        let told = Command::new("id").args(["-u", self.user(kind)]).output();
        let told = String::from_utf8(told.unwrap().stdout).unwrap();
        told.trim().parse().unwrap()
    }

    /// A command of a user; `login` is who logged in, where the kernel is to know that.
    fn command(&self, login: Option<&str>, kind: &str, program: &Path) -> Command {
        let mut command = Command::new("sh");
        let login = login.map_or(u32::MAX, |login| self.uid(login));
        let user = match kind {
            "root" => "root",
            kind => self.user(kind),
        };
        command
            .arg("-c")
            .arg("echo \"$1\" > /proc/self/loginuid; shift; exec setpriv \"$@\"")
            .arg("sh")
            .arg(login.to_string())
            .args([&format!("--reuid={user}"), &format!("--regid={user}")])
            .args(["--init-groups", "--"])
            .arg(program)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn desk(&self, login: &str, kind: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(Some(login), kind, &self.path("refund-desk"));
        command.args(arguments).arg("--json");
        command.arg("--socket").arg(self.path("run/desk.sock"));
        // Whatever the environment says of who one is.
        for name in ["USER", "LOGNAME", "SUDO_USER"] {
            command.env(name, self.user("c"));
        }
        Process::start(&mut command).finish().into()
    }

    /// The service at work in folders of its own, with these roles.
    fn service(&self, roles: &str) -> Process {
        let owner = Some(self.uid("s"));
        let own = |name: &str, mode: u32| {
            let path = self.path(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            chown(&path, owner, None).unwrap();
        };
        for folder in ["etc", "data", "run"] {
            fs::create_dir(self.path(folder)).unwrap();
            own(folder, if folder == "run" { 0o755 } else { 0o700 });
        }
        fs::write(self.path("etc/key"), "canary").unwrap();
        own("etc/key", 0o600);
        let config = format!(
            "environment = \"test\"\n[service]\nsocket = \"{}\"\ngroup = \"{}\"\n[policy]\napproval_above = 10\n[accounts.hub-us]\nprovider = \"commerce-hub\"\nbase_url = \"http://127.0.0.1:9/ch\"\ncurrencies = [\"USD\"]\nmerchant_id = \"m\"\nterminal_id = \"t\"\napi_key = \"file:key\"\napi_secret = \"file:key\"\n{roles}",
            self.path("run/desk.sock").display(),
            self.group,
        );
        fs::write(self.path("etc/config.toml"), config).unwrap();
        own("etc/config.toml", 0o600);
        let mut command = self.command(None, "s", &self.path("refund-desk"));
        command.args(["serve", "--json", "--config"]);
        command.arg(self.path("etc/config.toml")).arg("--data-dir");
        let mut service = Process::start(command.arg(self.path("data")));
        let mut line = String::new();
        let stdout = service.child().stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        if !line.contains("ready") {
            let mut said = String::new();
            let mut stderr = service.child().stderr.take().unwrap();
            stderr.read_to_string(&mut said).unwrap();
            panic!("not ready: {line} {said}");
        }
        service
    }

    /// Speaks to the socket by hand as a user; what the service said to each frame.
    fn by_hand(&self, login: &str, kind: &str, frames: &[Value]) -> Vec<Value> {
        let mut command = self.command(Some(login), kind, &self.path("by-hand"));
        command.args(["--exact", BY_HAND, "--nocapture", "--include-ignored"]);
        command.env(SOCKET, self.path("run/desk.sock"));
        command.env(FRAMES, json!(frames).to_string());
        let ran: Ran = Process::start(&mut command).finish().into();
        let ran = ran.exits(0);
        let heard = ran
            .stdout
            .lines()
            .filter_map(|it| it.strip_prefix("heard "));
        heard.map(|it| serde_json::from_str(it).unwrap()).collect()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        for user in &self.users {
            ran("userdel", &[user]);
        }
        ran("groupdel", &[&self.group]);
    }
}

/// Run by another user, see [`Office::by_hand`]; by itself it has nothing to do.
#[test]
fn frames_by_hand() {
    let (Some(socket), Ok(frames)) = (std::env::var_os(SOCKET), std::env::var(FRAMES)) else {
        return;
    };
    let frames: Vec<Value> = serde_json::from_str(&frames).unwrap();
    let mut stream = UnixStream::connect(socket).unwrap();
    for frame in frames {
        let text = frame.to_string();
        let length = u32::try_from(text.len()).unwrap();
        stream.write_all(&length.to_be_bytes()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut head = [0; 4];
        stream.read_exact(&mut head).unwrap();
        let mut heard = vec![0; usize::try_from(u32::from_be_bytes(head)).unwrap()];
        stream.read_exact(&mut heard).unwrap();
        println!("\nheard {}", String::from_utf8(heard).unwrap());
    }
}

/// The users may be made, and the kernel keeps who logged in.
fn office() -> Option<Office> {
    let office = Office::open();
    let office = office.filter(|it| {
        let ran = it.command(Some("o"), "o", Path::new("/bin/true")).status();
        ran.is_ok_and(|it| it.success())
    });
    if office.is_none() {
        eprintln!("not tested: only root can make users and say who logged in");
    }
    office
}

#[test]
fn outsiders_stay_out_and_nobody_approves_their_own_refund() {
    let Some(office) = office() else { return };
    let service = office.service("");
    outsiders_and_operators_read_nothing(&office);
    let (id, hash) = made_by_the_operator(&office);
    own_refunds_are_not_approved(&office, &id, &hash);
    by_hand_neither(&office, &id, &hash);
    let before = office.desk("c", "c", &["status", &id]).exits(0).object();
    assert_eq!(before["state"], "awaiting_approval");
    assert_eq!(before["maker"], office.user("o"));
    office.desk("c", "c", &["approve", &id, "--expect", &hash]);
    let after = office.desk("c", "c", &["status", &id]).exits(0).object();
    assert_ne!(after["state"], "awaiting_approval", "{after:#}");
    end(service);
    // What a stopped service leaves is as closed as before.
    outsiders_and_operators_read_nothing(&office);
    let error = office.desk("o", "o", &["refunds"]).exits(6).error();
    assert_eq!(error["code"], "no_service");
}

fn end(mut service: Process) {
    signal("TERM", service.child().id());
    assert_eq!(service.finish().status.code(), Some(0));
}

fn outsiders_and_operators_read_nothing(office: &Office) {
    for kind in ["o", "c", "x"] {
        for file in ["data/desk.db", "etc/key", "etc/config.toml"] {
            let mut command = office.command(Some(kind), kind, Path::new("/bin/cat"));
            let ran = command.arg(office.path(file)).output().unwrap();
            assert!(
                !ran.status.success() && ran.stdout.is_empty(),
                "{kind} {file}"
            );
        }
    }
    let error = office.desk("x", "x", &["refunds"]).exits(6).error();
    assert_eq!(error["code"], "no_service");
}

const MADE: [&str; 6] = [
    "refund",
    "A-1",
    "--amount",
    "50",
    "--reason",
    "customer_request",
];

/// Who asks counts, not by what program or in whose folder: each user of the system does what the
/// configuration has them for, and is refused all else.
#[test]
fn each_user_does_what_their_role_is_for() {
    let Some(office) = office() else { return };
    let role = |name: &str, kind: &str| {
        let user = office.user(kind);
        format!("[roles.{name}]\nusers = [\"{user}\"]\n")
    };
    let roles = [
        role("maker", "o"),
        role("checker", "c"),
        role("importer", "i"),
        role("viewer", "v"),
        role("admin", "a"),
    ];
    let service = office.service(&roles.concat());
    let stock = office.path("stock.csv");
    fs::write(&stock, stock::dated(stock::STOCK)).unwrap();
    let import = ["import", stock.to_str().unwrap()];
    let only = |may: &str, exit: i32, typed: &[&str]| {
        for kind in ["o", "c", "i", "v", "a"].iter().filter(|it| **it != may) {
            let error = office.desk(kind, kind, typed).exits(3).error();
            assert_eq!(error["code"], "role", "{kind} {typed:?}");
            assert!(
                error["message"]
                    .as_str()
                    .unwrap()
                    .contains(office.user(kind))
            );
        }
        office.desk(may, may, typed).exits(exit)
    };
    only("i", 0, &import);
    let made = only("o", 5, &MADE).object();
    let id = made["id"].as_str().unwrap();
    for kind in ["o", "c", "i", "v", "a"] {
        let seen = office.desk(kind, kind, &["status", id]).exits(0).object();
        assert_eq!(seen["maker"], office.user("o"), "{kind}");
    }
    let hash = office.desk("v", "v", &["status", id]).exits(0).object();
    let approve = ["approve", id, "--expect", hash["hash"].as_str().unwrap()];
    // Nobody answers at the provider: approved, and not sent yet.
    only("c", 6, &approve);
    end(service);
}

/// A refund above the limit, its id and what a checker would see.
fn made_by_the_operator(office: &Office) -> (String, String) {
    let stock = office.path("stock.csv");
    fs::write(&stock, stock::dated(stock::STOCK)).unwrap();
    let stock = stock.to_str().unwrap().to_owned();
    office.desk("o", "o", &["import", &stock]).exits(0);
    let made = office.desk("o", "o", &MADE).exits(5).object();
    let id = made["id"].as_str().unwrap().to_owned();
    let seen = office.desk("o", "o", &["status", &id]).exits(0).object();
    (id, seen["hash"].as_str().unwrap().to_owned())
}

fn own_refunds_are_not_approved(office: &Office, id: &str, hash: &str) {
    let approve = ["approve", id, "--expect", hash];
    // As themselves; as the checker and as root, by sudo.
    for kind in ["o", "c", "root"] {
        office.desk("o", kind, &approve).exits(3).error();
    }
    let named = office.user("c").to_owned();
    let as_another = ["approve", id, "--expect", hash, "--as", &named];
    let error = office.desk("o", "o", &as_another).exits(3).error();
    assert_eq!(error["code"], "as_outside_sandbox");
}

fn by_hand_neither(office: &Office, id: &str, hash: &str) {
    let hello = |acts: Value| json!({"hello": {"program": "x", "protocol": 1, "acts": acts}});
    let approve =
        json!({"ask": {"number": 1, "request": {"Approve": {"refund": id, "seen": hash}}}});
    let heard = office.by_hand("o", "o", &[hello(Value::Null), approve]);
    assert_eq!(heard[0]["welcome"]["actor"]["name"], office.user("o"));
    let refused = &heard[1]["answer"]["answer"]["Err"];
    assert_eq!(refused["code"], "own_refund", "{heard:#?}");
    let as_checker = hello(json!({"name": office.user("c")}));
    let heard = office.by_hand("o", "o", &[as_checker]);
    assert_eq!(heard[0]["refused"]["code"], "as_outside_sandbox");
    let by_sudo = office.by_hand("o", "c", &[hello(Value::Null)]);
    let actor = &by_sudo[0]["welcome"]["actor"];
    assert_eq!(actor["name"], office.user("o"));
    assert_eq!(actor["acts_as"], office.user("c"));
    let groups = actor["groups"].as_array().unwrap();
    assert!(groups.contains(&json!(office.group)), "{actor}");
}
