//! Any text as conf/operator.yaml: in force, or refused with places; never anything else.
#![no_main]

use config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(problems) = Config::load(text, "conf/operator.yaml") {
        assert!(!problems.is_empty(), "a refusal without a reason");
    }
});
