//! Columns of text as `benchstat` lays them out (`golang.org/x/perf/cmd/benchstat/internal/texttab`): cells may span several,
//! and each column has a margin before it, in which signs stand that belong to no cell.

/// Where the text of a cell stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

struct Cell {
    row: usize,
    column: usize,
    span: usize,
    text: String,
    margin: &'static str,
    align: Align,
}

/// Cells, row by row.
#[derive(Default)]
pub(super) struct Grid {
    cells: Vec<Cell>,
    rows: usize,
    /// Columns that a wide cell makes wider.
    stretching: Vec<usize>,
}

fn width(text: &str) -> usize {
    text.chars().count()
}

impl Grid {
    /// Begins a row.
    pub(super) fn row(&mut self) {
        self.rows += 1;
    }

    /// A cell of the last row. Without a margin of its own it has a blank before it, if there is something in it and it is not
    /// in the first column.
    pub(super) fn cell(&mut self, column: usize, text: &str, align: Align) {
        let margin = if column == 0 || text.is_empty() { "" } else { " " };
        self.span(column, 1, text, align, margin);
    }

    /// A cell over several columns, with a margin.
    pub(super) fn span(&mut self, column: usize, span: usize, text: &str, align: Align, margin: &'static str) {
        self.cells.push(Cell { row: self.rows - 1, column, span, text: text.to_owned(), margin, align });
    }

    /// Lets a column grow where a cell over several needs more room.
    pub(super) fn stretch(&mut self, column: usize) {
        self.stretching.push(column);
    }

    /// The text, a line for each row.
    pub(super) fn text(mut self) -> String {
        let columns = self.cells.iter().map(|c| c.column + c.span).max().unwrap_or(0);
        let mut margins = vec![0; columns];
        for c in &self.cells {
            margins[c.column] = margins[c.column].max(width(c.margin));
        }
        let mut widths = vec![0; columns];
        self.cells.sort_by_key(|c| c.span);
        for c in &self.cells {
            let need = width(&c.text) + margins[c.column];
            let have: usize = widths[c.column..c.column + c.span].iter().sum();
            let grows = if c.span == 1 {
                Some(c.column)
            } else {
                (c.column..c.column + c.span).find(|i| self.stretching.contains(i))
            };
            if let Some(grows) = grows {
                widths[grows] += need.saturating_sub(have);
            }
        }
        let starts: Vec<usize> = std::iter::once(0)
            .chain(widths.iter().scan(0, |sum, w| {
                *sum += w;
                Some(*sum)
            }))
            .collect();
        self.cells.sort_by_key(|c| (c.row, c.column));
        let mut lines = vec![String::new(); self.rows];
        for c in self.cells {
            // Without this, lines would end in blanks.
            if c.text.trim().is_empty() && c.margin.trim().is_empty() {
                continue;
            }
            let line = &mut lines[c.row];
            let room = starts[c.column + c.span] - starts[c.column] - margins[c.column];
            let before = match c.align {
                Align::Left => 0,
                Align::Center => room.saturating_sub(width(&c.text)) / 2,
                Align::Right => room.saturating_sub(width(&c.text)),
            };
            let start = starts[c.column].saturating_sub(width(line));
            let blanks = |n: usize| " ".repeat(n);
            let margin = margins[c.column] - width(c.margin);
            line.push_str(&[&blanks(start + margin), c.margin, &blanks(before), &c.text].concat());
        }
        lines.iter().map(|l| format!("{l}\n")).collect()
    }
}
