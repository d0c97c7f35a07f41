//! The readers of JSON: the inputs of a report, and a table of figures.
#![no_main]

use afford::report::inputs::Inputs;
use afford::report::read_table::read_table;
use afford::spec::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let read = Inputs::parse(&Source::new("inputs.json", text));
    let loaded = read.and_then(|inputs| inputs.loaded().map(drop));
    let table = read_table(&Source::new("table.json", text)).map(drop);
    for complaint in [loaded.err(), table.err()].into_iter().flatten() {
        assert!(complaint.render(false).starts_with("error: "));
    }
});
