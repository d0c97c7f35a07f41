//! Sweeps that are broken off, and gone on with to the same bytes.

use crate::run::{SMALL, afford, fine, names, refused, text};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Numbers that look random and are always the same.
struct Lots(u64);

impl Lots {
    fn draw(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn start(out: &Path, more: &[&str]) -> Child {
    let sweep = ["sweep", SMALL, "--block", "20", "--resume", "--out", text(out)];
    let mut program = afford(&[&sweep, more].concat());
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills a sweep again and again, going on each time, then lets it end; how often it was broken off
/// with blocks done. Where it ends by itself it must be `unbroken`, and is begun anew.
fn kill_and_go_on(
    out: &Path,
    more: &[&str],
    kills: usize,
    unbroken: &[u8],
    lots: &mut Lots,
) -> usize {
    let (mut longest, mut broken) = (160, 0);
    let state = out.with_file_name(format!("{}.state", name(out)));
    for kill in 0..kills {
        let mut child = start(out, more);
        // Every other one gets a block further, however slow the machine is.
        if kill % 2 == 0 {
            let before = fs::read(&state).ok();
            while fs::read(&state).ok() == before && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(lots.draw(5)));
        } else {
            std::thread::sleep(Duration::from_millis(10 + lots.draw(longest)));
        }
        // One that has ended by itself cannot be killed.
        let _ = child.kill();
        if child.wait().unwrap().success() {
            longest = (longest / 2).max(20);
            assert!(fs::read(out).unwrap() == unbroken);
            fs::remove_file(out).unwrap();
        }
        broken += usize::from(state.exists());
    }
    assert!(start(out, more).wait().unwrap().success());
    assert!(fs::read(out).unwrap() == unbroken, "{out:?} {more:?}");
    broken
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn killed_at_any_moment_and_resumed_it_is_the_same_file() {
    let mut lots = Lots(6);
    let mut broken = 0;
    for (form, summary, kills) in
        [("csv", false, 8), ("jsonl", false, 4), ("parquet", false, 8), ("csv", true, 4)]
    {
        let folder = tempfile::tempdir().unwrap();
        let more = if summary { &["--summary"][..] } else { &[] };
        let unbroken = folder.path().join(format!("unbroken.{form}"));
        assert!(start(&unbroken, more).wait().unwrap().success());
        let unbroken = fs::read(unbroken).unwrap();
        let out = folder.path().join(format!("killed.{form}"));
        broken += kill_and_go_on(&out, more, kills, &unbroken, &mut lots);
        let left = [format!("killed.{form}"), format!("killed.{form}.sweep.json")];
        assert_eq!(names(folder.path())[..2], left);
    }
    assert!(broken >= 5, "only {broken} sweeps were broken off with blocks done");
}

/// Waits for the first blocks of a sweep to be done, and kills it.
fn break_off(out: &Path) {
    let mut child = start(out, &["--threads", "1"]);
    let state = out.with_file_name(format!("{}.state", name(out)));
    while !state.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
    assert!(state.exists(), "it had ended before it was killed");
}

/// An end that a kill has torn is cut off.
#[test]
fn what_was_half_written_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let unbroken = folder.path().join("unbroken.csv");
    assert!(start(&unbroken, &[]).wait().unwrap().success());
    let out = folder.path().join("torn.csv");
    break_off(&out);
    let part = folder.path().join("torn.csv.part");
    let torn = [&fs::read(&part).unwrap()[..], b"step-3,h800,half a li"].concat();
    fs::write(&part, torn).unwrap();
    // It is not begun anew by accident.
    let complaint = refused(&["sweep", SMALL, "--block", "20", "--out", text(&out)]);
    assert!(complaint.contains("holds a sweep that has not ended"), "{complaint}");
    assert!(complaint.contains("--resume"), "{complaint}");
    assert!(start(&out, &[]).wait().unwrap().success());
    assert!(fs::read(&out).unwrap() == fs::read(&unbroken).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_behind_a_whole_block_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let unbroken = folder.path().join("unbroken.csv");
    assert!(start(&unbroken, &[]).wait().unwrap().success());
    let out = folder.path().join("stopped.csv");
    let sweep =
        ["sweep", SMALL, "--block", "20", "--resume", "--threads", "1", "--out", text(&out)];
    let child = afford(&sweep).stderr(Stdio::piped()).spawn().unwrap();
    while !folder.path().join("stopped.csv.state").exists() && !out.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && said.contains("--resume goes on"), "{said}");
    fine(&sweep);
    assert!(fs::read(&out).unwrap() == fs::read(&unbroken).unwrap());
}

#[test]
fn a_sweep_is_not_gone_on_with_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("one.csv");
    break_off(&out);
    let complaint = refused(&["sweep", SMALL, "--block", "30", "--resume", "--out", text(&out)]);
    assert!(complaint.contains("is of another sweep: points per block 20, not 30"), "{complaint}");
}
