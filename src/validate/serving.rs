//! Measured serving points beside what is predicted for them.
//!
//! The files' device counts multiply expert by tensor parallelism: a server of t devices with
//! experts over the same t (EP t) is written as t x t devices. So with experts spread and a square
//! number of devices, t is its root; attention is split as far over these as the row says, and
//! data-parallel beyond. Where there is one expert group, the counts are as they say.
//!
//! Not recorded, and taken: KV caches in FP8 (BF16 where everything is), no speculation, prompts in
//! chunks of 8,192 tokens, which SGLang puts in steps of their own and the others mix with decoding.

use super::Compared;
use super::formats::{RunsIn, format, model_names};
use crate::catalog::{Catalog, for_fidelity};
use crate::deploy::deployment::Colocated;
use crate::deploy::options::Options;
use crate::deploy::serving::{Batching, DEFAULT_CHUNK_TOKENS, Load, Serving, ServingEstimate};
use crate::machine::fidelity::Fidelity;
use crate::measured::hardware_name::hardware_name;
use crate::measured::serving::ServingPoint;
use crate::work::dtype::Dtype;

/// TPOT and, where it was measured, TTFT of a point beside their predictions.
#[must_use]
pub fn compare(point: &ServingPoint, catalog: &Catalog, fidelity: Fidelity) -> Vec<Compared> {
    let served = predict(point, catalog, fidelity);
    let deployment = deployment(point);
    let shape = deployment.as_ref().map_or_else(|_| "?".to_owned(), shape);
    let row = |family, measured: f64, of: fn(&ServingEstimate) -> f64| Compared {
        family,
        dtype: Some(point.precision.clone()).filter(|p| !p.is_empty()).unwrap_or("?".to_owned()),
        hardware: hardware_name(&point.system),
        backend: point.backend.clone(),
        model: point.model.clone(),
        what: format!(
            "{shape}, concurrency {}, {} + {} tokens",
            point.concurrency, point.input_tokens, point.output_tokens
        ),
        quantity: "ms",
        measured,
        predicted: served.as_ref().map(of).map_err(Clone::clone),
        note: None,
        remark: None,
        source: point.source.clone(),
        file: point.file.clone(),
        line: point.line,
    };
    let tpot = row("serving_tpot", point.tpot_ms, |served| served.estimate.tpot.ms());
    let ttft = point.ttft_ms.map(|ms| row("serving_ttft", ms, |served| served.ttft.ms()));
    std::iter::once(tpot).chain(ttft).collect()
}

/// `TP8`, or `attention TP1, experts EP4` where the two differ.
fn shape(deployment: &Colocated) -> String {
    let (tp, expert_tp) = (deployment.attention_tp, deployment.expert_tp);
    let experts = crate::deploy::deployment::Deployment::Colocated(*deployment).experts();
    if tp == expert_tp && tp == deployment.devices {
        return format!("TP{tp}");
    }
    format!("attention TP{tp}, experts {experts}")
}

/// The devices that a point's parallelism means, and how they share the work.
///
/// # Errors
/// In words, if attention and experts are not on the same devices.
pub fn deployment(point: &ServingPoint) -> Result<Colocated, String> {
    let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
    let attention = product(point.attention_tp, point.attention_dp);
    let experts = product(point.expert_tp, point.expert_ep);
    if attention != experts {
        return Err(format!("attention is on {attention} devices and experts on {experts}"));
    }
    let devices =
        u32::try_from(attention).map_err(|_| format!("{attention} devices are too many"))?;
    let root = devices.isqrt();
    let squared = point.expert_ep > 1 && root * root == devices;
    let (devices, expert_tp) = if squared { (root, 1) } else { (devices, point.expert_tp) };
    Ok(Colocated {
        devices,
        attention_tp: point.attention_tp.min(devices),
        expert_tp,
        pipeline_stages: 1,
        redundant_experts: 0,
    })
}

fn runs_in(point: &ServingPoint) -> Result<RunsIn, String> {
    let precision = format(&point.precision)
        .ok_or_else(|| format!("the format `{}` is not known here", point.precision))?;
    let products = format(&point.gemm_format).unwrap_or(precision);
    let kv_cache = if precision == Dtype::Bf16 { Dtype::Bf16 } else { Dtype::Fp8 };
    Ok(RunsIn { kv_cache, products, experts: format(&point.expert_format).unwrap_or(products) })
}

fn predict(
    point: &ServingPoint,
    catalog: &Catalog,
    fidelity: Fidelity,
) -> Result<ServingEstimate, String> {
    let known = model_names(&point.model).into_iter().find_map(|name| catalog.model(&name).ok());
    let model = known.ok_or_else(|| format!("no model is known as `{}`", point.model))?;
    let model = runs_in(point)?.model(model);
    let hardware = catalog.hardware(&hardware_name(&point.system));
    let hardware = for_fidelity(hardware.map_err(|complaint| complaint.message)?, fidelity);
    let options = Options { fidelity, ..Options::default() };
    let serving = Serving::compile(&model, &deployment(point)?, &hardware, options);
    let serving = serving.map_err(|refused| refused.to_string())?;
    let sglang = point.backend == "sglang";
    Ok(serving.estimate(Load {
        concurrency: point.concurrency,
        input_tokens: point.input_tokens,
        output_tokens: point.output_tokens,
        chunk_tokens: Some(DEFAULT_CHUNK_TOKENS),
        batching: if sglang { Batching::Separate } else { Batching::Mixed },
        micro_batches: 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::shipped;

    #[test]
    fn devices_are_what_the_parallelism_means() {
        let mut point = shipped::serving().unwrap().remove(0);
        for ((tp, dp, expert_tp, ep), (devices, attention_tp, expert)) in [
            ((8, 1, 8, 1), (8, 8, 8)),
            ((64, 1, 8, 8), (8, 8, 1)),
            ((1, 16, 4, 4), (4, 1, 1)),
            ((4, 4, 1, 16), (4, 4, 1)),
            ((2, 4, 1, 8), (8, 2, 1)),
        ] {
            (point.attention_tp, point.attention_dp) = (tp, dp);
            (point.expert_tp, point.expert_ep) = (expert_tp, ep);
            let found = deployment(&point).unwrap();
            assert_eq!((found.devices, found.attention_tp), (devices, attention_tp));
            assert_eq!(found.expert_tp, expert);
        }
        point.expert_ep = 3;
        assert!(deployment(&point).unwrap_err().contains("attention is on 8 devices"));
    }
}
