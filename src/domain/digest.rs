//! SHA-256 over fields that cannot run into each other: each is prefixed by its length.

use aws_lc_rs::digest::{SHA256, digest};

/// Fields in the order they are hashed.
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// Starts the fields of one kind of thing, so that two kinds never hash alike.
    pub fn new(kind: &str) -> Self {
        // Most things fit; seals are computed for every row of an import.
        Self(Vec::with_capacity(256)).text(kind)
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend((bytes.len() as u64).to_be_bytes());
        self.0.extend(bytes);
        self
    }

    /// Adds a whole number.
    #[must_use]
    pub fn integer(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a text that may be absent; absent and empty differ.
    #[must_use]
    pub fn optional(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.integer(1).text(text),
            None => self.integer(0),
        }
    }

    /// The hash of all fields.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The hash of all fields in lower-case hex.
    pub fn hex(&self) -> String {
        hex(&self.sha256())
    }
}

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_do_not_run_together() {
        let one = Canonical::new("t").text("ab").text("c").hex();
        let other = Canonical::new("t").text("a").text("bc").hex();
        assert_ne!(one, other);
        assert_ne!(
            Canonical::new("t").optional(None).hex(),
            Canonical::new("t").optional(Some("")).hex()
        );
    }

    #[test]
    fn is_sha256() {
        assert_eq!(
            hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
