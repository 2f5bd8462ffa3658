//! The export format, whole, in pieces and wrong.

use super::super::export::{LARGEST, Parsed, Parser};
use super::super::{Entry, JournalError};
use proptest::prelude::*;

fn parse(pieces: &[&[u8]]) -> Result<Vec<Parsed>, JournalError> {
    let (mut parser, mut out) = (Parser::new(), Vec::new());
    for piece in pieces {
        parser.push(piece, &mut out)?;
    }
    Ok(out)
}

fn head(cursor: &str) -> Vec<u8> {
    format!("__CURSOR={cursor}\n__REALTIME_TIMESTAMP=17\n__MONOTONIC_TIMESTAMP=5\n_BOOT_ID=00\n").into_bytes()
}

fn binary(name: &str, value: &[u8]) -> Vec<u8> {
    let mut field = format!("{name}\n").into_bytes();
    field.extend((value.len() as u64).to_le_bytes());
    field.extend(value);
    field.push(b'\n');
    field
}

fn entry(cursor: &str, fields: &[(&'static str, &[u8])]) -> Parsed {
    Parsed::Entry(Entry {
        cursor: cursor.to_owned(),
        realtime: 17,
        monotonic: 5,
        fields: fields.iter().map(|(name, value)| (*name, value.to_vec())).collect(),
    })
}

#[test]
fn entries_are_the_same_in_whatever_pieces_they_come() {
    let mut bytes = head("a");
    bytes.extend(b"MESSAGE=x=y\nOTHER=1\n");
    bytes.extend(binary("MESSAGE", b"line\nline\xff\n\n"));
    bytes.extend(binary("_HOSTNAME", b""));
    bytes.extend(b"_PID=\n\n");
    bytes.extend(head("b"));
    bytes.extend(binary("OTHER", &[b'\n'; 300]));
    bytes.extend(b"\n\n");
    let expected = [
        entry(
            "a",
            &[
                ("MESSAGE", b"x=y"),
                ("MESSAGE", b"line\nline\xff\n\n"),
                ("_HOSTNAME", b""),
                ("_PID", b""),
            ],
        ),
        entry("b", &[]),
    ];
    for size in 1..bytes.len() {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(parse(&pieces).unwrap(), expected, "pieces of {size}");
    }
}

#[test]
fn an_entry_that_is_too_large_is_left_out_and_the_next_one_is_read() {
    let piece = vec![b'x'; LARGEST / 2 + 1];
    let mut bytes = head("a");
    bytes.extend(binary("MESSAGE", &piece));
    bytes.extend(b"MESSAGE=");
    bytes.extend(&piece);
    bytes.extend(b"\n_PID=1\n\n");
    bytes.extend(head("b"));
    // What is not kept may be of any size.
    bytes.extend(binary("COREDUMP", &piece.repeat(3)));
    bytes.extend(b"_PID=2\n\n");
    let expected = [Parsed::TooLarge("a".into()), entry("b", &[("_PID", b"2")])];
    assert_eq!(parse(&[&bytes]).unwrap(), expected);
    let many: Vec<u8> = [head("a"), b"MESSAGE=\n".repeat(LARGEST / 32), b"\n".to_vec()].concat();
    assert_eq!(parse(&[&many]).unwrap(), [Parsed::TooLarge("a".into())]);
}

#[test]
fn what_is_not_the_format_is_an_error() {
    for wrong in [
        &[b'A'; 1000][..],
        b"__CURSOR=\xff\n",
        b"__REALTIME_TIMESTAMP=x\n",
        b"__MONOTONIC_TIMESTAMP=-1\n",
        b"MESSAGE=x\n\n",
        b"MESSAGE\n\x01\0\0\0\0\0\0\0ab",
    ] {
        assert!(parse(&[wrong]).is_err(), "{:?}", String::from_utf8_lossy(wrong));
    }
    // A value that claims to be endless is no reason to keep memory for it.
    assert_eq!(
        parse(&[b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff", b"abc"]).unwrap(),
        []
    );
}

proptest! {
    #[test]
    fn no_bytes_stop_the_parser(bytes: Vec<u8>, size in 1usize..9) {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        let _ = parse(&pieces);
    }
}
