//! Bars of cells: told apart by what they are made of, not by colour alone.

use super::pen::Piece;
use crate::tui::theme::Role;

/// What is done, or simply counted.
pub const FULL: &str = "█";
/// What is between, or not decided.
pub const HALF: &str = "▒";
/// What went wrong.
pub const CROSS: &str = "x";

const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A bar of several parts, each a count, a sign and a meaning, where `most` fills the room. What
/// there is at all takes a cell at least.
pub fn bar(parts: &[(u64, &str, Role)], most: u64, room: usize) -> Vec<Piece> {
    let mut cells: Vec<usize> = parts.iter().map(|part| share(part.0, most, room)).collect();
    while cells.iter().sum::<usize>() > room {
        let Some(longest) = cells.iter_mut().max().filter(|cells| **cells > 1) else {
            break;
        };
        *longest -= 1;
    }
    let left = room.saturating_sub(cells.iter().sum());
    let parts = parts.iter().zip(cells);
    let drawn = parts.map(|((_, sign, role), cells)| (sign.repeat(cells), *role));
    let rest = (" ".repeat(left), Role::Dim);
    drawn.chain([rest]).collect()
}

/// How much of the room a count takes.
fn share(count: u64, most: u64, room: usize) -> usize {
    if count == 0 || most == 0 {
        return 0;
    }
    let room = u128::try_from(room).unwrap_or(u128::MAX);
    let cells = u128::from(count).saturating_mul(room) / u128::from(most);
    usize::try_from(cells.min(room))
        .unwrap_or(usize::MAX)
        .max(1)
}

/// A cell per count, as high as it is large; nothing stands for none.
pub fn spark(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0);
    let level = |count: &u64| match count {
        0 => " ",
        _ => LEVELS[share(*count, most, LEVELS.len()) - 1],
    };
    counts.iter().map(level).collect()
}

/// A duration in milliseconds, in two figures or so.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..10 => format!("{seconds}.{} s", ms % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[10, 0, 0], 10, "██████████")]
    #[case(&[5, 0, 0], 10, "█████     ")]
    #[case(&[5, 2, 3], 10, "█████▒▒xxx")]
    #[case(&[1, 0, 0], 1000, "█         ")]
    #[case(&[998, 1, 1], 1000, "████████▒x")]
    #[case(&[0, 0, 0], 0, "          ")]
    #[case(&[u64::MAX, 0, 0], u64::MAX, "██████████")]
    fn a_bar_shows_all_there_is(#[case] counts: &[u64; 3], #[case] most: u64, #[case] drawn: &str) {
        let [full, half, cross] = *counts;
        let parts = [
            (full, FULL, Role::Good),
            (half, HALF, Role::Dim),
            (cross, CROSS, Role::Bad),
        ];
        let text: String = bar(&parts, most, 10)
            .into_iter()
            .map(|(text, _)| text)
            .collect();
        assert_eq!(text, drawn);
    }

    #[test]
    fn a_spark_is_as_high_as_its_count() {
        assert_eq!(spark(&[8, 4, 1, 0, 0]), "█▄▁  ");
        assert_eq!(spark(&[0, 0]), "  ");
        assert_eq!(spark(&[]), "");
    }

    #[rstest]
    #[case(0, "0 ms")]
    #[case(999, "999 ms")]
    #[case(1_250, "1.2 s")]
    #[case(59_999, "59 s")]
    #[case(60_000, "1 min")]
    #[case(7_300_000, "2 h")]
    #[case(400_000_000, "4 d")]
    fn a_duration_is_short(#[case] ms: u64, #[case] said: &str) {
        assert_eq!(duration(ms), said);
    }
}
