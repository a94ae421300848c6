//! An injection as a text that says all of it: `growing/assign-new/step7/header.flags.2/flip`.
//!
//! Map, workload, moment, target and model; behind a question mark what is not as usual: `?type=str&go=1.21`.

use super::Unknown;
use super::fault::Fault;
use super::keys::KeyKind;
use super::moment::Moment;
use super::rig::{Rig, Scenario};
use crate::version::GoVersion;
use std::fmt::Write;

/// An injection, its target and model still as texts: which there are depends on the map's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// The Go version.
    pub version: GoVersion,
    /// The map, and what is done.
    pub scenario: Scenario,
    /// When it strikes.
    pub moment: Moment,
    /// What is broken.
    pub target: String,
    /// How.
    pub model: String,
}

/// The text of an injection.
#[must_use]
pub fn text(version: GoVersion, scenario: &Scenario, moment: Moment, fault: &Fault) -> String {
    let Scenario { shape, kind, workload } = scenario;
    let mut id = String::with_capacity(64);
    let _ = write!(id, "{shape}/{workload}/{moment}/{}/{}", fault.target(), fault.model());
    let mut mark = '?';
    if *kind != KeyKind::default() {
        let _ = write!(id, "{mark}type={kind}");
        mark = '&';
    }
    if version != GoVersion::default() {
        let _ = write!(id, "{mark}go={version}");
    }
    id
}

impl Injection {
    /// Reads such a text.
    ///
    /// # Errors
    /// At the part that means nothing.
    pub fn parse(text: &str) -> Result<Self, Unknown> {
        let (main, options) = text.split_once('?').unwrap_or((text, ""));
        let parts: Vec<&str> = main.split('/').collect();
        let &[shape, workload, moment, target, model] = parts.as_slice() else {
            return Err(Unknown(format!(
                "no injection {text:?}: it is MAP/OPERATION/MOMENT/TARGET/MODEL, such as small/read-hit/before/header.flags.2/flip"
            )));
        };
        let (mut kind, mut version) = (KeyKind::default(), GoVersion::default());
        for option in options.split('&').filter(|o| !o.is_empty()) {
            match option.split_once('=') {
                Some(("type", v)) => kind = v.parse()?,
                Some(("go", v)) => version = v.parse().map_err(|e| Unknown(format!("{e}")))?,
                _ => return Err(Unknown(format!("no option {option:?}; there are type= and go="))),
            }
        }
        Ok(Self {
            version,
            scenario: Scenario { shape: shape.parse()?, kind, workload: workload.parse()? },
            moment: moment.parse()?,
            target: target.to_owned(),
            model: model.to_owned(),
        })
    }

    /// The fault and its event on a rig of this scenario.
    ///
    /// # Errors
    /// When there is no such target, model or moment.
    pub fn on(&self, rig: &Rig) -> Result<(Fault, u64), Unknown> {
        let fault = Fault::parse(&self.target, &self.model, rig.map_type())?;
        let event = rig.event(self.moment).ok_or_else(|| {
            let steps = rig.steps(self.moment.op.into()).len();
            Unknown(format!("no moment {}: the operation has {steps} steps", self.moment))
        })?;
        Ok((fault, event))
    }
}
