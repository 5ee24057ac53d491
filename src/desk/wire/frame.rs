//! Frames: a length, then that much.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What a reader must take in within one time of patience, in bytes.
const STRIDE: usize = 64 * 1024;

/// Why a frame could not be taken in or given out.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side says it is longer than it may be.
    #[error("a frame of {told} bytes, where {max} are the most")]
    TooLong {
        /// What it says.
        told: usize,
        /// What it may be.
        max: usize,
    },
    /// It began and did not end.
    #[error("a frame that began and did not end")]
    Half,
    /// The other side takes nothing in.
    #[error("the other side does not read")]
    Deaf,
    /// The connection broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// The next frame; none: the other side has left. Waits as long as it takes for it to begin, and
/// `patience` for the rest of its head and for each stride of it. No more memory is taken than a stride
/// beyond what has arrived, whatever the head says. Not to be given up half way.
///
/// # Errors
/// [`FrameError`]: the connection is of no more use.
pub async fn read(
    from: &mut (impl AsyncRead + Unpin),
    max: usize,
    patience: Duration,
) -> Result<Option<Vec<u8>>, FrameError> {
    let mut head = [0; 4];
    let begun = from.read(&mut head).await?;
    if begun == 0 {
        return Ok(None);
    }
    let rest = head.get_mut(begun..).unwrap_or_default();
    hurried(patience, from.read_exact(rest)).await?;
    let told = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if told > max {
        return Err(FrameError::TooLong { told, max });
    }
    let mut frame = Vec::new();
    while frame.len() < told {
        let stride = (told - frame.len()).min(STRIDE);
        let mut part = (&mut *from).take(stride as u64);
        let before = frame.len();
        frame.reserve(stride);
        hurried(patience, part.read_to_end(&mut frame)).await?;
        if frame.len() - before < stride {
            return Err(FrameError::Half);
        }
    }
    Ok(Some(frame))
}

async fn hurried<T>(
    patience: Duration,
    reading: impl Future<Output = io::Result<T>>,
) -> Result<T, FrameError> {
    match timeout(patience, reading).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(FrameError::Half),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(FrameError::Half),
    }
}

/// Gives out bytes that are framed already. The other side has `patience` for each stride.
///
/// # Errors
/// [`FrameError`]: the connection is of no more use.
pub async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    framed: &[u8],
    patience: Duration,
) -> Result<(), FrameError> {
    for stride in framed.chunks(STRIDE) {
        match timeout(patience, to.write_all(stride)).await {
            Ok(written) => written?,
            Err(_) => return Err(FrameError::Deaf),
        }
    }
    Ok(())
}
