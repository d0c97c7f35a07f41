//! Rebuilds the crate when a shipped spec is added or removed, which `include_dir!` cannot see.

fn main() {
    for folder in ["model_specs", "hw_profiles", "scenarios", "measured"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
