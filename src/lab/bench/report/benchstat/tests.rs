//! `benchstat`'s own published examples: those of its documentation (`cmd/benchstat/main.go`), and of its tests
//! (`cmd/benchstat/testdata`).

use super::*;

const OLD_JSON: [f64; 10] = [1726., 1723., 1707., 1707., 1713., 1729., 1736., 1707., 1705., 1774.];
const OLD_GOB: [f64; 10] = [3069., 3075., 3069., 3067., 3207., 3064., 3064., 3058., 3059., 3062.];
const NEW_JSON: [f64; 10] = [1423., 1416., 1411., 1413., 1412., 1426., 1422., 1424., 1447., 1425.];
const NEW_GOB: [f64; 10] = [3075., 3065., 3059., 3065., 3060., 3081., 3186., 3135., 3087., 3062.];

/// A row: its name, and the samples of each column.
type Row<'a> = (&'a str, &'a [&'a [f64]]);

fn table(columns: &[&str], rows: &[Row<'_>]) -> Table {
    let samples = |s: &&[f64]| (!s.is_empty()).then(|| s.to_vec());
    Table {
        columns: columns.iter().map(|&c| c.to_owned()).collect(),
        rows: rows.iter().map(|(name, cells)| ((*name).to_owned(), cells.iter().map(samples).collect())).collect(),
    }
}

/// `benchstat old.txt new.txt`
#[test]
fn old_and_new() {
    let rows: [Row<'_>; 2] =
        [("Encode/format=json-48", &[&OLD_JSON, &NEW_JSON]), ("Encode/format=gob-48", &[&OLD_GOB, &NEW_GOB])];
    let t = table(&["old.txt", "new.txt"], &rows);
    assert_eq!(
        t.text(),
        "                      │   old.txt   │               new.txt               │
                      │   sec/op    │   sec/op     vs base                │
Encode/format=json-48   1.718µ ± 1%   1.423µ ± 1%  -17.20% (p=0.000 n=10)
Encode/format=gob-48    3.066µ ± 0%   3.070µ ± 2%        ~ (p=0.446 n=10)
geomean                 2.295µ        2.090µ        -8.94%
"
    );
    // csvOldNew.stdout has all digits of the means.
    let close = |got: Option<f64>, want: f64| assert!((got.unwrap() / want - 1.0).abs() < 1e-12, "{got:?}");
    close(t.geomeans(0).0, 2.294_891_936_453_654e-6);
    close(t.geomeans(1).0, 2.089_754_770_302_007e-6);
}

/// `benchstat -col /format new.txt`
#[test]
fn one_row_has_no_mean() {
    assert_eq!(
        table(&["json", "gob"], &[("Encode-48", &[&NEW_JSON, &NEW_GOB])]).text(),
        "          │    json     │                 gob                  │
          │   sec/op    │   sec/op     vs base                 │
Encode-48   1.423µ ± 1%   3.070µ ± 2%  +115.82% (p=0.000 n=10)
"
    );
}

/// `benchstat -col "/format@(gob json)" -row .name -ignore .file new.txt`
#[test]
fn the_other_way_round() {
    assert_eq!(
        table(&["gob", "json"], &[("Encode", &[&NEW_GOB, &NEW_JSON])]).text(),
        "       │     gob     │                json                 │
       │   sec/op    │   sec/op     vs base                │
Encode   3.070µ ± 2%   1.423µ ± 1%  -53.66% (p=0.000 n=10)
"
    );
}

/// smallSample.stdout
#[test]
fn too_few_samples() {
    assert_eq!(
        table(&["before", "after"], &[("X", &[&[100.], &[101.]])]).text(),
        "  │    before    │              after              │
  │    sec/op    │    sec/op     vs base           │
X   100.0n ± ∞ ¹   101.0n ± ∞ ¹  ~ (p=1.000 n=1) ²
¹ need >= 6 samples for confidence interval at level 0.95
² need >= 4 samples to detect a difference at alpha level 0.05
"
    );
}

/// issue19565.stdout
#[test]
fn rows_of_one_column_only() {
    let rows: [Row<'_>; 3] =
        [("A", &[&[100.; 6], &[100.; 6]]), ("B", &[&[10000.; 6], &[]]), ("C", &[&[], &[10000.; 6]])];
    assert_eq!(
        table(&["before", "after"], &rows).text(),
        "        │   before    │                after                │
        │   sec/op    │   sec/op     vs base                │
A         100.0n ± 0%   100.0n ± 0%       ~ (p=1.000 n=6) ¹
B         10.00µ ± 0%
C                       10.00µ ± 0%
geomean   1.000µ        1.000µ       +0.00%               ²
¹ all samples are equal
² benchmark set differs from baseline; geomeans may not be comparable
"
    );
}
