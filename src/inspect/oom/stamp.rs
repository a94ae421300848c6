//! Times of log lines, in the forms that kernels, journals and programs write.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::fmt;

/// When a line was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stamp {
    /// Seconds since 1970, or, without a year, since the beginning of some leap year; in the zone that the line names, or UTC.
    pub wall: Option<f64>,
    /// The year is not known.
    pub yearless: bool,
    /// Seconds since the machine was started.
    pub boot: Option<f64>,
    /// As it stands in the line.
    pub text: String,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Stamps without a year are counted in this one, which has a 29th of February.
const SOME_YEAR: i16 = 2024;

fn month(name: &str) -> Option<i8> {
    MONTHS.iter().position(|m| *m == name).map(|i| i as i8 + 1)
}

/// Seconds since 1970 of a time in a zone so many seconds east.
fn seconds(year: i16, month: i8, day: i8, time: &str, east: i32) -> Option<f64> {
    let mut parts = time.splitn(3, ':');
    let (h, m) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let s = parts.next()?.replace(',', ".");
    let (whole, fraction) = s.split_once('.').unwrap_or((&s, ""));
    let whole: i8 = whole.parse().ok()?;
    let fraction: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
    // A leap second counts as the one before.
    let at = DateTime::new(year, month, day, h, m, whole.min(59), 0).ok()?;
    Some(Offset::from_seconds(east).ok()?.to_timestamp(at).ok()?.as_second() as f64 + fraction)
}

/// The stamp at the start of a line, and the rest of it.
pub(super) fn split(line: &str) -> (Option<Stamp>, &str) {
    let stamp = iso(line).or_else(|| syslog(line)).or_else(|| bracketed(line));
    let Some((mut stamp, rest)) = stamp else { return (None, line) };
    // kern.log has the seconds since boot too: `Nov 23 10:00:00 host kernel: [12345.678] text`.
    if stamp.boot.is_none()
        && let Some(i) = rest.find("kernel: [")
        && let Some((boot, _)) = since_boot(&rest[i + "kernel: ".len()..])
    {
        stamp.boot = Some(boot);
    }
    (Some(stamp), rest)
}

/// `2026-11-23T10:00:00.123456+01:00 `, `2026-11-23 10:00:00,123 `, `2026/11/23 10:00:00 `, with `Z`, `+0100` or nothing behind.
fn iso(line: &str) -> Option<(Stamp, &str)> {
    let open = line.strip_prefix('[').unwrap_or(line);
    let date = open.get(..10)?;
    let number = |r: std::ops::Range<usize>| date.get(r).and_then(|s| s.parse::<i16>().ok());
    let sep = |i: usize| matches!(date.as_bytes()[i], b'-' | b'/');
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !sep(4) || !sep(7) || !matches!(open.as_bytes().get(10)?, b'T' | b' ') {
        return None;
    }
    let rest = open.get(11..)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ":.,".contains(c))).unwrap_or(rest.len());
    let (time, rest) = rest.split_at(end);
    let (east, rest) = zone(rest)?;
    let wall = seconds(year, month as i8, day as i8, time, east)?;
    let text = &open[..open.len() - rest.len()];
    let rest = rest.strip_prefix(']').unwrap_or(rest).trim_start_matches(' ');
    Some((Stamp { wall: Some(wall), text: text.trim_end().to_owned(), ..Stamp::default() }, rest))
}

/// Seconds east of Greenwich, and the rest.
fn zone(s: &str) -> Option<(i32, &str)> {
    if let Some(rest) = s.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = match s.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((0, s)),
    };
    let digits: String = s[1..].chars().take(5).filter(char::is_ascii_digit).take(4).collect();
    let (h, m): (i32, i32) = (digits.get(..2)?.parse().ok()?, digits.get(2..4)?.parse().ok()?);
    let len = if s.as_bytes().get(3) == Some(&b':') { 6 } else { 5 };
    Some((sign * (h * 3600 + m * 60), s.get(len..)?))
}

/// `Nov  3 10:00:00 host `: no year.
fn syslog(line: &str) -> Option<(Stamp, &str)> {
    let month = month(line.get(..3)?)?;
    let rest = line.get(3..)?.strip_prefix(' ')?.trim_start_matches(' ');
    let (day, rest) = rest.split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    let wall = seconds(SOME_YEAR, month, day.parse().ok()?, time, 0)?;
    let text = line[..line.len() - rest.len()].trim_end().to_owned();
    let (_, rest) = rest.split_once(' ')?;
    Some((Stamp { wall: Some(wall), yearless: true, text, ..Stamp::default() }, rest))
}

/// `[Mon Nov 23 10:00:00 2026] ` of dmesg -T, `[12345.678901] ` of dmesg.
fn bracketed(line: &str) -> Option<(Stamp, &str)> {
    if let Some((boot, rest)) = since_boot(line) {
        let text = line[..line.len() - rest.len()].trim().to_owned();
        return Some((Stamp { boot: Some(boot), text, ..Stamp::default() }, rest));
    }
    let (inner, rest) = line.strip_prefix('[')?.split_once(']')?;
    let words: Vec<&str> = inner.split_whitespace().collect();
    let [_, name, day, time, year] = words.as_slice() else { return None };
    let wall = seconds(year.parse().ok()?, month(name)?, day.parse().ok()?, time, 0)?;
    Some((Stamp { wall: Some(wall), text: inner.to_owned(), ..Stamp::default() }, rest.trim_start_matches(' ')))
}

fn since_boot(s: &str) -> Option<(f64, &str)> {
    let (inner, rest) = s.strip_prefix('[')?.split_once(']')?;
    let inner = inner.trim();
    let number = inner.contains('.') && inner.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Some((inner.parse().ok().filter(|_| number)?, rest.trim_start_matches(' ')))
}

/// A moment, as the user gives it: `2026-11-23T10:00:00Z` or seconds since 1970.
#[must_use]
pub fn moment(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| iso(&format!("{text} ")).and_then(|(s, _)| s.wall))
}

/// Seconds from one wall time to another: where a year is missing, in the years that make it shortest.
pub(super) fn between(a: &Stamp, b: &Stamp) -> Option<f64> {
    let (x, y) = (a.wall?, b.wall?);
    if !a.yearless && !b.yearless {
        return Some(y - x);
    }
    // Both in the same leap year, then in neighbouring ones: New Year lies between.
    let in_some_year = |s: &Stamp, t: f64| {
        if s.yearless {
            return Some(t);
        }
        let at = Offset::UTC.to_datetime(jiff::Timestamp::from_second(t.floor() as i64).ok()?);
        let moved = at.with().year(SOME_YEAR).build().ok()?;
        Some(Offset::UTC.to_timestamp(moved).ok()?.as_second() as f64 + t.fract())
    };
    let d = in_some_year(b, y)? - in_some_year(a, x)?;
    let year = 366.0 * 86400.0;
    [d, d - year, d + year].into_iter().min_by(|a, b| a.abs().total_cmp(&b.abs()))
}
