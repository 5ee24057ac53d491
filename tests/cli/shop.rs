//! Everything a refund needs: a sandbox, a desk that knows it, and payments that both know.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::book;
use super::desk::{Desk, Ran};
use super::sandbox::Sandbox;
use super::stock;
use crate::folder::{in_memory, new_data};

/// A desk at work. Its processes end and its files go when it is dropped.
pub struct Shop {
    /// The providers.
    pub sandbox: Sandbox,
    /// The desk.
    pub desk: Desk,
    folder: TempDir,
}

impl Shop {
    /// A shop with the payments of `tests/data/stock.csv`.
    pub fn open() -> Self {
        Self::with(&stock::dated(stock::STOCK))
    }

    /// A shop with the payments of a settlement file.
    pub fn with(settlement: &str) -> Self {
        let shop = Self::bare(settlement);
        new_data(&shop.desk.data);
        let imported = shop.desk.run(["import".as_ref(), shop.stock().as_os_str()]);
        imported.exits(0);
        shop
    }

    /// The same before the desk has imported anything.
    pub fn bare(settlement: &str) -> Self {
        let folder = in_memory();
        let stock = folder.path().join("stock.csv");
        fs::write(&stock, settlement).unwrap();
        let sandbox = Sandbox::start(&folder.path().join("sandbox"), &stock);
        let desk = Desk {
            config: sandbox.config(),
            data: folder.path().join("data"),
        };
        Self {
            sandbox,
            desk,
            folder,
        }
    }

    /// The settlement file.
    pub fn stock(&self) -> PathBuf {
        self.file("stock.csv")
    }

    /// A path in this shop's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// `refund PAYMENT --amount AMOUNT --reason customer_request …`, as JSON.
    pub fn refund(&self, payment: &str, amount: &str, more: &[&str]) -> Ran {
        let fixed = [
            "refund",
            payment,
            "--amount",
            amount,
            "--reason",
            "customer_request",
        ];
        self.desk.json(fixed.iter().chain(more))
    }

    /// Sends and polls until nothing is on its way.
    pub fn track(&self, timeout: &str) -> Ran {
        let command = ["track", "--until-final", "--timeout", timeout];
        self.desk.json(command)
    }

    /// What the book says was paid back of one payment.
    pub fn payouts(&self, payment: &str) -> Vec<String> {
        book::payouts(&self.sandbox.book(), payment)
    }

    /// Another desk, with the configuration changed and the same data.
    pub fn reconfigured(&self, change: impl FnOnce(String) -> String) -> Desk {
        let text = fs::read_to_string(&self.desk.config).unwrap();
        let config = self.desk.config.with_file_name("changed.toml");
        fs::write(&config, change(text)).unwrap();
        Desk {
            config,
            data: self.desk.data.clone(),
        }
    }
}

/// Asserts paid back, held and left of a payment.
#[track_caller]
pub fn assert_balance(payment: &Value, refunded: &str, held: &str, available: &str) {
    let figures = ["refunded", "held", "available"].map(|name| payment[name].as_str().unwrap());
    assert_eq!(figures, [refunded, held, available], "{payment:#}");
}
