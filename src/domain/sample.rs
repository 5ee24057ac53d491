//! A sample that anybody can draw again: no random number is in it.

use super::digest::{hex, sha256};

/// The names among `population` that a sample of `size` under `seed` consists of, sorted: those
/// whose SHA-256 of `SEED:NAME` (the seed in decimal) is smallest. The order of `population` makes
/// no difference; a larger sample under the same seed contains the smaller.
pub fn draw(population: &[String], size: usize, seed: u64) -> Vec<String> {
    let rank = |name: &String| hex(&sha256(format!("{seed}:{name}").as_bytes()));
    let mut ranked: Vec<(String, &String)> =
        population.iter().map(|name| (rank(name), name)).collect();
    ranked.sort_unstable();
    let mut drawn: Vec<String> = ranked
        .into_iter()
        .take(size)
        .map(|(_, name)| name.clone())
        .collect();
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|number| format!("refund-{number:03}"))
            .collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_whatever_the_order() {
        let all = names(200);
        let drawn = draw(&all, 25, 7);
        assert_eq!(drawn.len(), 25);
        assert!(drawn.is_sorted());
        let reversed: Vec<String> = all.iter().rev().cloned().collect();
        assert_eq!(draw(&reversed, 25, 7), drawn);
        assert_ne!(draw(&all, 25, 8), drawn);
        let more = draw(&all, 30, 7);
        assert!(drawn.iter().all(|name| more.contains(name)));
    }

    #[test]
    fn a_sample_of_more_than_there_are_is_all_there_are() {
        assert_eq!(draw(&names(3), 25, 1), names(3));
        assert_eq!(draw(&[], 25, 1), Vec::<String>::new());
        assert_eq!(draw(&names(3), 0, 1), Vec::<String>::new());
    }

    #[test]
    fn it_can_be_drawn_with_any_tool() {
        // printf '7:a' | sha256sum, and so on: 7:b is smallest of the three.
        let rank = |name: &str| hex(&sha256(format!("7:{name}").as_bytes()));
        let mut names = ["a", "b", "c"].map(str::to_owned);
        names.sort_by_key(|name| rank(name));
        assert_eq!(draw(&names, 1, 7), [names[0].clone()]);
    }
}
