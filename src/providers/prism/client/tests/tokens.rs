//! How long a token of the connector is used.

use super::*;

/// The connector's word that it does not know who calls; a look at a payment is let through.
fn turned_away(call: &Received) -> Told {
    match call.path.as_str() {
        REFUND | REFUND_GET => {
            let said = "Connector returned an error response with status 401";
            Some(Err(Status::unauthenticated(said)))
        }
        _ => answer_with_token(call),
    }
}

fn tokens_asked(server: &Server) -> usize {
    let paths = server.paths();
    paths.iter().filter(|path| *path == CREATE_TOKEN).count()
}

#[tokio::test]
async fn a_token_that_was_turned_away_is_not_used_again() {
    let server = Server::start(turned_away).await;
    let settings = settings(&server.base, paypal());
    let request = Requests::new(&settings)
        .build_refund(&paypal_order())
        .unwrap();
    let prism = account(&settings);
    let found = prism.send(&request, asked()).await;
    assert_eq!(found.evidence, Evidence::TurnedAway);
    prism.inquire(&inquiry(), asked()).await;
    prism.inquire(&inquiry(), asked()).await;
    assert_eq!(tokens_asked(&server), 3, "{:?}", server.paths());
}

/// 31,668 s of life less the margin; the time of day alone goes on while the machine sleeps.
#[rstest]
#[case::young(|clock: &Clock| clock.set(clock.now() + Duration::from_secs(31_547)), 1)]
#[case::asleep(|clock: &Clock| clock.set(clock.now() + Duration::from_secs(31_548)), 2)]
#[case::awake(|clock: &Clock| clock.advance(Duration::from_secs(31_548)), 2)]
#[tokio::test]
async fn a_token_ages_while_the_machine_sleeps(#[case] passes: fn(&Clock), #[case] tokens: usize) {
    let server = Server::start(answer_with_token).await;
    let clock = clock();
    let prism = account_on(&settings(&server.base, paypal()), clock.clone());
    prism.inquire(&inquiry(), asked()).await;
    passes(&clock);
    prism.inquire(&inquiry(), asked()).await;
    assert_eq!(tokens_asked(&server), tokens);
}
