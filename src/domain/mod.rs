//! The rules of money: pure, no I/O, no async, no clock. `design/domain.md` in code.
//!
//! A reader who wants to know *whether* something may happen looks here: [`state`] for the moves
//! of a refund, [`balance`] for what is left, [`eligibility`] for limits, [`policy`] and [`approval`] for who must
//! agree, [`role`] and [`allowance`] for who may do what and how much, [`resolution`] for what
//! people state, [`todo`] for what waits for them, [`plan`] for refunds in bulk, [`amount`] and [`query`] for what an operator
//! typed, [`phone`] and [`trace`] for what may be told to a customer.

pub mod activity;
pub mod ageing;
pub mod allowance;
pub mod amount;
pub mod approval;
pub mod audit;
pub mod balance;
pub mod bank;
pub mod breaker;
pub mod budget;
pub mod business_time;
pub mod care;
pub mod cause;
pub mod compensation;
pub mod delegation;
pub mod digest;
pub mod discrepancy;
pub mod dispute;
pub mod eligibility;
pub mod evidence;
pub mod external;
pub mod finding;
pub mod handover;
pub mod history;
pub mod id;
pub mod inbound_request;
pub mod limits;
pub mod listing;
pub mod money;
pub mod note;
pub mod order;
pub mod parked;
pub mod payment;
pub mod personal;
pub mod phone;
pub mod plan;
pub mod policy;
pub mod pulse;
pub mod query;
pub mod radar;
pub mod reason;
pub mod refund;
pub mod replay;
pub mod resolution;
pub mod role;
pub mod sample;
pub mod schedule;
pub mod sending;
pub mod sheet;
pub mod state;
pub mod stopping;
pub mod text;
pub mod timeline;
pub mod todo;
pub mod trace;
pub mod transfer;
pub mod view;
pub mod zone;
