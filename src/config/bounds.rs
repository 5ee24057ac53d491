//! Figures of the config, held to what the desk can live with.

use serde::{Deserialize, Deserializer};

/// A whole number from `MIN` to `MAX`; what is outside is refused with what is allowed.
pub(super) fn within<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    let figure = i64::deserialize(deserializer)?;
    u32::try_from(figure)
        .ok()
        .filter(|figure| (MIN..=MAX).contains(figure))
        .ok_or_else(|| {
            serde::de::Error::custom(format!("{figure} is not allowed; {MIN} to {MAX} is"))
        })
}
