//! Measurements are read as their files have them, and bad ones are complained of where they are.
#![allow(clippy::unwrap_used)]

use afford::measured::kernel::{CollectiveOp, Direction, KernelRow, KernelShape, Note, Skew};
use afford::measured::layout::{Kernels, read_kernels};
use afford::measured::{end_to_end, serving, shipped};
use afford::spec::Source;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn read(name: &str, text: &str) -> Result<Kernels, String> {
    read_kernels(&Source::new(name, text), None).map_err(|complaint| complaint.render(false))
}

fn one(file: &str, line: u64) -> KernelRow {
    let kernels = read_kernels(&shipped::source(file).unwrap(), None).unwrap();
    kernels.rows.into_iter().find(|row| row.line == line).unwrap()
}

#[test]
fn every_shipped_row_is_a_kernel_or_says_why_not() {
    let all = shipped::kernels().unwrap();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for out in &all.left_out {
        *reasons.entry(out.reason.as_str()).or_default() += 1;
    }
    let lines: usize = shipped::kernel_files()
        .iter()
        .map(|file| shipped::source(file).unwrap().text.lines().count() - 1)
        .sum();
    let exchanges = |row: &&KernelRow| row.file.ends_with("deepep_ll.csv");
    // A row of DeepEP's holds a dispatch and a combine.
    let doubled = all.rows.iter().filter(exchanges).count() / 2;
    assert_eq!(all.rows.len() - doubled + all.left_out.len(), lines);
    assert_eq!(all.left_out.len(), 94, "{reasons:?}");
    assert!(all.rows.iter().all(|row| row.us.is_finite() && row.us > 0.0 && !row.dtype.is_empty()));
    let devices: std::collections::BTreeSet<&str> =
        all.rows.iter().map(|row| row.hardware.as_str()).collect();
    let known = ["a100", "b200", "gb200", "h100", "h20", "h200", "h800"];
    assert_eq!(devices.into_iter().collect::<Vec<_>>(), known);
}

#[test]
fn traps_of_the_files_are_known() {
    // 256 elements of 2 bytes, and milliseconds.
    let nccl = one("aiconfigurator/h100_sxm_nccl.csv", 2);
    assert_eq!(nccl.us, 0.00531 * 1e3);
    let gather =
        KernelShape::Collective { op: CollectiveOp::AllGather, ranks: 2, message_bytes: 512.0 };
    assert_eq!((nccl.shape, nccl.hardware.as_str()), (gather, "h100"));
    let published = read_kernels(&shipped::source("published_kernels.csv").unwrap(), None).unwrap();
    let noted = |note: Note| published.rows.iter().filter(|row| row.note == Some(note)).count();
    assert_eq!(noted(Note::LaunchIncluded), 785);
    assert_eq!(noted(Note::NominalRows), 626);
    assert_eq!(noted(Note::DeviceUnsure), 112);
    assert_eq!(noted(Note::StartupOnly), 80);
    // Frontier states the whole matrix and the devices that share it.
    let shared = published.rows.iter().filter(|row| row.kernel == "Step-3 attn_post_proj");
    let inner: std::collections::BTreeSet<u64> = shared
        .filter_map(|row| match row.shape {
            KernelShape::Gemm { k, n: 7168, .. } => Some(k),
            _ => None,
        })
        .collect();
    assert_eq!(inner.into_iter().collect::<Vec<_>>(), [2048, 4096, 8192, 16384]);
    // DeepGEMM prints rates: 206 TFLOPS of 64 x 7168 x 2112.
    let rate = published.rows.iter().find(|row| row.note == Some(Note::FromRate)).unwrap();
    assert!((rate.us - 2.0 * 64.0 * 7168.0 * 2112.0 / 206e12 * 1e6).abs() < 1e-9, "{rate:?}");
}

#[test]
fn each_layout_gives_its_shape() {
    let text = "backend,kernel,dtype,global_tokens,hidden,inter,topk,experts,tp,ep,distribution,us,x\n\
                trtllm,deepgemm,fp8_block,32,7168,2048,8,384,2,32,power_law_1.2,60.82,\n";
    let row = read("b200_sxm_moe_ffn.csv", text).unwrap().rows.remove(0);
    let KernelShape::ExpertFfn { distribution, tp: 2, ep: 32, .. } = row.shape else {
        panic!("{row:?}");
    };
    assert_eq!(distribution, Skew::PowerLaw(1.2));
    assert_eq!((row.hardware.as_str(), row.backend.as_str()), ("b200", "trtllm"));
    let deepep = shipped::source("aiconfigurator/gb200_deepep_ll.csv").unwrap();
    let rows = read_kernels(&deepep, None).unwrap().rows;
    let KernelShape::Exchange { direction: Direction::Combine, ranks: 4, .. } = rows[1].shape
    else {
        panic!("{:?}", rows[1]);
    };
    assert_eq!((rows[1].us, rows[0].us), (11.702, 12.784));
    let mfa = one("h200_decode_attention.csv", 100);
    assert_eq!(mfa.backend, "flashinfer");
    assert_eq!(mfa.kv_dtype.as_ref(), Some(&mfa.dtype));
}

#[test]
fn the_device_comes_from_the_row_the_caller_or_the_file_s_name() {
    let text = "m,k,n,dtype,us\n1,2,3,bf16,4\n";
    assert_eq!(read("h200_gemm.csv", text).unwrap().rows[0].hardware, "h200");
    let named = read_kernels(&Source::new("h200.csv", text), Some("h20")).unwrap();
    assert_eq!(named.rows[0].hardware, "h20");
    assert!(read("mine.csv", text).unwrap_err().contains("--hardware"));
    let own = "m,k,n,dtype,us,hardware\n1,2,3,bf16,4,NVIDIA H800\n";
    assert_eq!(read("h200.csv", own).unwrap().rows[0].hardware, "h800");
}

#[test]
fn bad_files_are_complained_of_where_they_are_bad() {
    let cell = read("h200_gemm.csv", "m,k,n,dtype,us\n1,2,3,bf16,fast\n").unwrap_err();
    assert!(cell.contains("h200_gemm.csv:2:12") && cell.contains("`us` must be"), "{cell}");
    let column = read("h200_gemm.csv", "m,n,dtype,us\n1,3,bf16,4\n").unwrap_err();
    assert!(column.contains("the header lacks the column `k`"), "{column}");
    let other = read("h200.csv", "a,b\n1,2\n").unwrap_err();
    assert!(other.contains("no table of measured kernels"), "{other}");
    let kind = "kind,hq,hkv,d,dtype,batch,ctx,us\nlinear,1,1,64,bf16,1,1,1\n";
    let kind = read("h200.csv", kind).unwrap_err();
    assert!(kind.contains("h200.csv:2:1") && kind.contains("`linear`"), "{kind}");
    let zero = "op,bytes,us\ncopy,0,1\n";
    assert!(read("h200.csv", zero).unwrap_err().contains("h200.csv:2:6"));
}

#[test]
fn deployments_and_serving_points_are_read() {
    let rows = shipped::end_to_end().unwrap();
    assert_eq!(rows.len(), 23);
    assert_eq!((rows[0].batch_per_device, rows[1].batch_per_device), (None, Some(128.0)));
    let points = shipped::serving().unwrap();
    assert_eq!(points.len(), 345);
    assert_eq!(points[0].concurrency, 4);
    let bad = Source::new("e.csv", "model,hardware\na,b\n");
    let complaint = end_to_end::read_end_to_end(&bad).unwrap_err().message;
    assert!(complaint.contains("`deployment`"), "{complaint}");
    assert!(serving::read_serving(&bad).unwrap_err().message.contains("`isl`"));
}

/// A line of every layout.
const SAMPLES: [(&str, &str); 4] = [
    ("h200_a.csv", "kind,hq,hkv,d,dtype,batch,ctx,us\nmla,128,1,576,bf16,4,1024,20.1\n"),
    ("h200_g.csv", "groups,m_per_group,skew,k,n,dtype,us\n48,4,uniform,7168,1280,fp8,303.5\n"),
    (
        "b.csv",
        "op_name,nccl_dtype,num_gpus,message_size,latency,device\nalltoall,half,8,256,0.1,H100\n",
    ),
    ("h20_m.csv", "m,k,n,dtype,us\n1,2,3,\"bf16\",4\n"),
];

proptest! {
    /// Whatever happens to a file, it is read to sound values or complained of.
    #[test]
    fn a_damaged_file_is_read_soundly_or_complained_of(
        sample in 0..SAMPLES.len(),
        at in 0.0..1.0_f64,
        put in prop::sample::select(vec!["", ",", "\"", "\n", "-", "0", "9e99", "nan", "é"]),
    ) {
        let (name, text) = SAMPLES[sample];
        let at = (at * text.len() as f64) as usize;
        let damaged = format!("{}{put}{}", &text[..at], &text[at + 1..]);
        match read(name, &damaged) {
            Ok(kernels) => {
                prop_assert!(kernels.rows.iter().all(|row| row.us.is_finite() && row.us > 0.0));
            }
            Err(complaint) => prop_assert!(complaint.starts_with("error: "), "{}", complaint),
        }
    }
}
