//! What we receive (fact sheet 3, 6, 7 and 11).

use chrono::{DateTime, Utc};

use crate::domain::money::Currency;
use crate::providers::fields::Fields;
pub use crate::providers::fields::Named;

/// The members of an error (fact sheet 11).
const OF_ERRORS: [&str; 3] = ["returnCode", "returnDescription", "details"];

/// A response body: data, a list, or an error.
pub struct Envelope(Fields);

/// One line of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// `T….`, or a number of a sister product.
    pub code: Option<String>,
    /// The provider's words.
    pub description: Option<String>,
    /// The member that is wrong.
    pub field: Option<String>,
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// How many pages there are.
    pub total_pages: Option<u64>,
    /// How many entries there are in all.
    pub total_elements: Option<u64>,
}

/// A refund as the provider tells of it.
pub struct Refund(Fields);

impl Envelope {
    /// Reads a body; none when it is not a JSON object.
    pub fn read(body: &[u8]) -> Option<Self> {
        Fields::read(std::str::from_utf8(body).ok()?).map(Self)
    }

    /// The one thing that was asked for.
    pub fn data(&self) -> Option<Fields> {
        self.0.object("data")
    }

    /// The entries of a list; none when `data` is not one, or an entry is no object.
    pub fn entries(&self) -> Option<Vec<Fields>> {
        let list = self.0.list("data")?;
        list.iter().map(|it| Fields::read(it.get())).collect()
    }

    /// Where the page stands.
    pub fn page(&self) -> Page {
        let page = self.0.object("page");
        let count = |name| page.as_ref().and_then(|page| page.count(name));
        Page {
            total_pages: count("totalPages"),
            total_elements: count("totalElements"),
        }
    }

    /// Whether this is an error's envelope, be all its members null as in the vendor's samples.
    pub fn is_error(&self) -> bool {
        OF_ERRORS.iter().any(|name| self.0.has(name))
    }

    /// Whether it says of an error that has happened, not only that there could be one.
    pub fn complains(&self) -> bool {
        self.complaints()
            .iter()
            .any(|it| *it != Complaint::default())
    }

    /// The error and its details: an array by the schema, one object in every sample, null, or
    /// absent.
    pub fn complaints(&self) -> Vec<Complaint> {
        let whole = Complaint {
            code: self.0.text("returnCode"),
            description: self.0.text("returnDescription"),
            field: None,
        };
        let details = self.0.list("details").unwrap_or_default();
        let details = details.iter().filter_map(|it| Fields::read(it.get()));
        let details = details.map(|detail| Complaint {
            code: detail.text("code"),
            description: detail.text("description"),
            field: detail.text("field"),
        });
        std::iter::once(whole).chain(details).collect()
    }
}

impl Refund {
    /// A refund out of an envelope.
    pub fn new(fields: Fields) -> Self {
        Self(fields)
    }

    /// The text it was read from.
    pub fn raw(&self) -> &str {
        self.0.raw()
    }

    /// The provider's id of it.
    pub fn id(&self) -> Option<String> {
        self.0.text("id")
    }

    /// `REFUND_PENDING` …
    pub fn status(&self) -> Option<String> {
        self.0.text("status")
    }

    /// The reference its maker chose.
    pub fn end_to_end(&self) -> Option<String> {
        self.0.text("endToEndIdentification")
    }

    /// The currency of its amounts.
    pub fn currency(&self) -> Option<String> {
        self.0.text("currency")
    }

    /// When it was made.
    pub fn created_at(&self) -> Option<DateTime<Utc>> {
        time(&self.0, "creationDateTime")
    }

    /// Why it was rejected.
    pub fn reasons(&self) -> Vec<String> {
        self.0.texts("errorDetails")
    }

    /// The principal, in the currency it should be in.
    pub fn amount(&self, currency: Currency) -> Named {
        match self.currency() {
            Some(other) if other != currency.code() => Named::Unreadable,
            _ => self.0.amount("refundAmount", currency),
        }
    }

    /// What was paid on top. The misspelt name is read too, and never written (fact sheet 13).
    pub fn compensation(&self, currency: Currency) -> Named {
        match self.0.amount("compensationAmount", currency) {
            Named::Nothing => self.0.amount("compensatioinAmount", currency),
            named => named,
        }
    }
}

/// A moment, RFC 3339 with up to three digits of a second and any offset.
pub fn time(fields: &Fields, name: &str) -> Option<DateTime<Utc>> {
    let text = fields.text(name)?;
    let time = DateTime::parse_from_rfc3339(&text).ok()?;
    Some(time.to_utc())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn envelope(text: &str) -> Envelope {
        Envelope::read(text.as_bytes()).unwrap()
    }

    fn detail() -> Complaint {
        Complaint {
            code: Some("T0016".into()),
            description: Some("words".into()),
            field: Some("amount".into()),
        }
    }

    /// Every shape of fact sheet 11.
    #[rstest]
    #[case(r#"[{"code":"T0016","description":"words","field":"amount"}]"#, 1)]
    #[case(r#"{"code":"T0016","description":"words","field":"amount"}"#, 1)]
    #[case("null", 0)]
    #[case("[]", 0)]
    #[case("\"words\"", 0)]
    #[case("[null, 5]", 0)]
    fn details_come_in_every_shape(#[case] details: &str, #[case] count: usize) {
        let text = format!(r#"{{"returnCode":"T0000","details":{details}}}"#);
        let complaints = envelope(&text).complaints();
        assert_eq!(complaints[0].code.as_deref(), Some("T0000"));
        assert_eq!(complaints[1..], vec![detail(); count]);
    }

    #[rstest]
    #[case(
        r#"{"returnCode":null,"returnDescription":null,"details":null}"#,
        true,
        false
    )]
    #[case(r#"{"details":[{"code":"TBD"}]}"#, true, true)]
    #[case(r#"{"returnDescription":"words"}"#, true, true)]
    #[case(r#"{"uri":"/payments","data":{}}"#, false, false)]
    #[case("{}", false, false)]
    fn an_error_is_told_by_its_members(#[case] text: &str, #[case] is: bool, #[case] says: bool) {
        let envelope = envelope(text);
        assert_eq!((envelope.is_error(), envelope.complains()), (is, says));
    }

    #[rstest]
    #[case("2026-11-01T10:00:00.00Z")]
    #[case("2026-11-01T10:00:00.000+00:00")]
    #[case("2026-11-01T11:00:00+01:00")]
    fn times_come_with_fractions_and_offsets(#[case] text: &str) {
        let fields = Fields::read(&format!(r#"{{"t":"{text}"}}"#)).unwrap();
        let at: DateTime<Utc> = "2026-11-01T10:00:00Z".parse().unwrap();
        assert_eq!(time(&fields, "t"), Some(at));
    }

    #[test]
    fn the_misspelt_compensation_is_read() {
        let gbp = Currency::from_code("GBP").unwrap();
        let text = r#"{"compensationAmount":null,"compensatioinAmount":2.5}"#;
        let refund = Refund::new(Fields::read(text).unwrap());
        assert!(matches!(refund.compensation(gbp), Named::Of(it) if it.minor == 250));
    }
}
