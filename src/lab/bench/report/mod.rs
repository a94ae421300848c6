//! Results, told: as Go benchmark text, as JSON, as a table of ratios, as a page with curves.

pub mod html;
pub mod stats;
pub mod table;
pub mod text;
