//! A disk that fails on demand: it loses what was not synced, tears it, or refuses to write.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rusqlite::ffi;

/// What a disk writes as one: a cut tears between these, never inside.
const SECTOR: usize = 512;

/// What goes wrong at the `at`-th operation that changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The power goes: of what was not synced each sector may be there or not.
    Cut {
        at: u64,
    },
    /// One operation fails; a write gets half way.
    Error {
        at: u64,
    },
    /// The disk is full until it is mended; a write gets half way.
    Full {
        at: u64,
    },
}

/// What becomes of an operation.
pub enum Fate {
    Done,
    /// So many bytes are written, then it fails.
    Part(usize, i32),
    Refused(i32),
}

/// Something that was not synced yet.
enum Pending {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Pending>,
}

struct State {
    fault: Fault,
    operations: u64,
    dice: Dice,
    files: BTreeMap<String, File>,
    /// What is on the disk when the power comes back.
    after: Option<BTreeMap<String, Vec<u8>>>,
}

pub struct Disk(Mutex<State>);

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }
}

impl Disk {
    pub fn new(fault: Fault, seed: u64) -> Self {
        Self(Mutex::new(State {
            fault,
            operations: 0,
            dice: Dice(seed),
            files: BTreeMap::new(),
            after: None,
        }))
    }

    /// How many operations changed the disk so far.
    pub fn operations(&self) -> u64 {
        self.0.lock().unwrap().operations
    }

    /// There is room again, and nothing else goes wrong.
    pub fn mend(&self) {
        self.0.lock().unwrap().fault = Fault::None;
    }

    /// What is on the disk after the power cut, once there was one.
    pub fn after(&self) -> Option<BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap().after.clone()
    }

    pub fn is_off(&self) -> bool {
        self.0.lock().unwrap().after.is_some()
    }

    pub fn write(&self, file: &str, at: usize, bytes: &[u8]) -> Fate {
        let mut state = self.0.lock().unwrap();
        let whole = |bytes: &[u8]| Pending::Write {
            at,
            bytes: bytes.to_vec(),
        };
        match state.meet(ffi::SQLITE_IOERR_WRITE) {
            Met::Nothing => {
                state.pend(file, whole(bytes));
                Fate::Done
            }
            Met::Fault(code) => {
                let half = bytes.len() / 2 / SECTOR * SECTOR;
                state.pend(file, whole(&bytes[..half]));
                Fate::Part(half, code)
            }
            // The write under way when the power goes may be there in part.
            Met::Cut => state.cut(Some((file, whole(bytes)))),
            Met::Off => Fate::Refused(ffi::SQLITE_IOERR),
        }
    }

    pub fn truncate(&self, file: &str, size: usize) -> Fate {
        let mut state = self.0.lock().unwrap();
        match state.meet(ffi::SQLITE_IOERR_TRUNCATE) {
            Met::Nothing => {
                state.pend(file, Pending::Truncate(size));
                Fate::Done
            }
            Met::Fault(code) => Fate::Refused(code),
            Met::Cut => state.cut(Some((file, Pending::Truncate(size)))),
            Met::Off => Fate::Refused(ffi::SQLITE_IOERR),
        }
    }

    pub fn sync(&self, file: &str) -> Fate {
        let mut state = self.0.lock().unwrap();
        match state.meet(ffi::SQLITE_IOERR_FSYNC) {
            Met::Nothing => {
                if let Some(file) = state.files.get_mut(file) {
                    for pending in std::mem::take(&mut file.pending) {
                        pending.apply(&mut file.synced, || true);
                    }
                }
                Fate::Done
            }
            Met::Fault(code) => Fate::Refused(code),
            Met::Cut => state.cut(None),
            Met::Off => Fate::Refused(ffi::SQLITE_IOERR),
        }
    }

    pub fn delete(&self, file: &str) -> Fate {
        let mut state = self.0.lock().unwrap();
        match state.meet(ffi::SQLITE_IOERR_DELETE) {
            Met::Nothing => {
                state.files.remove(file);
                Fate::Done
            }
            Met::Fault(code) => Fate::Refused(code),
            Met::Cut => state.cut(None),
            Met::Off => Fate::Refused(ffi::SQLITE_IOERR),
        }
    }
}

/// What an operation meets.
enum Met {
    Nothing,
    Fault(i32),
    Cut,
    Off,
}

impl State {
    /// Counts an operation that changes the disk.
    fn meet(&mut self, code: i32) -> Met {
        if self.after.is_some() {
            return Met::Off;
        }
        self.operations += 1;
        match self.fault {
            Fault::Cut { at } if self.operations == at => Met::Cut,
            Fault::Error { at } if self.operations == at => Met::Fault(code),
            Fault::Full { at } if self.operations >= at => Met::Fault(ffi::SQLITE_FULL),
            _ => Met::Nothing,
        }
    }

    fn pend(&mut self, file: &str, pending: Pending) {
        let file = self.files.entry(file.to_owned()).or_default();
        file.pending.push(pending);
    }

    /// Settles what is on the disk: what was synced, and by chance what was not.
    fn cut(&mut self, under_way: Option<(&str, Pending)>) -> Fate {
        if let Some((file, pending)) = under_way {
            self.pend(file, pending);
        }
        let mut after = BTreeMap::new();
        for (name, file) in std::mem::take(&mut self.files) {
            let mut content = file.synced;
            for pending in file.pending {
                pending.apply(&mut content, || self.dice.below(2) == 0);
            }
            after.insert(name, content);
        }
        self.after = Some(after);
        Fate::Refused(ffi::SQLITE_IOERR)
    }
}

impl Pending {
    /// Does it to the content, sector by sector where `reaches` says so.
    fn apply(self, content: &mut Vec<u8>, mut reaches: impl FnMut() -> bool) {
        match self {
            Self::Truncate(size) => {
                if reaches() {
                    content.truncate(size);
                }
            }
            Self::Write { at, bytes } => {
                let mut done = 0;
                while done < bytes.len() {
                    let sector_end = ((at + done) / SECTOR + 1) * SECTOR - at;
                    let end = sector_end.min(bytes.len());
                    if reaches() {
                        if content.len() < at + end {
                            content.resize(at + end, 0);
                        }
                        content[at + done..at + end].copy_from_slice(&bytes[done..end]);
                    }
                    done = end;
                }
            }
        }
    }
}
