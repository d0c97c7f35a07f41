//! A model in the making: layers pushed one by one, equal designs gathered under one name.

use crate::work::attention::Attention;
use crate::work::checkpoint::Checkpoint;
use crate::work::ffn::Ffn;
use crate::work::model::{Layer, Mtp, Named, Norms, Run};
use crate::work::residual::Residual;

/// What a family makes of its config.
#[derive(Debug)]
pub(super) struct Draft {
    pub hidden_size: u64,
    pub vocabulary_size: u64,
    pub tied_embeddings: bool,
    pub head_bias: bool,
    pub norms: Norms,
    pub residual: Residual,
    pub attentions: Vec<Named<Attention>>,
    pub ffns: Vec<Named<Ffn>>,
    pub runs: Vec<Run>,
    pub mtp: Option<Mtp>,
    /// What the hub's file holds, scales and towers apart; none where that is not known.
    pub checkpoint: Option<Checkpoint>,
}

/// A design and the name it would like.
pub(super) type Wish<T> = (&'static str, T);

impl Draft {
    pub(super) fn new(hidden_size: u64, vocabulary_size: u64, tied_embeddings: bool) -> Self {
        Self {
            hidden_size,
            vocabulary_size,
            tied_embeddings,
            head_bias: false,
            norms: Norms { per_layer: 2, bias: false },
            residual: Residual::Plain,
            attentions: Vec::new(),
            ffns: Vec::new(),
            runs: Vec::new(),
            mtp: None,
            checkpoint: Some(Checkpoint::default()),
        }
    }

    /// The next layer.
    pub(super) fn layer(&mut self, attention: &Wish<Attention>, ffn: &Wish<Ffn>) {
        let layer = self.designs(attention, ffn);
        push(&mut self.runs, layer);
    }

    /// The next MTP layer, with `extra_norms` beyond an ordinary layer's and the projection of
    /// hidden state and embedding.
    pub(super) fn mtp_layer(&mut self, wish: (&Wish<Attention>, &Wish<Ffn>), extra_norms: u64) {
        let layer = self.designs(wish.0, wish.1);
        let none = || Mtp { runs: Vec::new(), extra_norms, projection: true };
        push(&mut self.mtp.get_or_insert_with(none).runs, layer);
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.mtp = true;
        }
    }

    fn designs(&mut self, attention: &Wish<Attention>, ffn: &Wish<Ffn>) -> Layer {
        Layer { attention: place(&mut self.attentions, attention), ffn: place(&mut self.ffns, ffn) }
    }
}

fn push(runs: &mut Vec<Run>, layer: Layer) {
    match runs.last_mut() {
        Some(last) if last.layer == layer => last.count += 1,
        _ => runs.push(Run { count: 1, layer }),
    }
}

/// The place of a design; a new one gets its wish for a name, numbered if that is taken.
fn place<T: PartialEq + Clone>(all: &mut Vec<Named<T>>, (wish, design): &Wish<T>) -> usize {
    if let Some(at) = all.iter().position(|named| named.design == *design) {
        return at;
    }
    let taken = |name: &str| all.iter().any(|named| named.name == name);
    let mut name = (*wish).to_owned();
    let mut number = 2;
    while taken(&name) {
        name = format!("{wish}-{number}");
        number += 1;
    }
    all.push(Named { name, design: design.clone() });
    all.len() - 1
}
