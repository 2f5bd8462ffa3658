//! What `journalctl -o export` writes.

use bantam_source::journal::{Entry, FIELDS, entries_of};

/// Entries are the same in whatever pieces they come, hold what was asked for and nothing else, and are not larger than
/// what they were made from.
///
/// Input: the export.
pub fn journal(data: &[u8]) {
    let whole = entries_of(data, usize::MAX);
    for piece in [1, 3, 64] {
        let pieces = entries_of(data, piece);
        match (&whole, &pieces) {
            (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces, "in pieces of {piece}"),
            (Err(_), Err(_)) => {}
            _ => panic!("{whole:?}, in pieces of {piece} {pieces:?}"),
        }
    }
    for entry in whole.iter().flatten() {
        assert!(!entry.cursor.is_empty());
        assert!(entry.fields.iter().all(|(name, _)| FIELDS.contains(name)));
    }
    let length = |entry: &Entry| entry.fields.iter().map(|(_, value)| value.len()).sum::<usize>();
    assert!(whole.iter().flatten().map(length).sum::<usize>() <= data.len());
}
