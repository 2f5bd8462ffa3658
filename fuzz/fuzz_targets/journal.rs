#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| bantam_properties::journal(data));
