//! Lists that are walked window by window and page by page (fact sheet 3, 4 and 7).
//!
//! A list that could not be read to its end is no list: what is missing in half a list proves
//! nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use url::Url;

use super::client::Client;
use super::outcome;
use super::wire::{Envelope, Fields};
use crate::providers::Finding;
use crate::providers::http::Response;
use crate::providers::listing::{NoList, Span, Turns, in_turn};

/// No window may be longer than 30 days; a day less keeps a difference of zones inside.
const WINDOW: TimeDelta = TimeDelta::days(29);
/// Windows overlap: the zone of the query's times is not stated.
const OVERLAP: TimeDelta = TimeDelta::days(1);
/// A list with more pages in one window is none we could work with.
const PAGES_MAX: u64 = 10_000;

/// A list at the provider.
pub struct List<'a> {
    /// Its address.
    pub url: Url,
    /// The names of its two bounds.
    pub bounds: [&'a str; 2],
    /// Further conditions.
    pub only: &'a [(&'a str, &'a str)],
    /// Entries per page.
    pub page_size: u32,
}

/// Every entry once, and the answer that completed the list.
pub struct Walked {
    /// The entries.
    pub entries: Vec<Fields>,
    /// The last answer.
    pub last: Option<Response>,
}

/// The windows of a span, oldest first.
pub fn windows(span: Span) -> Vec<Span> {
    let mut windows = Vec::new();
    let mut from = span.from;
    loop {
        let end = from.checked_add_signed(WINDOW).unwrap_or(span.to);
        let to = end.min(span.to);
        windows.push(Span { from, to });
        if to >= span.to {
            return windows;
        }
        from = to - OVERLAP;
    }
}

/// `yyyy-MM-ddTHH:mm:ss` in UTC, without zone or fraction.
fn written(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn up_to_the_second(time: DateTime<Utc>) -> NaiveDateTime {
    let fraction = time.timestamp_subsec_nanos() > 0;
    let up = if fraction {
        TimeDelta::seconds(1)
    } else {
        TimeDelta::zero()
    };
    (time + up).naive_utc()
}

impl List<'_> {
    /// All entries of the span, each once.
    ///
    /// # Errors
    /// What was found instead: no answer, an error, an entry that cannot be read, or a list that
    /// changed while it was read; or no turn to ask.
    pub async fn walk(
        &self,
        client: &Client,
        span: Span,
        turns: &dyn Turns,
    ) -> Result<Walked, NoList> {
        let mut seen = BTreeSet::new();
        let mut walked = Walked {
            entries: Vec::new(),
            last: None,
        };
        for window in windows(span) {
            let (entries, last) = self.window(client, window, turns).await?;
            let fresh = entries
                .into_iter()
                .filter(|(id, _)| seen.insert(id.clone()));
            walked.entries.extend(fresh.map(|(_, entry)| entry));
            walked.last = last;
        }
        Ok(walked)
    }

    /// One window; pages end by their own count, or with an empty one.
    async fn window(
        &self,
        client: &Client,
        window: Span,
        turns: &dyn Turns,
    ) -> Result<(Vec<(String, Fields)>, Option<Response>), NoList> {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for number in 1..=PAGES_MAX {
            let page = || self.page(client, window, number);
            let response = in_turn(turns, page).await?;
            let unusable = |why: &str| Box::new(outcome::of_unusable(&response, why));
            let reply = Envelope::read(&response.body).ok_or_else(|| unusable("no list"))?;
            let listed = reply.entries().ok_or_else(|| unusable("no list"))?;
            let (count, known) = (listed.len(), seen.len());
            for entry in listed {
                let id = entry
                    .text("id")
                    .ok_or_else(|| unusable("an entry without an id"))?;
                if seen.insert(id.clone()) {
                    entries.push((id, entry));
                }
            }
            let page = reply.page();
            let at_the_end = page.total_pages.is_some_and(|pages| number >= pages);
            if count == 0 || at_the_end {
                let all = u64::try_from(seen.len()).unwrap_or(u64::MAX);
                return match page.total_elements {
                    Some(total) if total > all => {
                        Err(unusable("the list changed while it was read").into())
                    }
                    _ => Ok((entries, Some(response))),
                };
            }
            if seen.len() == known {
                return Err(unusable("the list repeats itself").into());
            }
        }
        Err(Box::new(outcome::of_nothing("the list has no end")).into())
    }

    async fn page(
        &self,
        client: &Client,
        window: Span,
        number: u64,
    ) -> Result<Response, Box<Finding>> {
        let url = self.page_url(window, number);
        let answered = client.get(&url).await;
        let response =
            answered.map_err(|no_answer| Box::new(outcome::of_failed_look(&no_answer)))?;
        match response.status {
            200..=299 => Ok(response),
            _ => Err(Box::new(outcome::of_probe(&response))),
        }
    }

    /// Names are all lower-case: others are ignored, and the list would come unfiltered (fact
    /// sheet 3).
    fn page_url(&self, window: Span, number: u64) -> Url {
        let mut url = self.url.clone();
        let [from, to] = self.bounds;
        url.query_pairs_mut()
            .append_pair(from, &written(window.from.naive_utc()))
            .append_pair(to, &written(up_to_the_second(window.to)))
            .extend_pairs(self.only)
            .append_pair("pagenumber", &number.to_string())
            .append_pair("pagesize", &self.page_size.to_string());
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn span(from: &str, to: &str) -> Span {
        Span {
            from: at(from),
            to: at(to),
        }
    }

    #[test]
    fn a_short_span_is_one_window() {
        let short = span("2026-11-20T10:00:00Z", "2026-11-22T10:00:00Z");
        assert_eq!(windows(short), [short]);
        let none = span("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z");
        assert_eq!(windows(none), [none]);
    }

    /// Fact sheet 7: 540 days in at most twenty calls.
    #[test]
    fn windows_cover_the_whole_span_and_overlap_by_a_day() {
        let long = span("2025-05-30T00:00:00Z", "2026-11-21T00:00:00Z");
        let windows = windows(long);
        assert!(windows.len() <= 20, "{}", windows.len());
        assert_eq!(
            (windows[0].from, windows[windows.len() - 1].to),
            (long.from, long.to)
        );
        for pair in windows.windows(2) {
            assert_eq!(pair[1].from, pair[0].to - OVERLAP);
            assert!(pair[0].to - pair[0].from < TimeDelta::days(30));
        }
    }

    #[test]
    fn the_query_is_the_documented_one() {
        let list = List {
            url: Url::parse("https://sandbox.nuapay.com/tpp/payments").unwrap(),
            bounds: ["fromdatetime", "todatetime"],
            only: &[
                ("paymentstatus", "PAYMENT_RECEIVED"),
                ("paymentstatus", "UNKNOWN"),
            ],
            page_size: 20,
        };
        let window = span("2026-11-01T10:00:00.900Z", "2026-11-21T10:00:00.001Z");
        assert_eq!(
            list.page_url(window, 2).as_str(),
            "https://sandbox.nuapay.com/tpp/payments?fromdatetime=2026-11-01T10%3A00%3A00\
             &todatetime=2026-11-21T10%3A00%3A01&paymentstatus=PAYMENT_RECEIVED\
             &paymentstatus=UNKNOWN&pagenumber=2&pagesize=20"
        );
    }
}
