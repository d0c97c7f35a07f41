//! The same values in every form, on any number of threads, and what a summary keeps of them.

use crate::run::{FORMS, SMALL, column, fine, names, rows, text, whole};

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for form in FORMS {
        for summary in [&[][..], &["--summary"]] {
            let with =
                |threads| whole(folder.path(), form, &[summary, &["--threads", threads]].concat());
            let one = with("1");
            assert!(one.len() > 1_000);
            assert!(one == with("2") && one == with("7"), "{form} {summary:?}");
        }
    }
}

#[test]
fn a_stream_is_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for form in ["csv", "jsonl"] {
        for summary in [&[][..], &["--summary"]] {
            let streamed = fine(&[&["sweep", SMALL, "--format", form], summary].concat());
            assert!(streamed.stdout == whole(folder.path(), form, summary), "{form} {summary:?}");
        }
    }
}

/// Parquet and JSON Lines hold what CSV holds, with types.
#[test]
fn every_form_holds_the_same_values() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let folder = tempfile::tempdir().unwrap();
    let csv = whole(folder.path(), "csv", &[]);
    let mut csv = csv::Reader::from_reader(csv.as_slice());
    let headers = csv.headers().unwrap().clone();
    let records: Vec<_> = csv.records().map(Result::unwrap).collect();
    let lines = String::from_utf8(whole(folder.path(), "jsonl", &[])).unwrap();
    let parquet = bytes::Bytes::from(whole(folder.path(), "parquet", &[]));
    let reader = SerializedFileReader::new(parquet).unwrap();
    assert!(reader.num_row_groups() > 10);
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let mut count = 0;
    for ((record, line), row) in records.iter().zip(lines.lines()).zip(rows) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        for ((name, text), (other, field)) in headers.iter().zip(record).zip(row.get_column_iter())
        {
            assert_eq!(name, other);
            let number = || text.parse::<f64>().unwrap();
            match field {
                Field::Double(n) => assert!(*n == number() && line[name] == number(), "{name}"),
                Field::Long(n) => assert!(*n as f64 == number() && line[name] == *n, "{name}"),
                Field::Str(word) => assert!(word == text && line[name] == text, "{name}"),
                Field::Bool(b) => assert!(b.to_string() == text && line[name] == *b, "{name}"),
                Field::Null => assert!(text.is_empty() && line[name].is_null(), "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        count += 1;
    }
    assert_eq!((count, lines.lines().count()), (records.len(), records.len()));
}

/// A summary keeps what a look at every row would.
#[test]
fn a_summary_keeps_fronts_and_extremes_of_each_group() {
    let (headers, all) = rows(&["sweep", SMALL]);
    let (kept_headers, kept) = rows(&["sweep", SMALL, "--summary", "--block", "77"]);
    assert_eq!(kept_headers[..headers.len()], headers);
    assert_eq!(kept_headers.last().unwrap(), "kept_for");
    let [model, cost, tpot, tokens] =
        ["model", "usd_per_mtok", "tpot_ms", "tokens_per_s_per_device"]
            .map(|n| column(&headers, n));
    let feasible: Vec<_> = all.iter().filter(|row| !row[tpot].is_empty()).collect();
    let number = |row: &csv::StringRecord, at: usize| row[at].parse::<f64>().unwrap();
    let same = |a: &csv::StringRecord, b: &csv::StringRecord| a.iter().zip(b).all(|(a, b)| a == b);
    let why = |row: &csv::StringRecord| {
        let found = kept.iter().find(|kept| same(row, kept));
        found.map_or("", |kept| &kept[headers.len()]).to_owned()
    };
    let mut fronts = 0;
    for (at, row) in feasible.iter().enumerate() {
        let group = feasible.iter().enumerate().filter(|(_, other)| other[model] == row[model]);
        let (x, y) = (number(row, cost), number(row, tpot));
        let beaten = group.clone().any(|(i, other)| {
            let (a, b) = (number(other, cost), number(other, tpot));
            (a <= x && b <= y) && (a < x || b < y || i < at)
        });
        assert_eq!(why(row).contains("front of usd_per_mtok and tpot_ms"), !beaten, "{row:?}");
        fronts += usize::from(!beaten);
        let most = group.clone().all(|(i, other)| {
            let (mine, theirs) = (number(row, tokens), number(other, tokens));
            mine > theirs || (mine == theirs && at <= i)
        });
        assert_eq!(why(row).contains("most tokens_per_s_per_device"), most, "{row:?}");
    }
    assert!(fronts > 10 && kept.len() < feasible.len() / 2, "{fronts} of {}", kept.len());
}

#[test]
fn a_finished_sweep_leaves_its_file_and_its_note() {
    let folder = tempfile::tempdir().unwrap();
    whole(folder.path(), "csv", &[]);
    assert_eq!(names(folder.path()), ["whole.csv", "whole.csv.sweep.json"]);
    // Once it is there, going on has nothing to do.
    let out = folder.path().join("whole.csv");
    let again = ["sweep", SMALL, "--block", "100", "--resume", "--out", text(&out)];
    let said = String::from_utf8(fine(&again).stderr).unwrap();
    assert!(said.contains("all of it is there already"), "{said}");
}
