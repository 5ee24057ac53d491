//! The refunds a simulator accepted, and which faults have struck. Kept across restarts.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::book::{Book, Payout};
use super::journal::Journal;

/// No refund changes after its second look, so no more are counted.
const LOOKS_THAT_COUNT: u8 = 2;

/// What a refund is found by: the kind of name, and the name.
pub(super) type Name = (&'static str, String);

/// A refund as its simulator makes it.
pub(super) trait Made: Clone + Serialize + DeserializeOwned {
    /// The provider's id of it.
    fn id(&self) -> &str;
    /// What it is found by besides its id.
    fn names(&self) -> Vec<Name>;
    /// What leaves at its acceptance, if anything does.
    fn payout(&self) -> Option<Payout<'_>>;
    /// How many looks have shown it.
    fn looks_mut(&mut self) -> &mut u8;
}

/// What makes an authorised refund `R` a paid one, where the provider has such a thing.
pub(super) trait Capturing<R>: Clone + Serialize + DeserializeOwned {
    /// The provider's id of the refund.
    fn refund_id(&self) -> &str;
    /// From now on it is captured.
    fn mark(&self, refund: &mut R);
}

impl<R> Capturing<R> for () {
    fn refund_id(&self) -> &'static str {
        ""
    }

    fn mark(&self, _: &mut R) {}
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fact<R, C, K> {
    Accepted(R),
    /// The refund's payout is in the book.
    Booked(String),
    /// A look has shown the refund.
    Looked(String),
    /// The refund so named has had its fault.
    Struck(String),
    Canceled(C),
    Captured(K),
}

/// Every refund `R` that was accepted, oldest first, and every cancel `C` and capture `K` where the
/// provider has such things.
pub(super) struct Accepted<R, C = (), K = ()> {
    all: Vec<R>,
    by_name: HashMap<Name, Vec<usize>>,
    cancels: Vec<C>,
    captures: Vec<K>,
    struck: HashSet<String>,
    journal: Journal<Fact<R, C, K>>,
    book: Book,
}

impl<R: Made, C, K> Accepted<R, C, K>
where
    C: Clone + Serialize + DeserializeOwned,
    K: Capturing<R>,
{
    /// Opens journal and book, and enters the payouts that a crash kept out of the book.
    pub(super) fn open(journal: &Path, book: &Path) -> io::Result<Self> {
        let (journal, facts) = Journal::open(journal)?;
        let mut accepted = Self {
            all: Vec::new(),
            by_name: HashMap::new(),
            cancels: Vec::new(),
            captures: Vec::new(),
            struck: HashSet::new(),
            journal,
            book: Book::open(book)?,
        };
        for refund in accepted.remember(facts) {
            match Book::names(book, refund.id())? {
                true => accepted.note_booked(&refund)?,
                false => accepted.enter_in_book(&refund)?,
            }
        }
        Ok(accepted)
    }

    /// Takes in the journal's facts; the refunds that are not known to be in the book.
    fn remember(&mut self, facts: Vec<Fact<R, C, K>>) -> Vec<R> {
        let mut booked = HashSet::new();
        for fact in facts {
            match fact {
                Fact::Accepted(refund) => self.add(refund),
                Fact::Booked(id) => _ = booked.insert(id),
                Fact::Looked(id) => self.count_look(&id),
                Fact::Struck(refund) => _ = self.struck.insert(refund),
                Fact::Canceled(cancel) => self.cancels.push(cancel),
                Fact::Captured(capture) => _ = self.mark(capture),
            }
        }
        let unbooked = |it: &&R| it.payout().is_some() && !booked.contains(it.id());
        self.all.iter().filter(unbooked).cloned().collect()
    }

    fn add(&mut self, refund: R) {
        let id = ("id", refund.id().to_owned());
        for name in refund.names().into_iter().chain([id]) {
            self.by_name.entry(name).or_default().push(self.all.len());
        }
        self.all.push(refund);
    }

    pub(super) fn all(&self) -> &[R] {
        &self.all
    }

    pub(super) fn cancels(&self) -> &[C] {
        &self.cancels
    }

    pub(super) fn captures(&self) -> &[K] {
        &self.captures
    }

    /// The refunds of a name, oldest first.
    pub(super) fn named(&self, name: Name) -> impl DoubleEndedIterator<Item = &R> {
        let places = self.by_name.get(&name).into_iter().flatten();
        places.map(|place| &self.all[*place])
    }

    pub(super) fn with_id(&self, id: &str) -> Option<&R> {
        self.named(("id", id.to_owned())).next()
    }

    /// Whether the fault of the refund so named comes now, which it does once.
    pub(super) fn strikes(&mut self, refund: &str) -> io::Result<bool> {
        if !self.struck.insert(refund.to_owned()) {
            return Ok(false);
        }
        self.journal.record(&Fact::Struck(refund.to_owned()))?;
        Ok(true)
    }

    /// Accepts a refund: on disk first, then in the book, and only then anyone may be told.
    pub(super) fn accept(&mut self, refund: R) -> io::Result<()> {
        self.journal.record(&Fact::Accepted(refund.clone()))?;
        self.add(refund.clone());
        self.enter_in_book(&refund)
    }

    /// Accepts a cancel. It pays nothing out, so the book has no line of it.
    pub(super) fn cancel(&mut self, cancel: C) -> io::Result<()> {
        self.journal.record(&Fact::Canceled(cancel.clone()))?;
        self.cancels.push(cancel);
        Ok(())
    }

    /// Accepts a capture. This pays the refund, so it is on disk first, then in the book.
    pub(super) fn capture(&mut self, capture: K) -> io::Result<()> {
        self.journal.record(&Fact::Captured(capture.clone()))?;
        match self.mark(capture) {
            Some(refund) => self.enter_in_book(&refund),
            None => Ok(()),
        }
    }

    fn mark(&mut self, capture: K) -> Option<R> {
        let refund = self.made_mut(capture.refund_id())?;
        capture.mark(refund);
        let refund = refund.clone();
        self.captures.push(capture);
        Some(refund)
    }

    /// Notes that a look shows a refund.
    pub(super) fn look(&mut self, id: &str) -> io::Result<()> {
        if self.looks_mut(id).is_some_and(|it| *it < LOOKS_THAT_COUNT) {
            self.journal.note(&Fact::Looked(id.to_owned()))?;
            self.count_look(id);
        }
        Ok(())
    }

    fn count_look(&mut self, id: &str) {
        if let Some(looks) = self.looks_mut(id) {
            *looks = looks.saturating_add(1);
        }
    }

    fn looks_mut(&mut self, id: &str) -> Option<&mut u8> {
        self.made_mut(id).map(R::looks_mut)
    }

    fn made_mut(&mut self, id: &str) -> Option<&mut R> {
        let place = *self.by_name.get(&("id", id.to_owned()))?.first()?;
        self.all.get_mut(place)
    }

    fn enter_in_book(&mut self, refund: &R) -> io::Result<()> {
        let Some(payout) = refund.payout() else {
            return Ok(());
        };
        self.book.enter(&payout)?;
        self.note_booked(refund)
    }

    fn note_booked(&mut self, refund: &R) -> io::Result<()> {
        self.journal.note(&Fact::Booked(refund.id().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::money::{Currency, Money};
    use crate::sandbox::course::Course;

    /// Paid in the way its cents say.
    #[derive(Clone, Serialize, Deserialize)]
    struct Refund {
        id: String,
        minor: i64,
        #[serde(skip)]
        looks: u8,
    }

    impl Made for Refund {
        fn id(&self) -> &str {
            &self.id
        }

        fn names(&self) -> Vec<Name> {
            vec![("minor", self.minor.to_string())]
        }

        fn payout(&self) -> Option<Payout<'_>> {
            let amount = Money::new(self.minor, Currency::from_code("USD").unwrap());
            Course::of(self.minor).pays().then(|| Payout {
                account: "hub-us",
                payment_id: "p1",
                amount,
                compensation: None,
                correlation: "rfd-1",
                provider_refund_id: &self.id,
                at: chrono::DateTime::UNIX_EPOCH,
            })
        }

        fn looks_mut(&mut self) -> &mut u8 {
            &mut self.looks
        }
    }

    fn refund(id: &str, minor: i64) -> Refund {
        let id = id.to_owned();
        let looks = 0;
        Refund { id, minor, looks }
    }

    #[test]
    fn a_crash_between_journal_and_book_is_made_good_once() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, book) = (folder.path().join("journal"), folder.path().join("book"));
        let open = || Accepted::<Refund>::open(&journal, &book).unwrap();
        let mut accepted = open();
        accepted.accept(refund("r1", 1000)).unwrap();
        for lost in [refund("r2", 2000), refund("r3", 3001)] {
            accepted.journal.record(&Fact::Accepted(lost)).unwrap();
        }
        drop(accepted);
        for _ in 0..2 {
            assert_eq!(open().all().len(), 3);
            let text = fs::read_to_string(&book).unwrap();
            let ids: Vec<bool> = text.lines().map(|line| line.contains("\"r2\"")).collect();
            assert_eq!(ids, [false, true], "r3 failed and pays nothing");
        }
    }

    #[test]
    fn a_book_given_anew_does_not_repeat_old_payouts() {
        let folder = tempfile::tempdir().unwrap();
        let open = |book: &str| {
            let at = |name: &str| folder.path().join(name);
            Accepted::<Refund>::open(&at("journal"), &at(book)).unwrap()
        };
        open("first").accept(refund("r1", 1000)).unwrap();
        drop(open("second"));
        assert_eq!(fs::read(folder.path().join("second")).unwrap(), b"");
    }

    #[test]
    fn names_looks_faults_and_cancels_are_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let at = |name: &str| folder.path().join(name);
            Accepted::<Refund, String>::open(&at("journal"), &at("book")).unwrap()
        };
        let mut accepted = open();
        for (id, minor) in [("r1", 1000), ("r2", 1000), ("r3", 70)] {
            accepted.accept(refund(id, minor)).unwrap();
        }
        for _ in 0..3 {
            accepted.look("r2").unwrap();
        }
        accepted.look("none").unwrap();
        accepted.cancel("c1".to_owned()).unwrap();
        assert!(accepted.strikes("rfd-1").unwrap());
        drop(accepted);
        let mut accepted = open();
        assert!(!accepted.strikes("rfd-1").unwrap());
        assert_eq!(accepted.cancels(), ["c1"]);
        let found = accepted.named(("minor", "1000".to_owned()));
        let found: Vec<(&str, u8)> = found.map(|it| (it.id(), it.looks)).collect();
        assert_eq!(found, [("r1", 0), ("r2", 2)]);
        assert!(accepted.with_id("1000").is_none());
    }

    /// As simulators before this one wrote them: a desk's data outlives the program.
    #[test]
    fn an_older_journal_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, book) = (folder.path().join("journal"), folder.path().join("book"));
        let older = concat!(
            "{\"accepted\":{\"id\":\"r1\",\"minor\":1000}}\n",
            "{\"booked\":\"r1\"}\n{\"looked\":\"r1\"}\n",
            "{\"struck\":\"rfd-1\"}\n{\"canceled\":\"c1\"}\n",
        );
        fs::write(&journal, older).unwrap();
        let accepted = Accepted::<Refund, String>::open(&journal, &book).unwrap();
        assert_eq!(accepted.with_id("r1").map(|it| it.looks), Some(1));
        assert_eq!(fs::read_to_string(&book).unwrap(), "");
        assert_eq!(fs::read_to_string(&journal).unwrap(), older);
    }
}
