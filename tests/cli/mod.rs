//! The program from outside: arguments in, exit code, streams, files and the sandbox's book out.

mod book;
mod desk;
mod prism;
mod process;
mod sandbox;
pub mod shop;
mod stock;

mod audit;
mod capture;
mod compensation;
mod config;
mod confirm;
mod crash;
mod damage;
mod database;
mod deeds;
mod demo;
mod disputes;
mod doctor;
mod elsewhere;
#[cfg(debug_assertions)]
mod failpoints;
mod gate;
mod import;
mod import_stops;
mod inbox;
mod kinds;
mod malformed;
mod nuapay;
mod offline;
mod outcomes;
mod payments;
mod people;
mod race;
mod racing;
mod refund;
mod refusals;
mod relay;
mod release;
mod restore;
mod secrets;
mod sending;
mod serve;
mod stop;
mod sync;
mod unfit;
