//! The bank's files: golden payment files, samples of several banks' shapes, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use rstest::rstest;

use super::camt::Entry;
use super::pain001::{Line, Order, Unfit, write};
use super::pain002::Part;
use super::*;
use crate::domain::bank::{BankAccount, OwnBank, PainVersion};

/// Where `.ci/run` has put the schemas of ISO 20022; set, they must be used.
const SCHEMAS: &str = "REFUND_DESK_ISO_SCHEMAS";

const OURS: &str = "RD03EV3RV5TRK3JSF7I07JS13I9T001";

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::from_code(code).unwrap())
}

fn account(number: &str, holder: &str) -> BankAccount {
    BankAccount {
        holder: Some(holder.to_owned()),
        ..BankAccount::new(number)
    }
}

fn line(end_to_end: &str, amount: Money, to: BankAccount) -> Line {
    Line {
        end_to_end: end_to_end.to_owned(),
        amount,
        to,
        remittance: format!("Refund INV-1 {end_to_end}"),
    }
}

fn order(version: PainVersion, code: &str) -> Order {
    let uk = code == "GBP";
    Order {
        message_id: "RDF0199F0A0000070008000000000000001".into(),
        made_at: "2026-11-21T10:00:00Z".parse().unwrap(),
        requested_on: "2026-11-23".parse().unwrap(),
        own: OwnBank {
            account: match uk {
                true => account("20-00-00 55779911", "Shop & Söhne Ltd"),
                false => account("DE89370400440532013000", "Shop & Söhne GmbH"),
            },
            bic: (!uk).then(|| "COBADEFFXXX".to_owned()),
            version,
            service_level: None,
        },
        transfers: vec![
            line(
                OURS,
                money(1_250, code),
                account("60-16-13 31926819", "Zoë O'Brien <zoe>"),
            ),
            line(
                "RD03EV3RV5TRK3JSF7I07JS13I9T002",
                money(7, code),
                account("GB29NWBK60161331926819", ""),
            ),
            line(
                "RD03EV3RV5TRK3JSF7I07JS13I9T003",
                money(1_000_000, code),
                BankAccount::new("ABC123"),
            ),
        ],
    }
}

const CASES: [(PainVersion, &str); 4] = [
    (PainVersion::V03, "EUR"),
    (PainVersion::V03, "GBP"),
    (PainVersion::V09, "EUR"),
    (PainVersion::V09, "GBP"),
];

fn golden(version: PainVersion, code: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "tests/data/bank/pain.{}.{}.xml",
        version.name(),
        code.to_lowercase()
    ))
}

/// Checked in, so that the bytes hold without a validator; written anew with `UPDATE_GOLDEN=1`.
#[test]
fn payment_files_are_as_they_were_checked() {
    for (version, code) in CASES {
        let bytes = write(&order(version, code)).unwrap();
        assert_eq!(
            bytes,
            write(&order(version, code)).unwrap(),
            "the same each time"
        );
        let path = golden(version, code);
        let known = std::fs::read(&path).unwrap_or_default();
        if bytes != known && std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &bytes).unwrap();
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            String::from_utf8(known).unwrap(),
            "{}",
            path.display()
        );
    }
}

/// Against the schemas of ISO 20022, where they and `xmllint` are there. Where the pipeline says
/// that they are, they must be.
#[test]
fn payment_files_are_valid() {
    let Some(folder) = std::env::var_os(SCHEMAS) else {
        return;
    };
    for (version, code) in CASES {
        let schema = Path::new(&folder).join(format!("pain.{}.xsd", version.name()));
        let checked = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .arg(&schema)
            .arg(golden(version, code))
            .output()
            .expect("xmllint is installed where the schemas are");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{version:?} {code}: {said}");
    }
}

#[test]
fn control_sums_and_counts_are_those_of_the_lines() {
    let text = String::from_utf8(write(&order(PainVersion::V09, "GBP")).unwrap()).unwrap();
    assert_eq!(text.matches("<NbOfTxs>3</NbOfTxs>").count(), 2, "{text}");
    assert_eq!(text.matches("<CtrlSum>10012.57</CtrlSum>").count(), 2);
    assert!(text.contains("<Cd>GBDSC</Cd>") && text.contains("<MmbId>601613</MmbId>"));
    assert!(text.contains("<Cd>URNS</Cd>"));
    // Names are what every bank takes, and no markup.
    assert!(text.contains("<Nm>Shop + Soehne Ltd</Nm>"), "{text}");
    assert!(text.contains("<Nm>Zoe O'Brien .zoe.</Nm>") || text.contains("O&apos;Brien"));
}

#[test]
fn what_cannot_be_paid_is_named_and_not_its_account() {
    let mut nothing = order(PainVersion::V09, "GBP");
    nothing.transfers.clear();
    assert_eq!(write(&nothing), Err(Unfit::Empty));
    let mut long = order(PainVersion::V09, "GBP");
    long.transfers[1].to = BankAccount::new(&"9".repeat(35));
    let said = write(&long).unwrap_err().to_string();
    assert!(said.contains("…9999") && !said.contains("99999"), "{said}");
    let mut mixed = order(PainVersion::V09, "GBP");
    mixed.transfers[0].amount = money(1, "EUR");
    assert!(matches!(write(&mixed), Err(Unfit::Sum(_))));
    let mut zero = order(PainVersion::V09, "GBP");
    zero.transfers[0].amount = money(0, "GBP");
    assert!(matches!(write(&zero), Err(Unfit::Nothing(_))));
}

fn statement(bytes: &str) -> Vec<Entry> {
    match read(bytes.as_bytes()).unwrap() {
        FromBank::Statement(statement) => statement.entries,
        FromBank::Report(report) => panic!("{report:?}"),
    }
}

/// A German bank, version 02: status as text, several transactions in one entry, amounts in AmtDtls.
const SEPA_02: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-24T06:00:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
<Ntry><Amt Ccy="EUR">13.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
 <BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt><Dt>2026-11-25</Dt></ValDt><AcctSvcrRef>B-1</AcctSvcrRef>
 <NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
  <TxDtls><Refs><EndToEndId>RD03EV3RV5TRK3JSF7I07JS13I9T001</EndToEndId></Refs>
   <AmtDtls><TxAmt><Amt Ccy="EUR">12.50</Amt></TxAmt></AmtDtls></TxDtls>
  <TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
   <AmtDtls><InstdAmt><Amt Ccy="EUR">1.00</Amt></InstdAmt></AmtDtls>
   <RmtInf><Ustrd>Refund INV-7 </Ustrd><Ustrd>RD03EV3RV5TRK3JSF7I07JS13I9T002.</Ustrd></RmtInf></TxDtls>
 </NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
 <BookgDt><DtTm>2026-11-26T09:00:00+01:00</DtTm></BookgDt>
 <NtryDtls><TxDtls><Refs><EndToEndId>RD03EV3RV5TRK3JSF7I07JS13I9T001</EndToEndId></Refs>
  <RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>"#;

#[test]
fn a_statement_of_version_02() {
    let entries = statement(SEPA_02);
    let [first, second, back] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert_eq!(first.end_to_end.as_deref(), Some(OURS));
    assert_eq!(
        (first.amount, first.is_credit, first.is_booked),
        (Some(money(1_250, "EUR")), false, true)
    );
    assert_eq!(first.reference.as_deref(), Some("B-1"));
    assert_eq!(first.booked_on, "2026-11-24".parse().ok());
    assert_eq!(first.account.as_deref(), Some("DE89370400440532013000"));
    // A reference in the text, where the rail carries no other.
    assert_eq!(
        second.end_to_end.as_deref(),
        Some("RD03EV3RV5TRK3JSF7I07JS13I9T002")
    );
    assert_eq!((second.amount, second.place), (Some(money(100, "EUR")), 1));
    assert_eq!(
        (back.is_credit, back.returned.as_deref()),
        (true, Some("AC04"))
    );
    assert_eq!(
        back.amount,
        Some(money(1_250, "EUR")),
        "the only one of its entry"
    );
    assert_eq!(back.booked_on, "2026-11-26".parse().ok());
}

/// A British bank, version 08, with a prefix: status as a code, a batch without details, a pending
/// entry, a reversal, character data and entities.
const UK_08: &str = r#"<?xml version="1.0"?>
<n:Document xmlns:n="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><n:BkToCstmrDbtCdtNtfctn>
<n:Ntfctn><n:Id>9</n:Id><n:Acct><n:Id><n:Othr><n:Id>55779911</n:Id></n:Othr></n:Id></n:Acct>
<n:Ntry><n:NtryRef>1</n:NtryRef><n:Amt Ccy="GBP">100</n:Amt><n:CdtDbtInd>DBIT</n:CdtDbtInd><n:Sts><n:Cd>BOOK</n:Cd></n:Sts>
 <n:NtryDtls><n:Btch><n:PmtInfId>RDF1</n:PmtInfId><n:NbOfTxs>3</n:NbOfTxs></n:Btch></n:NtryDtls></n:Ntry>
<n:Ntry><n:Amt Ccy="GBP">12.50000</n:Amt><n:CdtDbtInd>DBIT</n:CdtDbtInd><n:Sts><n:Prtry>PDNG</n:Prtry></n:Sts></n:Ntry>
<n:Ntry><n:Amt Ccy="GBP">12.5</n:Amt><n:CdtDbtInd>CRDT</n:CdtDbtInd><n:RvslInd>true</n:RvslInd><n:Sts><n:Cd>BOOK</n:Cd></n:Sts>
 <n:NtryDtls><n:TxDtls><n:Refs><n:AcctSvcrRef>A&amp;B&#x31;</n:AcctSvcrRef></n:Refs><n:Amt Ccy="GBP">12.50</n:Amt>
 <n:AddtlTxInf><![CDATA[ref RD03EV3RV5TRK3JSF7I07JS13I9T003 <sic>]]></n:AddtlTxInf></n:TxDtls></n:NtryDtls></n:Ntry>
</n:Ntfctn></n:BkToCstmrDbtCdtNtfctn></n:Document>"#;

#[test]
fn a_notification_of_version_08() {
    let FromBank::Statement(read) = read(UK_08.as_bytes()).unwrap() else {
        panic!("no statement");
    };
    assert!(read.is_notification);
    let [batch, pending, back] = read.entries.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!(
        (batch.batch.as_deref(), batch.end_to_end.as_deref()),
        (Some("RDF1"), None)
    );
    assert_eq!(batch.account.as_deref(), Some("55779911"));
    assert!(!pending.is_booked);
    assert_eq!(pending.amount, Some(money(1_250, "GBP")));
    assert_eq!(back.reference.as_deref(), Some("A&B1"));
    assert_eq!(
        back.end_to_end.as_deref(),
        Some("RD03EV3RV5TRK3JSF7I07JS13I9T003")
    );
    assert!(back.is_credit && back.returned.is_some());
}

const REPORT: &str = r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>x</MsgId></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>RDF1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>RDF1</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>
 <TxInfAndSts><OrgnlEndToEndId>RD1</OrgnlEndToEndId><TxSts>ACCP</TxSts></TxInfAndSts>
 <TxInfAndSts><OrgnlEndToEndId>RD2</OrgnlEndToEndId><TxSts>RJCT</TxSts>
  <StsRsnInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>no such account</AddtlInf></StsRsnInf></TxInfAndSts>
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"#;

#[test]
fn a_report_says_part_by_part() {
    let FromBank::Report(report) = read(REPORT.as_bytes()).unwrap() else {
        panic!("no report");
    };
    assert_eq!(report.original.as_deref(), Some("RDF1"));
    let told: Vec<_> = report
        .verdicts
        .iter()
        .map(|it| (it.about.clone(), it.status.as_str(), it.reason.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Part::File, "PART", None),
            (Part::Batch("RDF1".into()), "PART", None),
            (Part::Transfer("RD1".into()), "ACCP", None),
            (
                Part::Transfer("RD2".into()),
                "RJCT",
                Some("AC01: no such account")
            ),
        ]
    );
    assert!(report.verdicts[3].is_rejected() && !report.verdicts[2].is_rejected());
}

/// Version 02 has its transactions beside the group, and a whole group can be rejected.
#[test]
fn an_old_report_and_one_of_the_whole_file() {
    let old = r#"<Document><pain.002.001.02><OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId></OrgnlGrpInfAndSts>
<TxInfAndSts><OrgnlEndToEndId>RD9</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts></pain.002.001.02></Document>"#;
    let FromBank::Report(report) = read(old.as_bytes()).unwrap() else {
        panic!("no report");
    };
    assert_eq!(report.verdicts[0].about, Part::Transfer("RD9".into()));
    let whole = REPORT.replace("<GrpSts>PART", "<GrpSts>RJCT");
    let FromBank::Report(report) = read(whole.as_bytes()).unwrap() else {
        panic!("no report");
    };
    assert!(report.verdicts[0].is_rejected());
}

#[rstest]
#[case("AC04", "account closed", true)]
#[case("AM05", "", false)]
#[case("DU02", "", false)]
#[case("NARR", "Duplicate of a file received before", false)]
fn a_copy_that_is_rejected_says_nothing_of_the_first(
    #[case] code: &str,
    #[case] words: &str,
    #[case] rejected: bool,
) {
    let text = REPORT
        .replace("AC01", code)
        .replace("no such account", words);
    let FromBank::Report(report) = read(text.as_bytes()).unwrap() else {
        panic!("no report");
    };
    let verdict = &report.verdicts[3];
    assert_eq!(
        (verdict.is_rejected(), verdict.is_duplicate()),
        (rejected, !rejected)
    );
}

#[rstest]
#[case("", 1, "nothing in it")]
#[case("no xml at all", 1, "nothing in it")]
#[case(
    "<Document><BkToCstmrAcctRpt/></Document>",
    1,
    "BkToCstmrAcctRpt is not a file"
)]
#[case(
    "<!DOCTYPE x [<!ENTITY a \"b\">]><Document><BkToCstmrStmt/></Document>",
    1,
    "document type"
)]
#[case(
    "<Document>\n<BkToCstmrStmt><Ntry>&evil;</Ntry></BkToCstmrStmt></Document>",
    2,
    "entity"
)]
#[case(
    "<Document><BkToCstmrStmt>\n\n<Ntry><CdtDbtInd>DBIT</CdtDbtInd></Ntry></BkToCstmrStmt></Document>",
    3,
    "without an amount"
)]
#[case(
    "<Document><BkToCstmrStmt><Ntry><Amt Ccy=\"EUR\">1,50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Ntry></BkToCstmrStmt></Document>",
    1,
    "amount"
)]
#[case(
    "<Document><BkToCstmrStmt><Ntry><Amt Ccy=\"EUR\">1.505</Amt><CdtDbtInd>DBIT</CdtDbtInd></Ntry></BkToCstmrStmt></Document>",
    1,
    "amount"
)]
#[case(
    "<Document><BkToCstmrStmt><Ntry><Amt>1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Ntry></BkToCstmrStmt></Document>",
    1,
    "currency"
)]
#[case(
    "<Document><BkToCstmrStmt><Ntry><Amt Ccy=\"EUR\">1.50</Amt></Ntry></BkToCstmrStmt></Document>",
    1,
    "neither debit nor credit"
)]
#[case(
    "<Document><BkToCstmrStmt></Ntry></BkToCstmrStmt></Document>",
    1,
    "not XML"
)]
fn what_cannot_be_read_is_refused_with_its_line(
    #[case] text: &str,
    #[case] line: u64,
    #[case] why: &str,
) {
    let refused = read(text.as_bytes()).unwrap_err();
    assert!(refused.why.contains(why), "{refused}");
    assert_eq!(refused.line, line, "{refused}");
}

#[test]
fn what_is_too_deep_too_long_or_not_text_is_refused() {
    let deep = format!("<Document><BkToCstmrStmt>{}", "<Ntry>".repeat(60));
    assert!(read(deep.as_bytes()).unwrap_err().why.contains("too many"));
    let long = UK_08.replace("55779911", &"9".repeat(5_000));
    assert!(read(long.as_bytes()).unwrap_err().why.contains("too long"));
    let mut broken = UK_08.as_bytes().to_vec();
    broken[200] = 0xff;
    assert!(read(&broken).unwrap_err().why.contains("UTF-8"));
}

/// Cut short anywhere, a file is refused as a whole: half a statement is none.
#[test]
fn a_file_that_was_cut_short_is_refused() {
    for sample in [SEPA_02, UK_08, REPORT] {
        let end = sample.rfind("</").unwrap();
        for cut in (0..end).filter(|cut| sample.is_char_boundary(*cut)) {
            let read = read(&sample.as_bytes()[..cut]);
            assert!(read.is_err(), "cut at {cut} of {}", sample.len());
        }
    }
}

/// Whatever a byte becomes, reading ends: in facts or in a refusal.
#[test]
fn a_changed_byte_never_breaks_the_reader() {
    for sample in [SEPA_02, UK_08, REPORT] {
        for at in 0..sample.len() {
            for with in [b'<', b'>', b'&', b'0', 0, 0xff] {
                let mut bytes = sample.as_bytes().to_vec();
                bytes[at] = with;
                let _ = read(&bytes);
            }
        }
    }
}
