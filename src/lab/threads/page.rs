//! A page that outlives the process of a round: what its threads have done, and how it ended.

use super::MOST_THREADS;
use memmap2::{MmapMut, MmapOptions};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

/// Words between the counters of two threads: a cache line.
const STEP: usize = 8;
/// Words before the counters.
const HEAD: usize = 64;
const WORDS: usize = HEAD + STEP * MOST_THREADS;
/// Where the text begins, and how many bytes it may have; before it are state, time and length.
const TEXT: usize = 3;
const MOST_TEXT: usize = 8 * (HEAD - TEXT);

/// How a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing has been said.
    Running,
    /// The first who dies is saying so.
    Dying,
    /// Somebody has died; the text says how.
    Died,
    /// All have done their operations; the text says what is wrong, if anything.
    Done,
}

/// The page.
pub(super) struct Page {
    map: MmapMut,
}

impl Page {
    /// Of a file, which is made as long as it takes; whoever else maps it sees the same.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.set_len(8 * WORDS as u64)?;
        // SAFETY: the file is ours, and nobody cuts it off.
        let map = unsafe { MmapOptions::new().len(8 * WORDS).map_mut(file)? };
        Ok(Self { map })
    }

    fn words(&self) -> &[AtomicU64] {
        // SAFETY: so many words, aligned to a page, which all that have the page touch as atomics only.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), WORDS) }
    }

    /// Makes it as new.
    pub(super) fn clear(&self) {
        self.words().iter().for_each(|w| w.store(0, Relaxed));
    }

    /// Counts an operation of a thread; nobody else counts for it.
    #[inline]
    pub(super) fn count(&self, thread: usize) {
        let w = &self.words()[HEAD + STEP * thread];
        w.store(w.load(Relaxed) + 1, Relaxed);
    }

    /// Operations of all threads.
    pub(super) fn operations(&self) -> u64 {
        (0..MOST_THREADS).map(|t| self.words()[HEAD + STEP * t].load(Relaxed)).sum()
    }

    pub(super) fn state(&self) -> State {
        match self.words()[0].load(SeqCst) {
            0 => State::Running,
            1 => State::Dying,
            2 => State::Died,
            _ => State::Done,
        }
    }

    /// Takes the word, if nobody has.
    pub(super) fn first_to_die(&self) -> bool {
        self.words()[0].compare_exchange(0, 1, SeqCst, SeqCst).is_ok()
    }

    /// Says how it ended.
    pub(super) fn end(&self, died: bool, nanoseconds: u64, text: &str) {
        let words = self.words();
        let bytes = &text.as_bytes()[..text.len().min(MOST_TEXT)];
        for (i, chunk) in bytes.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            words[TEXT + i].store(u64::from_le_bytes(word), Relaxed);
        }
        words[1].store(nanoseconds, Relaxed);
        words[2].store(bytes.len() as u64, Relaxed);
        words[0].store(if died { 2 } else { 3 }, SeqCst);
    }

    /// What was said: nanoseconds, and the text.
    pub(super) fn said(&self) -> (u64, String) {
        let words = self.words();
        let len = words[2].load(Relaxed).min(MOST_TEXT as u64) as usize;
        let bytes: Vec<u8> = words[TEXT..HEAD].iter().flat_map(|w| w.load(Relaxed).to_le_bytes()).take(len).collect();
        (words[1].load(Relaxed), String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let path = std::env::temp_dir().join(format!("gohmap-page-{}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (a, b) = (Page::of(&file).unwrap(), Page::of(&file).unwrap());
        assert_eq!(b.state(), State::Running);
        (0..3).for_each(|_| a.count(5));
        a.count(0);
        assert!(a.first_to_die() && !b.first_to_die());
        assert_eq!(b.state(), State::Dying);
        a.end(true, 17, "concurrent map writes");
        assert_eq!((b.state(), b.operations(), b.said()), (State::Died, 4, (17, "concurrent map writes".to_owned())));
        b.clear();
        assert_eq!((a.state(), a.operations(), a.said()), (State::Running, 0, (0, String::new())));
    }
}
