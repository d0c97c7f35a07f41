//! Deployments as people write them: `2A2F`, `EP128`, `TP8`, `TP2xEP4`, `PP2xTP8`, `1`.

use super::deployment::{Afd, Colocated, Deployment, Illegal};

/// What a deployment's name does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Devices of an instance of an AFD deployment.
    pub instance_devices: u32,
    /// Devices that share one attention rank's heads; by default 1, or the TP of the name.
    pub attention_tp: Option<u32>,
    /// Devices that share one expert's width; by default the whole instance, or the TP of the name.
    pub expert_tp: Option<u32>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { instance_devices: 8, attention_tp: None, expert_tp: None }
    }
}

/// What is right where a name is wrong.
const FORMS: &str =
    "write 2A2F (attention and FFN instances), EP128, TP8, TP2xEP4, PP2xTP8, or 1 for one device";

/// No deployment has more devices.
const MOST_DEVICES: u32 = 1 << 20;

/// Reads a deployment's name.
///
/// # Errors
/// What is wrong, and behind a line break what would be right.
pub fn parse(name: &str, shape: &Shape) -> Result<Deployment, Illegal> {
    let deployment =
        read(name, shape).ok_or_else(|| Illegal(format!("`{name}` is no deployment\n{FORMS}")))?;
    if deployment.devices() > MOST_DEVICES {
        return Err(Illegal(format!("`{name}` has more than {MOST_DEVICES} devices")));
    }
    deployment.check()?;
    Ok(deployment)
}

fn read(name: &str, shape: &Shape) -> Option<Deployment> {
    let upper = name.to_uppercase();
    if let Some(rest) = upper.strip_suffix('F') {
        let (x, y) = rest.split_once('A')?;
        let afd = Afd {
            attention_instance_devices: shape.instance_devices,
            ffn_instance_devices: shape.instance_devices,
            attention_tp: shape.attention_tp.unwrap_or(1),
            expert_tp: shape.expert_tp.unwrap_or(shape.instance_devices),
            ..Afd::step3(count(x)?, count(y)?)
        };
        afd.attention_instances.checked_mul(shape.instance_devices)?;
        afd.ffn_instances.checked_mul(shape.instance_devices)?;
        return Some(Deployment::Afd(afd));
    }
    let (mut tp, mut ep, mut pp) = (None, None, None);
    for part in upper.split('X') {
        let (what, n) = part.split_at_checked(2).unwrap_or(("", part));
        let factor = match what {
            "TP" => &mut tp,
            "EP" => &mut ep,
            "PP" => &mut pp,
            _ if upper == "1" => continue,
            _ => return None,
        };
        if factor.replace(count(n)?).is_some() {
            return None;
        }
    }
    let (tp, ep, pp) = (tp.unwrap_or(1), ep.unwrap_or(1), pp.unwrap_or(1));
    let attention_tp = shape.attention_tp.unwrap_or(if ep == 1 { tp } else { 1 });
    Some(Deployment::Colocated(Colocated {
        devices: tp.checked_mul(ep)?.checked_mul(pp)?,
        attention_tp,
        expert_tp: shape.expert_tp.unwrap_or(tp),
        pipeline_stages: pp,
        redundant_experts: 0,
    }))
}

/// A count of at least 1.
fn count(text: &str) -> Option<u32> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|n| digits && *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_and_write_alike() {
        for name in ["2A2F", "16A2F", "EP128", "TP8", "TP2xEP4", "PP2xTP8", "PP4", "1"] {
            assert_eq!(parse(name, &Shape::default()).unwrap().name(), name);
        }
        let small = Shape { instance_devices: 4, ..Shape::default() };
        assert_eq!(parse("3A1F", &small).unwrap().devices(), 16);
    }

    #[test]
    fn what_is_no_deployment_is_refused() {
        let huge = ["99999A99999F", "EP99999999"];
        for bad in
            ["", "A2F", "2A", "0A1F", "TPx", "8", "EP0", "QP4", "é", "-1A1F", "+1A1F", "TP2xTP4"]
                .iter()
                .chain(&huge)
        {
            assert!(parse(bad, &Shape::default()).is_err(), "{bad}");
        }
        let three = Shape { attention_tp: Some(3), ..Shape::default() };
        assert!(parse("2A2F", &three).unwrap_err().0.contains("does not divide"));
    }
}
