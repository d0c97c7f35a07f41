//! A device as files name it, as the name of a profile.

/// Devices that measurements name, as their profiles are called.
const DEVICES: [&str; 14] = [
    "a100", "a800", "b200", "b300", "gb200", "gb300", "gh200", "h100", "h20", "h200", "h800",
    "l20", "l40s", "mi300x",
];

/// `h800` for `H800 + CX7 400Gb/s IB`, `a100` for `NVIDIA A100-SXM4-80GB` or `a100_sxm`; what names
/// no device known here is taken as it is, with hyphens for blanks.
#[must_use]
pub fn hardware_name(text: &str) -> String {
    device_in(text).map_or_else(
        || text.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase(),
        str::to_owned,
    )
}

/// The first device that a text names.
#[must_use]
pub fn device_in(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.find_map(|word| DEVICES.into_iter().find(|device| *device == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_names_its_profile() {
        for (text, name) in [
            ("H800 + CX7 400Gb/s IB", "h800"),
            ("Hopper (H800-class)", "h800"),
            ("NVIDIA A100-SXM4-80GB", "a100"),
            ("NVIDIA H100 80GB HBM3", "h100"),
            ("H100 or H200 (see notes)", "h100"),
            ("GB200 NVL72", "gb200"),
            ("b200_sxm", "b200"),
            ("SM90 CX7", "sm90-cx7"),
            ("my-chip", "my-chip"),
        ] {
            assert_eq!(hardware_name(text), name);
        }
        assert_eq!(device_in("h200_decode_attention"), Some("h200"));
        assert_eq!(device_in("mine"), None);
    }
}
