//! The bills of a scenario: the devices that its traffic needs or that it names, what they cost
//! over the period, and what the tokens bring in.

use super::deployed::{Deployed, deployed};
use super::loaded::Loaded;
use crate::cost::bill::{PerKind, cost_prices, revenue};
use crate::cost::ledger::Pool;
use crate::deploy::deployment::Deployment;
use crate::machine::hardware::{Hardware, Price};
use crate::spec::Diagnostic;
use crate::spec::bill::{BillSpec, SECONDS_PER_DAY};

/// Devices that are paid for at one price.
#[derive(Debug, Clone)]
pub struct PoolLine {
    /// What they are.
    pub name: String,
    /// Their hardware.
    pub hardware: String,
    /// How many.
    pub devices: f64,
    /// Their price.
    pub price: Price,
    /// US dollars of the period.
    pub usd: f64,
}

/// A fleet's capacity and how much of it is used.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// Deployments side by side.
    pub replicas: u64,
    /// Output tokens per second that all of them give when full.
    pub capacity_tokens_per_s: f64,
    /// Share of it that the traffic uses, on average.
    pub utilisation: f64,
}

/// What a period costs and brings in.
#[derive(Debug, Clone)]
pub struct Bill {
    /// What is billed.
    pub name: String,
    /// Days of the period.
    pub days: f64,
    /// Who is paid.
    pub pools: Vec<PoolLine>,
    /// How much of it is used, where its capacity is known.
    pub uses: Option<Use>,
    /// US dollars of the period.
    pub usd: f64,
    /// Tokens of the period.
    pub tokens: PerKind,
    /// What a million tokens of each kind have to bring in.
    pub cost_usd_per_mtok: PerKind,
    /// What the tokens bring in, where there are list prices.
    pub revenue_usd: Option<f64>,
}

/// The bill of the scenario's fleet, or of each of its deployments.
///
/// # Errors
/// If the scenario has no `bill`, or something in it cannot be meant.
pub fn bills(loaded: &Loaded) -> Result<Vec<Bill>, Diagnostic> {
    let spec =
        loaded.scenario.bill.as_ref().ok_or_else(|| {
            loaded.scenario.name.complain("the scenario has no `bill`").help(
                "add bill: {traffic: {input_tokens_per_day: 1e9, output_tokens_per_day: 2e8}}",
            )
        })?;
    if !spec.fleet.is_empty() {
        return Ok(vec![fleet(loaded, spec)?]);
    }
    let all = deployed(loaded)?;
    if all.is_empty() {
        return Err(loaded
            .scenario
            .name
            .complain("the scenario names neither deployments nor a `fleet` to bill")
            .help("add fleet: [{name: serving, hardware: h800, devices: 64}] to `bill`"));
    }
    let feasible = all.iter().filter(|d| d.row.estimate.infeasible.is_none());
    feasible.map(|deployed| deployment(spec, deployed)).collect()
}

fn fleet(loaded: &Loaded, spec: &BillSpec) -> Result<Bill, Diagnostic> {
    let mut pools = Vec::new();
    for part in &spec.fleet {
        let hardware = loaded.hardware(&part.hardware)?;
        let price = match &part.price {
            Some(choice) => choice.price(&hardware.value, choice)?,
            None => hardware.value.price()?.clone(),
        };
        pools.push(pool_line(spec, part.name.clone(), &hardware.label, part.devices.0, price));
    }
    bill("fleet".to_owned(), spec, pools, None)
}

fn deployment(spec: &BillSpec, deployed: &Deployed) -> Result<Bill, Diagnostic> {
    let row = &deployed.row;
    let uses = uses(spec, deployed)?;
    let replicas = uses.replicas as f64;
    let sides: Vec<(Pool, &str, &Hardware, u32)> = match row.deployment {
        Deployment::Afd(afd) => vec![
            (
                Pool::Attention,
                &row.attention_hardware,
                deployed.pools.attention,
                afd.attention_devices(),
            ),
            (Pool::Ffn, &row.ffn_hardware, deployed.pools.ffn, afd.ffn_devices()),
        ],
        Deployment::Colocated(_) => {
            let devices = row.deployment.devices();
            vec![(Pool::All, &row.attention_hardware, deployed.pools.attention, devices)]
        }
    };
    let mut pools = Vec::new();
    for (pool, label, hardware, devices) in sides {
        let own = spec.prices.iter().find(|p| {
            p.hardware.value == hardware.name && p.pool.is_none_or(|named| named == pool)
        });
        let price = match own {
            Some(own) => own.price.price(hardware, &own.price)?,
            None => hardware.price()?.clone(),
        };
        let name = pool.name().to_owned();
        pools.push(pool_line(spec, name, label, f64::from(devices) * replicas, price));
    }
    let context = crate::spec::quantity::Tokens(row.point.context as u64);
    let name = format!("{} {} at {context}", row.model, row.deployment.name());
    bill(name, spec, pools, Some(uses))
}

/// How many of a deployment the traffic needs.
fn uses(spec: &BillSpec, deployed: &Deployed) -> Result<Use, Diagnostic> {
    let row = &deployed.row;
    let estimate = &row.estimate;
    let devices = f64::from(row.deployment.devices());
    let one = estimate.tokens_per_s_per_device * devices;
    let needed = spec.traffic.output_tokens_per_day.0 / SECONDS_PER_DAY;
    let replicas = match (&spec.load, &spec.utilisation) {
        (Some(_), Some(utilisation)) => {
            return Err(
                utilisation.complain("either `utilisation` or `load` says how much is used")
            );
        }
        (None, Some(share)) if share.value.0 > 1.0 => {
            return Err(share.complain("`utilisation` is a share, at most 1"));
        }
        (None, share) => (needed / (one * share.as_ref().map_or(1.0, |s| s.value.0))).ceil(),
        (Some(load), None) => {
            let stream = spec.stream(load, estimate.tpot.seconds());
            let servers = stream.servers(load.mean_wait_ms.0 / 1e3).ok_or_else(|| {
                deployed.spec.deployment.complain("no number of these can carry the load")
            })?;
            (servers as f64 / row.point.batch as f64).ceil()
        }
    };
    let replicas = replicas.max(1.0);
    let capacity_tokens_per_s = one * replicas;
    Ok(Use {
        replicas: replicas as u64,
        capacity_tokens_per_s,
        utilisation: needed / capacity_tokens_per_s,
    })
}

fn pool_line(
    spec: &BillSpec,
    name: String,
    hardware: &str,
    devices: f64,
    price: Price,
) -> PoolLine {
    let usd = price.rate.usd_per_hour() * 24.0 * spec.days() * devices;
    PoolLine { name, hardware: hardware.to_owned(), devices, price, usd }
}

fn bill(
    name: String,
    spec: &BillSpec,
    pools: Vec<PoolLine>,
    uses: Option<Use>,
) -> Result<Bill, Diagnostic> {
    let usd = pools.iter().map(|pool| pool.usd).sum();
    let tokens = spec.tokens()?;
    Ok(Bill {
        name,
        days: spec.days(),
        uses,
        usd,
        tokens,
        cost_usd_per_mtok: cost_prices(usd, &tokens, &spec.split()?),
        revenue_usd: spec.list_prices().map(|prices| revenue(&tokens, &prices)),
        pools,
    })
}
