//! The reader of published configs: a text becomes a spec that can be read, or gets one complaint.
#![no_main]

use afford::import::{Options, import};
use afford::spec::Source;
use afford::spec::model::ModelSpec;
use afford::spec::node::Node;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let options = Options { name: "m".into(), ..Options::default() };
    match import(&Source::new("config.json", text), &options) {
        Ok(import) => {
            let node = Node::parse(&Source::new("m.yaml", import.yaml));
            node.and_then(|node| ModelSpec::read(&node)).expect("what is written can be read");
        }
        Err(complaint) => assert!(complaint.render(false).starts_with("error: ")),
    }
});
