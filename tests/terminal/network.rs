//! What a network asks the payer's bank for is answered and refused at the desk.

use super::screen::Terminal;
use super::{NARROW, confirm};
use crate::cli::a2a::{self, wait_until};
use crate::cli::serve::Service;

#[test]
fn a_networks_requests_are_answered_and_refused() {
    let shop = a2a::shop();
    let service = Service::start(&shop.desk);
    let socket = shop.desk.data.join("desk.sock");
    let arguments = ["--socket", socket.to_str().unwrap(), "--as", "ben"];
    let mut desk = Terminal::start(NARROW, &arguments);
    desk.wait_for("all payments");
    desk.keys("3[");
    desk.wait_for("no network asks for anything");
    // Nobody has put an account on file: a person finds out which one paid.
    let answered = a2a::compose(&shop, "A2A-3", "20.00");
    desk.wait_for("Requests 1");
    desk.wait_for("asks where to refund 20.00 GBP");
    desk.keys("a");
    desk.wait_for("─ Answer with an account");
    desk.keys("GB29NWBK60161331926818\r");
    desk.wait_for("check digits");
    desk.keys("\x7f9\r");
    confirm(&mut desk, "6819");
    desk.wait_for("no network asks for anything");
    wait_until(&shop, &answered, "action_required");

    a2a::compose(&shop, "A2A-3", "30.00");
    desk.wait_for("asks where to refund 30.00 GBP");
    desk.keys("d");
    desk.wait_for("─ Refuse the request");
    desk.keys("\tthe account is closed\r");
    confirm(&mut desk, "Refuse");
    desk.wait_for("no network asks for anything");
    let inbox = shop.desk.json(["inbox", "--all"]).exits(0).objects();
    let mut states: Vec<&str> = inbox.iter().filter_map(|it| it["state"].as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["answered", "refused"], "{inbox:#?}");
    desk.keys("q");
    desk.assert_left_clean();
    assert_eq!(service.end("TERM"), Some(0));
}
