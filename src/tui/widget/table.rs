//! Columns that give way by priority, and the lines of a table.

use super::pen::Pen;
use super::text;
use crate::domain::listing::Direction;
use crate::tui::theme::Role;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column<Id> {
    /// Which.
    pub id: Id,
    /// Its head.
    pub head: &'static str,
    /// The cells it needs.
    pub min: usize,
    /// The cells it can make use of.
    pub max: usize,
    /// Figures stand on the right.
    pub right: bool,
    /// The order in which columns are given room: 0 first.
    pub priority: u8,
}

/// Which columns fit into `room`, in their order, and how wide each is. One cell parts them.
pub fn fit<Id: Copy>(columns: &[Column<Id>], room: usize) -> Vec<(Column<Id>, usize)> {
    let mut by_priority: Vec<usize> = (0..columns.len()).collect();
    by_priority.sort_by_key(|at| columns[*at].priority);
    let mut left = room + 1;
    let mut chosen: Vec<usize> = Vec::new();
    for at in by_priority {
        let need = columns[at].min + 1;
        if need <= left {
            left -= need;
            chosen.push(at);
        } else if columns[at].priority > 0 {
            break;
        }
    }
    chosen.sort_unstable();
    widen(columns, &chosen, left)
}

/// Shares what room is left among the columns that can use it.
fn widen<Id: Copy>(
    columns: &[Column<Id>],
    chosen: &[usize],
    mut left: usize,
) -> Vec<(Column<Id>, usize)> {
    let mut widths: Vec<usize> = chosen.iter().map(|at| columns[*at].min).collect();
    while left > 0 {
        let before = left;
        for (width, at) in widths.iter_mut().zip(chosen) {
            if left > 0 && *width < columns[*at].max {
                *width += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    chosen.iter().map(|at| columns[*at]).zip(widths).collect()
}

/// What says which way a column is sorted.
pub const fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Descending => " ↓",
        Direction::Ascending => " ↑",
    }
}

/// Writes the head line; the column `sorted` says by which it is sorted and which way.
pub fn head<Id: Copy + PartialEq>(
    pen: &mut Pen<'_>,
    y: usize,
    columns: &[(Column<Id>, usize)],
    sorted: Option<(Id, &str)>,
) {
    let mut x = 2;
    for (column, width) in columns {
        let mut head = column.head.to_owned();
        if let Some((_, arrow)) = sorted.filter(|(id, _)| *id == column.id) {
            head += arrow;
        }
        pen.put(x, y, &aligned(&head, *width, column.right), Role::Head);
        x += width + 1;
    }
}

/// Writes one line; `cell` is told how wide its column is. Only the marker and what is emphasised change when a row is selected, so that
/// moving the selection costs few bytes.
pub fn line<Id: Copy>(
    pen: &mut Pen<'_>,
    y: usize,
    columns: &[(Column<Id>, usize)],
    selected: bool,
    cell: impl Fn(Id, usize) -> (String, Role),
) {
    if selected {
        pen.put(0, y, "▸", Role::Selected);
    }
    let mut x = 2;
    for (column, width) in columns {
        let (what, role) = cell(column.id, *width);
        pen.put(x, y, &aligned(&what, *width, column.right), role);
        x += width + 1;
    }
}

fn aligned(what: &str, width: usize, right: bool) -> String {
    if right {
        text::right(what, width)
    } else {
        text::left(what, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(id: u8, min: usize, max: usize, priority: u8) -> Column<u8> {
        Column {
            id,
            head: "",
            min,
            max,
            right: false,
            priority,
        }
    }

    #[test]
    fn columns_drop_by_priority_and_share_the_rest() {
        let columns = [column(1, 5, 5, 0), column(2, 5, 9, 2), column(3, 5, 20, 1)];
        let fitted = |room| -> Vec<(u8, usize)> {
            fit(&columns, room)
                .iter()
                .map(|(column, width)| (column.id, *width))
                .collect()
        };
        assert_eq!(fitted(11), [(1, 5), (3, 5)]);
        assert_eq!(fitted(17), [(1, 5), (2, 5), (3, 5)]);
        assert_eq!(fitted(40), [(1, 5), (2, 9), (3, 20)]);
        assert_eq!(fitted(0), []);
    }
}
