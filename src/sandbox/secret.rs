//! The sandbox's keys: random, and the same again when their files are still there.

use std::fs;
use std::io;
use std::path::Path;

use aws_lc_rs::rand;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::private_file;

/// A fresh secret of 32 random bytes, as text.
pub(super) fn fresh() -> io::Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| io::Error::other("the system gave no random bytes"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The secret kept in a file, made if there is none yet, so that a desk that is already
/// configured keeps working when the sandbox is started again.
pub(super) fn kept_in(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(secret) if !secret.trim().is_empty() => Ok(secret.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => {
            let secret = fresh()?;
            private_file::write(path, secret.as_bytes())?;
            Ok(secret)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_secret_is_the_same_again_and_a_fresh_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub-us.key");
        let first = kept_in(&path).unwrap();
        assert_eq!(kept_in(&path).unwrap(), first);
        assert_eq!(first.len(), 43);
        assert_ne!(fresh().unwrap(), fresh().unwrap());
    }
}
