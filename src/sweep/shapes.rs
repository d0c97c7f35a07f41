//! The shapes that a plan looks at: every way to cut devices into an AFD or a colocated deployment
//! within limits.

use crate::deploy::deployment::{Afd, Colocated, Deployment, Dispatch, Side};
use crate::deploy::legal::legal;
use crate::machine::hardware::Hardware;
use crate::work::model::Model;

/// How many devices there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Instances of an AFD deployment, both sides together; a colocated one has as many devices.
    pub nodes: u32,
    /// Devices in all.
    pub devices: u32,
    /// Devices of one hardware, by its name.
    pub by_hardware: Vec<(String, u32)>,
}

impl Limits {
    /// So many instances, and no other limit.
    #[must_use]
    pub const fn of_nodes(nodes: u32) -> Self {
        Self { nodes, devices: u32::MAX, by_hardware: Vec::new() }
    }

    fn of(&self, hardware: &Hardware) -> u32 {
        let named = self.by_hardware.iter().filter(|(name, _)| *name == hardware.name);
        named.map(|(_, most)| *most).min().unwrap_or(u32::MAX).min(self.devices)
    }

    /// The most attention instances beside the FFN instances of a deployment.
    #[must_use]
    pub fn attention_instances(&self, afd: &Afd, attention: &Hardware, ffn: &Hardware) -> u32 {
        let far = afd.ffn_devices();
        let mut near = self.of(attention).min(self.devices.saturating_sub(far));
        if attention.name == ffn.name {
            near = near.min(self.of(attention).saturating_sub(far));
        }
        if far > self.of(ffn) {
            return 0;
        }
        (near / afd.attention_instance_devices).min(self.nodes.saturating_sub(afd.ffn_instances))
    }
}

/// The choices that a shape is made of. A list with one entry fixes that choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// g: devices of an instance, and of a server of a colocated deployment.
    pub instance_devices: u32,
    /// Devices that share one attention rank's heads.
    pub attention_tp: Vec<u32>,
    /// Devices that share one expert's width.
    pub expert_tp: Vec<u32>,
    /// How tokens reach FFN instances.
    pub dispatch: Vec<Dispatch>,
    /// Where an AFD deployment runs shared experts.
    pub shared_experts_on: Side,
    /// Where an AFD deployment runs dense layers.
    pub dense_layers_on: Side,
    /// Where an AFD deployment runs the LM head.
    pub lm_head_on: Side,
    /// Expert copies beyond one each.
    pub redundant_experts: u32,
    /// Micro-batches of an AFD deployment.
    pub afd_micro_batches: Vec<u32>,
    /// Micro-batches of a colocated deployment; a pipeline also takes one per stage.
    pub colocated_micro_batches: Vec<u32>,
    /// Pipeline stages of a colocated deployment.
    pub pipeline_stages: Vec<u32>,
}

impl Choices {
    /// Every choice, for instances of so many devices.
    #[must_use]
    pub fn all(instance_devices: u32) -> Self {
        let divisors: Vec<u32> =
            (1..=instance_devices).filter(|d| instance_devices.is_multiple_of(*d)).collect();
        Self {
            instance_devices,
            attention_tp: divisors.clone(),
            expert_tp: divisors,
            dispatch: vec![Dispatch::Broadcast, Dispatch::Routed],
            shared_experts_on: Side::Ffn,
            dense_layers_on: Side::Ffn,
            lm_head_on: Side::Attention,
            redundant_experts: 0,
            afd_micro_batches: (2..=6).collect(),
            colocated_micro_batches: vec![1, 2],
            pipeline_stages: vec![1, 2, 4, 8],
        }
    }

    /// AFD deployments of a model with one attention instance: all that differs but the number of
    /// those.
    #[must_use]
    pub fn afd(&self, limits: &Limits, model: &Model) -> Vec<Afd> {
        let mut all = Vec::new();
        for ffn_instances in 1..limits.nodes {
            for &attention_tp in &self.attention_tp {
                for &expert_tp in &self.expert_tp {
                    for &dispatch in &self.dispatch {
                        all.push(Afd {
                            attention_instances: 1,
                            ffn_instances,
                            attention_instance_devices: self.instance_devices,
                            ffn_instance_devices: self.instance_devices,
                            attention_tp,
                            expert_tp,
                            dispatch,
                            shared_experts_on: self.shared_experts_on,
                            dense_layers_on: self.dense_layers_on,
                            lm_head_on: self.lm_head_on,
                            redundant_experts: self.redundant_experts,
                        });
                    }
                }
            }
        }
        all.retain(|afd| legal(model, &Deployment::Afd(*afd)).is_ok());
        all
    }

    /// Colocated deployments of a model on a hardware: powers of two, and whole servers.
    #[must_use]
    pub fn colocated(&self, limits: &Limits, model: &Model, hardware: &Hardware) -> Vec<Colocated> {
        let g = self.instance_devices;
        let most = limits.of(hardware).min(limits.nodes.saturating_mul(g));
        let counts = (1..=most).filter(|n| n.is_power_of_two() || n.is_multiple_of(g));
        let mut all = Vec::new();
        for devices in counts {
            for &pipeline_stages in &self.pipeline_stages {
                for &expert_tp in &self.expert_tp {
                    for &attention_tp in &self.attention_tp {
                        let one = Colocated {
                            devices,
                            attention_tp,
                            expert_tp,
                            pipeline_stages,
                            redundant_experts: self.redundant_experts,
                        };
                        if legal(model, &Deployment::Colocated(one)).is_ok() {
                            all.push(one);
                        }
                    }
                }
            }
        }
        all
    }

    /// The numbers of micro-batches that a deployment is tried with, the fewest first.
    #[must_use]
    pub fn micro_batches(&self, deployment: &Deployment) -> Vec<u32> {
        let mut all = match deployment {
            Deployment::Afd(_) => self.afd_micro_batches.clone(),
            Deployment::Colocated(c) => {
                let stages = (c.pipeline_stages > 1).then_some(c.pipeline_stages);
                self.colocated_micro_batches.iter().copied().chain(stages).collect()
            }
        };
        all.sort_unstable();
        all.dedup();
        all
    }
}
