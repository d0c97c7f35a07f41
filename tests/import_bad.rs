//! Bad configs: every one gets an error that names what is wrong, and none a panic or a hang.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use afford::import::{Options, import};
use afford::spec::Source;
use afford::spec::node::Node;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn text(name: &str) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(top.join("tests/hf_configs").join(name).join("config.json")).unwrap()
}

fn options(assume: &[&str]) -> Options {
    Options {
        name: "m".into(),
        assume: assume.iter().map(|a| (*a).to_owned()).collect(),
        ..Options::default()
    }
}

/// The rendered error of a config, or `fine`.
fn outcome(text: &str, assume: &[&str]) -> String {
    match import(&Source::new("config.json", text), &options(assume)) {
        Ok(_) => "fine".to_owned(),
        Err(complaint) => {
            assert!(complaint.origin.is_some(), "no place: {}", complaint.message);
            complaint.render(false)
        }
    }
}

#[track_caller]
fn says(text: &str, assume: &[&str], parts: &[&str]) {
    let found = outcome(text, assume);
    for part in parts {
        assert!(found.contains(part), "`{part}` is not in:\n{found}");
    }
}

const LLAMA: &str = r#"{
  "architectures": ["LlamaForCausalLM"],
  "model_type": "llama",
  "hidden_size": 4096,
  "intermediate_size": 14336,
  "num_hidden_layers": 32,
  "num_attention_heads": 32,
  "num_key_value_heads": 8,
  "vocab_size": 128256
}"#;

#[test]
fn the_unknown_is_named_with_what_is_known() {
    let text = LLAMA.replace("\"llama\"", "\"lama\"").replace("LlamaForC", "LamaForC");
    insta::assert_snapshot!(outcome(&text, &[]), @r#"
    error: the architecture `lama` is not supported
     --> config.json:3:17
      |
    3 |   "model_type": "lama",
      |                 ^^^^^^
      |
      = help: did you mean `llama`? supported are deepseek_v2, deepseek_v3, kimi_k2, deepseek_v32, deepseek_v4, kimi_linear, glm_moe_dsa, glm4_moe_lite, glm4_moe, qwen2, qwen3, qwen3_moe, qwen3_next, qwen3_5_text, qwen3_5_moe_text, llama, llama4_text, mistral, mixtral, phimoe, minimax, minimax_text_01, minimax_m1, minimax_m2, ernie4_5_moe, PanguProMoE, gpt_oss, gemma3_text, step3_text, step3p5
    "#);
}

#[test]
fn a_key_that_could_change_a_size_is_no_silent_matter() {
    let text = LLAMA.replace("\"vocab_size\"", "\"num_experts\": 8,\n  \"vocab_size\"");
    insta::assert_snapshot!(outcome(&text, &[]), @r#"
    error: `num_experts` is not understood for `llama`, and could change its size
     --> config.json:9:3
      |
    9 |   "num_experts": 8,
      |   ^^^^^^^^^^^^^
      |
      = help: check its spelling; if it changes nothing, say `--assume num_experts=null`
    "#);
    assert_eq!(outcome(&text, &["num_experts=null"]), "fine");
}

#[test]
fn a_mixture_in_the_clothes_of_a_dense_model_is_no_silent_matter() {
    for (key, value) in [
        ("use_moe", "true"),
        ("moe_every_n_layer", "2"),
        ("moe_layer_offset", "1"),
        ("_num_experts", "64"),
        ("num_experts_per_token", "8"),
        ("n_sliding_tokens", "512"),
        ("sliding_limit", "512"),
    ] {
        let text = LLAMA.replace("\"vocab_size\"", &format!("\"{key}\": {value}, \"vocab_size\""));
        says(&text, &[], &[&format!("`{key}` is not understood for `llama`")]);
        assert_eq!(outcome(&text, &[&format!("{key}=null")]), "fine");
    }
}

#[test]
fn lists_of_layers_are_as_long_as_the_model_is_deep() {
    let mistral = LLAMA.replace("llama", "mistral").replace("Llama", "Mistral");
    let with = |kinds: &[&str]| {
        let list = format!("\"layer_types\": {kinds:?}, \"sliding_window\": 4096, \"vocab_size\"");
        mistral.replace("\"vocab_size\"", &list)
    };
    let (full, sliding) = ("full_attention", "sliding_attention");
    let layers = |text: &str| {
        let model = import(&Source::new("c", text), &options(&[])).unwrap().model;
        model.runs.iter().map(|run| run.count).collect::<Vec<_>>()
    };
    assert_eq!(layers(&with(&[[full; 16], [sliding; 16]].concat())), [16, 16]);
    // Entries behind the last layer are those of MTP layers.
    assert_eq!(layers(&with(&[[full; 20], [sliding; 20]].concat())), [20, 12]);
    says(
        &with(&[full; 31]),
        &[],
        &["`layer_types` has 31 entries, but the model 32 layers", "config.json:9:"],
    );
}

#[test]
fn a_missing_key_is_named_with_the_one_that_was_meant() {
    let text = LLAMA.replace("\"vocab_size\"", "\"vocabsize\"");
    insta::assert_snapshot!(outcome(&text, &[]), @r#"
    error: `vocab_size` is missing for this architecture
     --> config.json:1:1
      |
    1 | {
      | ^
      |
      = help: did you mean the key `vocabsize`? or give it with `--assume vocab_size=VALUE`
    "#);
    assert_eq!(outcome(&text, &["vocab_size=128256", "vocabsize=null"]), "fine");
}

#[test]
fn wrong_values_are_pointed_at() {
    let with = |from: &str, to: &str| LLAMA.replace(from, to);
    says(&with("128256", "\"128256\""), &[], &["`vocab_size` must be a whole number", ":9:17"]);
    says(&with("128256", "0"), &[], &["`vocab_size` must be a whole number from 1"]);
    says(&with("128256", "1e9"), &[], &["`vocab_size` must be"]);
    says(&with("128256", "99999999999999999999"), &[], &["`vocab_size` must be"]);
    says(&with("s\": 8", "s\": 7"), &[], &["`num_key_value_heads` is 7", "32 query heads"]);
    says(&with("s\": 8", "s\": -1"), &[], &["`num_key_value_heads` must be"]);
    says(&with("4096", "4097"), &[], &["`hidden_size`, 4097", "`head_dim` is not stated"]);
    says(&with("32,\n  \"num_att", "200000,\n  \"num_att"), &[], &["no model is so deep"]);
    says(&with("[\"LlamaForCausalLM\"]", "\"Llama\""), &[], &["`architectures` must be a list"]);
    says(&with("\"Llama", "\"Mixtral"), &[], &["`model_type` says `llama`", "`mixtral`"]);
    says("[1, 2]", &[], &["the document is a list"]);
    says("{\"model_type\": \"llama4\"}", &[], &["`text_config` is missing"]);
    says(&LLAMA[..100], &[], &["not readable as JSON"]);
    says(LLAMA, &["head_dim"], &["an assumption is KEY=VALUE"]);
    says(LLAMA, &["hidden_size.x=1"], &["its path leads through something else"]);
}

#[test]
fn quirks_of_real_files_are_no_errors() {
    let quirks = "\"head_dim\": null, \"layer_types\": null, \"sliding_window\": null, \
                  \"rope_parameters\": {\"rope_theta\": 1e6}, \"dtype\": \"bfloat16\", \
                  \"quantization_config\": null, \"pad_token_id\": 7, \"eos_token_id\": [1, 2], \
                  \"unsloth_version\": \"2025\", \"_name_or_path\": \"x\", \"vocab_size\"";
    assert_eq!(outcome(&LLAMA.replace("\"vocab_size\"", quirks), &[]), "fine");
    assert_eq!(outcome(&LLAMA.replace("  \"", "\t\""), &[]), "fine");
    assert_eq!(outcome(&LLAMA.replace('\n', "\r\n"), &[]), "fine");
    assert_eq!(outcome(&LLAMA.replace('\n', ""), &[]), "fine");
    assert_eq!(outcome(&format!("\u{feff}{LLAMA}"), &[]), "fine");
    let bare = LLAMA.replace("  \"model_type\": \"llama\",\n", "");
    assert_eq!(outcome(&bare, &[]), "fine");
}

#[test]
fn every_key_that_matters_is_named_when_it_is_lost_or_mistyped() {
    for name in ["deepseek-v3.2", "kimi-linear-48b-a3b", "qwen3.5-35b-a3b", "glm-4.5"] {
        let whole = text(name);
        for key in ["hidden_size", "num_hidden_layers", "vocab_size", "num_attention_heads"] {
            let lost = whole.replacen(&format!("\"{key}\""), "\"gone\"", 1);
            says(&lost, &[], &[key]);
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [100, 10_000, 200_000] {
            let nest = open.repeat(depth) + "1" + &close.repeat(depth);
            let text = LLAMA.replace("128256", &format!("128256, \"x\": {nest}"));
            says(&text, &[], &["error: ", "config.json:"]);
            says(&open.repeat(depth), &[], &["error: ", "config.json:"]);
        }
    }
}

/// A small generator of the same numbers every time (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A line of a file that is written a key to a line, put in place of itself.
fn mutate(text: &str, random: &mut Random) -> String {
    const VALUES: [&str; 18] = [
        "0",
        "-1",
        "1",
        "3",
        "7",
        "100000000",
        "99999999999999999999999",
        "1e308",
        "-0.5",
        "NaN",
        "null",
        "true",
        "\"\"",
        "\"x\"",
        "[]",
        "[0, 1]",
        "{}",
        "{\"a\": [null]}",
    ];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.below(lines.len());
    match random.below(8) {
        0 => {
            let mut cut = random.below(text.len());
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            return text[..cut].to_owned();
        }
        1 => drop(lines.remove(at)),
        2 | 3 => {
            if let Some((key, value)) = lines[at].clone().split_once(": ") {
                let comma = if value.ends_with(',') { "," } else { "" };
                lines[at] = format!("{key}: {}{comma}", random.of(&VALUES));
            }
        }
        4 => {
            let other = random.below(lines.len());
            lines.swap(at, other);
        }
        5 => {
            let line = lines[at].clone();
            lines.insert(at, line);
        }
        6 => {
            let junk = ["\u{0}", "\u{7f}", "é", "\"", "{", "]", "&a *a", "---", "!!x", "%", "\t"];
            let line = &mut lines[at];
            let mut place = random.below(line.len() + 1);
            while !line.is_char_boundary(place) {
                place -= 1;
            }
            line.insert_str(place, random.of(&junk));
        }
        _ => {
            let line = lines[at].replacen("_", "", 1 + random.below(2));
            lines[at] = line;
        }
    }
    lines.join("\n")
}

#[test]
fn ten_thousand_mutations_end_in_a_model_or_an_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hf_configs");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    let texts: Vec<String> = names
        .iter()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| text(entry.file_name().to_str().unwrap()))
        .collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut models, mut errors) = (0, 0);
    for _ in 0..10_000 {
        let at = random.below(texts.len());
        let mut text = mutate(&texts[at], &mut random);
        for _ in 0..random.below(3) {
            text = mutate(&text, &mut random);
        }
        let began = std::time::Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| {
            import(&Source::new("config.json", text.as_str()), &options(&[]))
        }));
        match result {
            Err(_) => panic!("this config makes it panic:\n{text}"),
            Ok(Ok(_)) => models += 1,
            Ok(Err(complaint)) => {
                errors += 1;
                assert!(complaint.origin.is_some(), "{}\n{text}", complaint.message);
                // What is no JSON at all names no key; everything else does.
                let readable = Node::parse(&Source::new("c", text.as_str())).is_ok();
                let named = complaint.message.contains('`')
                    || complaint.message.contains("this config makes no model");
                assert!(named || !readable, "names nothing: {}", complaint.message);
                let _ = complaint.render(false);
            }
        }
        assert!(began.elapsed().as_secs() < 10, "too slow:\n{text}");
    }
    assert!(models > 1000 && errors > 1000, "{models} models, {errors} errors");
}
