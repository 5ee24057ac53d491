use super::*;
use crate::desk::face::{Import, ImportFile};

fn import(bytes: &[&[u8]]) -> Request {
    let files = bytes.iter().enumerate().map(|(number, bytes)| ImportFile {
        name: format!("{number}.csv"),
        bytes: bytes.to_vec(),
    });
    Request::Import(Import {
        files: files.collect(),
        dry_run: true,
        expect_rows: None,
        expect_sums: Vec::new(),
    })
}

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

#[tokio::test]
async fn files_travel_in_pieces_and_arrive_as_they_were() {
    let long = vec![7; 3_000_000];
    let before = import(&[&long, b"", b"short"]);
    let mut request = before.clone();
    assert_eq!(total(&mut request), 3_000_005);
    let files = take_out(&mut request);
    assert!(asked(4, &request).unwrap().len() < 1_000);
    let budget = Arriving::budget(CONTENT_MAX);
    let mut arriving = Arriving::default();
    let mut frames = 0;
    for piece in pieces(4, &files) {
        let piece = piece.unwrap();
        let frame = read(&mut piece.as_slice(), ASK_MAX, PATIENCE).await;
        let ToService::Content(content) = serde_json::from_slice(&frame.unwrap().unwrap()).unwrap()
        else {
            panic!("no content");
        };
        arriving.take(&content, &budget).unwrap();
        frames += 1;
    }
    assert_eq!(frames, 7);
    let room = arriving.put_in(4, &mut request);
    assert_eq!(request, before);
    assert!(budget.available_permits() < CONTENT_MAX / 1024);
    drop(room);
    assert_eq!(budget.available_permits(), CONTENT_MAX / 1024);
}

#[tokio::test]
async fn no_room_and_too_many_are_refused() {
    let budget = Arriving::budget(2048);
    let mut arriving = Arriving::default();
    let piece = |number, base64: &str| Content {
        number,
        file: 0,
        base64: base64.to_owned(),
    };
    let code = |refused: Result<(), Refusal>| refused.unwrap_err().code;
    assert_eq!(code(arriving.take(&piece(0, "?"), &budget)), "malformed");
    arriving.take(&piece(1, "AAAA"), &budget).unwrap();
    arriving.take(&piece(2, "AAAA"), &budget).unwrap();
    assert_eq!(code(arriving.take(&piece(1, "AAAA"), &budget)), "busy");
    assert_eq!(
        code(arriving.take(&piece(3, "AAAA"), &budget)),
        "too_many_files"
    );
}

#[tokio::test]
async fn a_frame_is_read_whole_or_not_at_all() {
    let frame = framed(&ToDesk::Missed, 100).unwrap();
    let read_of = async |bytes: &[u8], max| read(&mut &bytes[..], max, PATIENCE).await;
    assert_eq!(read_of(&frame, 100).await.unwrap().unwrap(), b"\"missed\"");
    assert!(read_of(b"", 100).await.unwrap().is_none());
    for cut in 1..frame.len() {
        let half = read_of(&frame[..cut], 100).await;
        assert!(matches!(half, Err(FrameError::Half)), "{cut}: {half:?}");
    }
    let long = read_of(&frame, 7).await;
    assert!(matches!(long, Err(FrameError::TooLong { told: 8, max: 7 })));
    assert!(framed(&ToDesk::Missed, 7).is_err());
}
