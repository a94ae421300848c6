//! Every injection of a campaign, by number.

use super::CampaignError;
use super::spec::{Checked, Spec};
use crate::lab::experiment::fault::{CHANGES, Change, FREED, PAGES, POINTEES};
use crate::lab::experiment::moment::StepKind;
use crate::lab::experiment::target::{Target, fields};
use crate::lab::experiment::{Area, At, Fault, Lab, Moment, Rig, Scenario};
use crate::rng::Rng;

/// Injections of one scenario: every moment with every fault.
struct Cell {
    rig: usize,
    moments: Vec<Moment>,
    faults: Vec<Fault>,
    /// Number of the first.
    first: u64,
}

/// The injections of a campaign, and the rigs for them.
pub struct Space {
    /// The scenarios, ready.
    pub rigs: Vec<Rig>,
    cells: Vec<Cell>,
    /// How many there are, each counted once.
    pub size: u64,
    samples: Option<(u64, u64)>,
}

/// One injection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Index of its rig.
    pub rig: usize,
    /// When.
    pub moment: Moment,
    /// What.
    pub fault: Fault,
}

/// Refused allocations: after so many that succeed.
const REFUSALS: u32 = 4;

impl Space {
    /// Builds every scenario and counts.
    ///
    /// # Errors
    /// When the spec names something that is not there, or means no injection at all.
    pub fn new(lab: &Lab, spec: &Spec) -> Result<Self, CampaignError> {
        let wrong = |e: crate::lab::experiment::Unknown| CampaignError::Spec(e.to_string());
        let Checked { kind, shapes, workloads, .. } = spec.check().map_err(wrong)?;
        let mut space = Self { rigs: Vec::new(), cells: Vec::new(), size: 0, samples: None };
        for &shape in &shapes {
            for workload in &workloads {
                let scenario = Scenario { shape, kind, workload: workload.clone() };
                let rig = Rig::new(lab, &scenario)
                    .map_err(|e| CampaignError::Spec(format!("map {shape}, operation {workload}: {e}")))?;
                if let Some(wrong) = rig.wrong() {
                    return Err(CampaignError::Spec(format!("map {shape}, operation {workload}: {wrong}")));
                }
                let at = space.rigs.len();
                for (moments, faults) in cells(spec, &rig) {
                    let n = (moments.len() * faults.len()) as u64;
                    if n > 0 {
                        space.cells.push(Cell { rig: at, moments, faults, first: space.size });
                        space.size += n;
                    }
                }
                space.rigs.push(rig);
            }
        }
        if space.size == 0 {
            return Err(CampaignError::Spec(
                "this means no injection at all: no map has such a target at these moments, or no model fits it"
                    .to_owned(),
            ));
        }
        space.samples = spec.samples.map(|n| (n, spec.seed));
        Ok(space)
    }

    /// How many injections are asked for.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.samples.map_or(self.size, |s| s.0)
    }

    /// The injection of a number.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn point(&self, number: u64) -> Point {
        assert!(number < self.asked(), "injection {number} of {}", self.asked());
        let j = match self.samples {
            None => number,
            Some((_, seed)) => {
                // Each number has a generator of its own, so that any of them can be drawn alone.
                let rng = Rng::new(Some(
                    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd134_2543_de82_ef95),
                ));
                rng.rand();
                ((u128::from(rng.rand()) * u128::from(self.size)) >> 64) as u64
            }
        };
        let cell = &self.cells[self.cells.partition_point(|c| c.first <= j) - 1];
        let at = (j - cell.first) as usize;
        let (moment, fault) = (at / cell.faults.len(), at % cell.faults.len());
        Point { rig: cell.rig, moment: cell.moments[moment], fault: cell.faults[fault] }
    }
}

/// Moments and faults of a scenario.
fn cells(spec: &Spec, rig: &Rig) -> Vec<(Vec<Moment>, Vec<Fault>)> {
    let has = |target: &str| spec.targets.iter().any(|t| t == target);
    let wanted = |model: &str| spec.models.is_empty() || spec.models.iter().any(|m| m == model);
    let mut faults = Vec::new();
    let areas = rig.areas();
    for &area in &areas {
        let bits = match area {
            Area::Header => has("header"),
            Area::Extra => has("extra"),
            Area::Bucket { old, .. } => has(if old { "oldbuckets" } else { "buckets" }),
            _ => false,
        };
        if bits {
            bit_faults(spec, rig, area, &mut faults);
        }
    }
    for &area in &areas {
        if has("pointers") {
            for field in fields(rig.map_type(), area).into_iter().filter(|f| f.is_pointer()) {
                let target = Target { area, field: Some(field), bit: None };
                faults.extend(POINTEES.iter().filter(|p| wanted(p.1)).map(|p| Fault::Pointer(target, p.0)));
            }
        }
        // Single buckets of an array are no objects; overflow buckets may be.
        if matches!(area, Area::Bucket { depth: 0, .. }) {
            continue;
        }
        if has("pages") {
            faults.extend(PAGES.iter().filter(|p| wanted(p.1)).map(|p| Fault::Pages(area, p.0)));
        }
        if has("frees") {
            faults.extend(FREED.iter().filter(|f| wanted(f.1)).map(|f| Fault::Free(area, f.0)));
        }
    }
    if has("allocations") && wanted("refuse") {
        faults.extend((0..REFUSALS).map(Fault::Refuse));
    }
    let mut all = vec![(moments(spec, rig, |_| true), faults)];
    if has("iterator") {
        let mut faults = Vec::new();
        bit_faults(spec, rig, Area::Iterator, &mut faults);
        all.push((steps(rig, |k| k == StepKind::Next), faults));
    }
    if has("stores") {
        let both = [(Fault::Lost, "lost"), (Fault::Duplicated, "duplicated")];
        let faults = both.into_iter().filter(|f| wanted(f.1)).map(|f| f.0).collect();
        all.push((steps(rig, StepKind::stores), faults));
    }
    all
}

/// Every bit of an area, in every way that is wanted: flipped, when nothing is said.
fn bit_faults(spec: &Spec, rig: &Rig, area: Area, faults: &mut Vec<Fault>) {
    let changes: Vec<Change> = if spec.models.is_empty() {
        vec![Change::Flip]
    } else {
        CHANGES.iter().filter(|c| spec.models.iter().any(|m| m == c.1)).map(|c| c.0).collect()
    };
    for field in fields(rig.map_type(), area) {
        for bit in 0..field.size * 8 {
            let target = Target { area, field: Some(field), bit: Some(bit) };
            faults.extend(changes.iter().map(|&c| Fault::Bit(target, c)));
        }
    }
}

fn moments(spec: &Spec, rig: &Rig, which: impl Fn(StepKind) -> bool) -> Vec<Moment> {
    let has = |moment: &str| spec.moments.iter().any(|m| m == moment);
    let mut all = Vec::new();
    for op in 0..rig.operations().len() as u16 {
        all.extend(has("before").then_some(Moment { op, at: At::Before }));
        if has("steps") {
            let steps = rig.steps(op.into()).iter().enumerate().filter(|(_, k)| which(**k));
            all.extend(steps.map(|(i, _)| Moment { op, at: At::Step(i as u32 + 1) }));
        }
        all.extend(has("after").then_some(Moment { op, at: At::After }));
    }
    all
}

fn steps(rig: &Rig, which: impl Fn(StepKind) -> bool) -> Vec<Moment> {
    let spec = Spec { moments: vec!["steps".to_owned()], ..Spec::default() };
    moments(&spec, rig, which)
}
