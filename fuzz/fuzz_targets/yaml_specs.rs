//! The readers of YAML specs: a text is a model, a hardware, a scenario, or gets one complaint.
#![no_main]

use afford::spec::extends::{self, Find};
use afford::spec::hardware::HardwareSpec;
use afford::spec::model::ModelSpec;
use afford::spec::scenario::Scenario;
use afford::spec::{Diagnostic, Source};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

/// Nothing can be extended but a spec that lies in the corpus itself.
struct Nothing;

impl Find for Nothing {
    fn find(&self, name: &str, _: &Source) -> Result<Arc<Source>, Diagnostic> {
        Err(Diagnostic::new(format!("there is no `{name}`")))
    }
}

fuzz_target!(|text: &str| {
    let complaints = match extends::read(&Source::new("fuzz.yaml", text), &Nothing) {
        Ok(node) => [
            ModelSpec::read(&node).err(),
            HardwareSpec::read(&node).err(),
            Scenario::read(&node).err(),
        ],
        Err(complaint) => [Some(complaint), None, None],
    };
    for complaint in complaints.into_iter().flatten() {
        assert!(complaint.render(false).starts_with("error: "));
    }
});
