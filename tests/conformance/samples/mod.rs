//! x
pub fn compare(_ledger: &mut crate::ledger::Ledger) {}
