//! What the network answers (fact sheet 4, 5 and 8).

use crate::providers::fields::Fields;

/// A response body: the response block and what goes with it, or an error.
pub struct Reply(Fields);

/// One entry of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// `STVL-9999` …
    pub code: Option<String>,
    /// The network's words.
    pub description: Option<String>,
    /// More of them.
    pub details: Option<String>,
    /// The same may be sent again.
    pub recoverable: Option<bool>,
}

impl Reply {
    /// Reads a body; none when it is not a JSON object.
    pub fn read(body: &[u8]) -> Option<Self> {
        Fields::read(std::str::from_utf8(body).ok()?).map(Self)
    }

    /// The message it answers.
    pub fn original_message_id(&self) -> Option<String> {
        self.0.text("originalMessageId")
    }

    /// The network's id of its message, which its support asks for.
    pub fn message_id(&self) -> Option<String> {
        self.0.text("messageId")
    }

    /// The network's id of the refund.
    pub fn refund_id(&self) -> Option<String> {
        let refund = self.0.object("refund");
        let inside = refund.and_then(|it| it.text("refundRequestLifecycleId"));
        inside.or_else(|| self.0.text("refundRequestLifecycleId"))
    }

    /// How the refund request stands: `INPR` …
    pub fn refund_status(&self) -> Option<String> {
        self.0.object("refund")?.text("refundRequestStatus")
    }

    /// The network's id of a question, and how that stands.
    pub fn retrieval(&self) -> Option<(String, String)> {
        let id = self.0.text("refundRequestStatusRetrievalLifecycleId");
        let id = id.or_else(|| self.0.text("paymentRequestStatusRetrievalLifecycleId"))?;
        Some((id, self.0.text("retrievalRequestStatus")?))
    }

    /// Whether there is an error's envelope, whatever is in it.
    pub fn is_error(&self) -> bool {
        self.0.has("Errors")
    }

    /// The entries of an error's envelope; none when it has none that can be read, or anything beside
    /// it that speaks of a refund.
    pub fn complaints(&self) -> Option<Vec<Complaint>> {
        if self.0.has("refund") || self.0.has("originalMessageId") {
            return None;
        }
        let errors = self.0.object("Errors")?;
        let list = errors.list("Error")?;
        let each = list.iter().map(|it| Fields::read(it.get()));
        let each: Option<Vec<Complaint>> = each.map(|it| Some(Complaint::of(&it?))).collect();
        each.filter(|it| !it.is_empty())
    }
}

impl Complaint {
    fn of(fields: &Fields) -> Self {
        Self {
            code: fields.text("ReasonCode"),
            description: fields.text("Description"),
            details: fields.text("Details"),
            recoverable: fields.flag("Recoverable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        r#"{"Errors":{"Error":[{"ReasonCode":"STVL-9999","Recoverable":false}]}}"#,
        Some(1)
    )]
    #[case(r#"{"Errors":{"Error":{"ReasonCode":"STVL-9999"}}}"#, Some(1))]
    #[case(r#"{"Errors":{"Error":[{},{"Description":"x"}]}}"#, Some(2))]
    #[case(r#"{"Errors":{"Error":[]}}"#, None)]
    #[case(r#"{"Errors":{"Error":["x"]}}"#, None)]
    #[case(r#"{"Errors":{}}"#, None)]
    #[case(r#"{"Errors":null}"#, None)]
    #[case(r#"{"errors":{"error":[{}]}}"#, None)]
    #[case(r#"{"Errors":{"Error":[{}]},"refund":{}}"#, None)]
    fn an_error_is_its_envelope(#[case] text: &str, #[case] count: Option<usize>) {
        let reply = Reply::read(text.as_bytes()).unwrap();
        assert_eq!(reply.complaints().map(|it| it.len()), count);
    }
}
