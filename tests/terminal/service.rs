//! The desk over the operators' socket.

use super::screen::Terminal;
use super::{WIDE, compose_amount, confirm};
use crate::cli::serve::Service;
use crate::cli::shop::Shop;

#[test]
fn a_refund_is_made_over_the_socket_and_a_service_that_goes_away_is_told() {
    let shop = Shop::open();
    let mut service = Service::start(&shop.desk);
    let socket = shop.desk.data.join("desk.sock");
    let arguments = ["--socket", socket.to_str().unwrap(), "--as", "ann"];
    let mut desk = Terminal::start(WIDE, &arguments);
    desk.wait_for("all payments");
    desk.wait_for("A-1");
    desk.keys("/A-1\r");
    desk.wait_for("/ A-1");
    desk.wait_until("the payment", |screen| {
        screen.selected().is_some_and(|row| row.contains("A-1"))
    });
    assert!(!desk.screen().text().contains("single user"));
    service.kill();
    desk.wait_for("SERVICE AWAY");
    let service = Service::start(&shop.desk);
    desk.wait_until("the service to be back", |screen| {
        let shown = screen.text();
        !shown.contains("SERVICE AWAY") && shown.contains("online")
    });
    compose_amount(&mut desk, "2.50");
    desk.keys("\x13");
    confirm(&mut desk, "Give back 2.50 USD?");
    desk.wait_for("confirmed (");
    desk.keys("q");
    desk.assert_left_clean();
    // Leaving cancels nothing: the service is the one that works.
    let refunds = shop.desk.refunds();
    assert_eq!(refunds.len(), 1);
    assert_eq!(refunds[0]["maker"], "ann");
    assert_eq!(service.end("TERM"), Some(0));
}

#[test]
fn without_a_service_every_screen_says_so() {
    let shop = Shop::open();
    let (config, data) = (&shop.desk.config, &shop.desk.data);
    let arguments = [
        "--config",
        config.to_str().unwrap(),
        "--data-dir",
        data.to_str().unwrap(),
    ];
    let mut desk = Terminal::start(super::NARROW, &arguments);
    for key in ["1", "2", "3"] {
        desk.keys(key);
        desk.wait_for("single user");
    }
    desk.keys("q");
    desk.assert_left_clean();
}
