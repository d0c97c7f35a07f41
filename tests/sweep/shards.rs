//! Parts of a sweep and their merging.

use crate::run::{FORMS, SMALL, fine, refused, text, whole};
use std::fs;
use std::path::PathBuf;

#[test]
fn shards_make_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    for form in FORMS {
        for summary in [&[][..], &["--summary"]] {
            let expected = whole(folder.path(), form, summary);
            let mut shards: Vec<PathBuf> = Vec::new();
            for number in [3, 1, 2] {
                let out = folder.path().join(format!("{number}.{form}"));
                let shard = format!("{number}/3");
                let sweep =
                    ["sweep", SMALL, "--block", "100", "--shard", &shard, "--out", text(&out)];
                fine(&[&sweep, summary].concat());
                shards.push(out);
            }
            let out = folder.path().join(format!("merged.{form}"));
            let mut merge = vec!["merge", "--out", text(&out)];
            merge.extend(shards.iter().map(|path| text(path)));
            if !summary.is_empty() {
                let complaint = refused(&merge);
                assert!(complaint.contains("--scenario"), "{complaint}");
                merge.extend(["--scenario", SMALL]);
            }
            fine(&merge);
            assert!(fs::read(&out).unwrap() == expected, "{form} {summary:?}");
        }
    }
}

#[test]
fn shards_that_do_not_make_a_whole_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let run = |scenario: &str, shard: &str, name: &str| {
        fine(&["sweep", scenario, "--shard", shard, "--out", text(&path(name))]);
    };
    run(SMALL, "1/2", "one.csv");
    run(SMALL, "2/2", "two.csv");
    run(SMALL, "1/2", "again.csv");
    run(SMALL, "2/3", "third.csv");
    let other = fs::read_to_string(SMALL).unwrap().replace("to: 8192", "to: 4096");
    fs::write(path("other.yaml"), other).unwrap();
    run(text(&path("other.yaml")), "2/2", "other.csv");
    let merge = |names: &[&str]| {
        let out = path("merged.csv");
        let paths: Vec<PathBuf> = names.iter().map(|name| path(name)).collect();
        let mut arguments = vec!["merge", "--out", text(&out)];
        arguments.extend(paths.iter().map(|path| text(path)));
        let complaint = refused(&arguments);
        assert!(!out.exists(), "{names:?}");
        complaint
    };
    assert!(merge(&["one.csv"]).contains("shard 2/2 is missing"));
    assert!(merge(&["one.csv", "two.csv", "again.csv"]).contains("overlap: both are shard 1/2"));
    assert!(merge(&["one.csv", "third.csv"]).contains("is of another sweep"));
    assert!(merge(&["one.csv", "other.csv"]).contains("is of another sweep"));
    let mut cut = fs::read(path("two.csv")).unwrap();
    cut.truncate(cut.len() - 1);
    fs::write(path("two.csv"), cut).unwrap();
    assert!(merge(&["one.csv", "two.csv"]).contains("it was changed or cut"));
    fs::remove_file(path("two.csv.sweep.json")).unwrap();
    assert!(merge(&["one.csv", "two.csv"]).contains("beside it"));
}
