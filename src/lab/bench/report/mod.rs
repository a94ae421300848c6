//! Results, told: as Go benchmark text, as JSON, as tables of ratios and of comparisons, as a page with curves.

pub mod benchstat;
pub mod html;
pub mod stats;
pub mod table;
pub mod text;
