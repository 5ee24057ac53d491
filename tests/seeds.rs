//! What seeded tests share: numbers from a seed, how much is run, and a desk in this process.

use std::fs::File;
use std::path::Path;

use refund_desk::clock::Clock;
use refund_desk::config::{Environ, Settings};
use refund_desk::desk::Desk as _;
use refund_desk::desk::face::{Actor, Reply, Request};
use refund_desk::desk::local::{Local, Mode, Parts};

/// The large figures of `promises.md` instead of the small ones.
pub fn large() -> bool {
    std::env::var_os("REFUND_DESK_LARGE").is_some()
}

/// Numbers that look random and are the same on every machine (splitmix64).
#[derive(Clone)]
pub struct Draw(u64);

impl Draw {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of a list.
    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        let place = self.below(list.len() as u64);
        list[usize::try_from(place).unwrap()]
    }
}

/// A desk that writes and sends, with its database in `data`.
pub fn parts(settings: Settings, environ: Environ, data: &Path, clock: Clock) -> Parts {
    Parts {
        settings,
        environ,
        database: data.join("desk.db"),
        rejects: data.join("rejects"),
        mode: Mode::default(),
        clock,
        opened_by: "mia".to_owned(),
    }
}

/// What a check of all records finds wrong with the database in `data`.
pub fn findings(config: &Path, data: &Path) -> Vec<String> {
    let settings = refund_desk::config::load(config).unwrap();
    let desk = parts(settings, Environ::new([]), data, Clock::system());
    let desk = Local::open(desk).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let actor = Actor::named("mia");
    let answer = runtime
        .block_on(desk.ask(
            &actor,
            Request::Verify {
                unless_lately: false,
            },
        ))
        .unwrap();
    let Reply::Verified(verified) = answer else {
        panic!("{answer:?}");
    };
    let found = verified.findings.iter();
    let found = found.map(|it| it.detail.clone()).collect();
    // Its threads end a little later, and a restore must have the database alone.
    drop(desk);
    let in_use = File::open(data.join("desk.in-use")).unwrap();
    in_use.lock().unwrap();
    found
}
