//! The instructions with which a function of Go's runtime begins: where it looks whether the map is nil, and what then.
//!
//! Go's functions keep the map in a register (the internal ABI: AX the type, BX the map, CX the key), so the test is a `TEST`
//! of a register with itself and a jump, `JE` or `JNE`.

use crate::lab::programs::recorded::{Exit, Outcome};
use std::io;
use std::path::Path;

/// Functions that can be looked at: those that assign.
pub(super) const FUNCTIONS: [&str; 1] = ["mapassign_fast64"];

/// Looks at a function of a binary, by its symbol; none where nothing can decode its instructions.
///
/// # Errors
/// When the binary cannot be read, or has no such function.
pub(super) fn of_binary(binary: &Path, symbol: &str) -> io::Result<Option<Outcome>> {
    let data = std::fs::read(binary)?;
    let text = elf::text_of(&data, symbol)?;
    Ok(text.map(|stdout| Outcome { exit: Exit::Code(0), stdout, stderr: String::new() }))
}

/// The symbol of a function in a Go program.
pub(super) fn gos(function: &str) -> String {
    format!("runtime.{function}")
}

/// The symbol of the assembly here that has the shape of Go's.
pub(super) fn ours(function: &str) -> String {
    format!("gohmap_{function}_scalar")
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod elf {
    pub(super) fn text_of(_: &[u8], _: &str) -> std::io::Result<Option<String>> {
        Ok(None)
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod elf {
    use super::nil_check::describe;
    use object::{Object, ObjectSection, ObjectSymbol};
    use std::collections::HashMap;
    use std::io;

    /// What there is to say of a function.
    pub(super) fn text_of(data: &[u8], wanted: &str) -> io::Result<Option<String>> {
        let file = object::File::parse(data).map_err(io::Error::other)?;
        let functions: HashMap<u64, &str> =
            file.symbols().filter_map(|s| Some((s.address(), s.name().ok()?))).collect();
        let missing = || io::Error::other(format!("the program has no {wanted}"));
        let symbol = file.symbols().find(|s| s.name() == Ok(wanted)).ok_or_else(missing)?;
        let section = symbol.section_index().ok_or_else(missing)?;
        let section = file.section_by_index(section).map_err(io::Error::other)?;
        let code =
            section.data_range(symbol.address(), symbol.size()).map_err(io::Error::other)?.ok_or_else(missing)?;
        let name = |at: u64| functions.get(&at).map(|n| (*n).to_owned());
        Ok(Some(describe(code, symbol.address(), &name)))
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod nil_check {
    use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
    use std::fmt::Write;

    /// Says of the code at an address where it tests a register for zero first; `name` names functions.
    pub(super) fn describe(code: &[u8], at: u64, name: &dyn Fn(u64) -> Option<String>) -> String {
        let all: Vec<Instruction> = Decoder::with_ip(64, code, at, DecoderOptions::NONE).iter().collect();
        let is_test = |i: &Instruction| i.mnemonic() == Mnemonic::Test && i.op0_register() == i.op1_register();
        let jumps = |i: &Instruction| matches!(i.mnemonic(), Mnemonic::Je | Mnemonic::Jne);
        let found = all.windows(2).position(|w| is_test(&w[0]) && w[0].op1_kind() == OpKind::Register && jumps(&w[1]));
        let Some(n) = found else { return "no register is tested for zero\n".to_owned() };
        let (test, jump) = (&all[n], &all[n + 1]);
        let register = test.op0_register();
        let before = &all[..n];
        let calls = before.iter().filter(|i| i.flow_control() == FlowControl::Call).count();
        let loads = before.iter().filter(|i| through(i, register)).count();
        let mut out = String::new();
        let _ = writeln!(out, "instructions before the test: {n}");
        let _ = writeln!(
            out,
            "the test: TESTQ {0}, {0}; {1}",
            go_name(register),
            format!("{:?}", jump.mnemonic()).to_uppercase()
        );
        let _ = writeln!(out, "calls before it: {calls}");
        let _ = writeln!(out, "accesses through {} before it: {loads}", go_name(register));
        // Where the register is zero: behind the jump, or at its target.
        let zero = if jump.mnemonic() == Mnemonic::Je { jump.near_branch_target() } else { jump.next_ip() };
        let end = at + code.len() as u64;
        let leaves = |i: &&Instruction| match i.flow_control() {
            FlowControl::Call => true,
            FlowControl::UnconditionalBranch => !(at..end).contains(&i.near_branch_target()),
            _ => false,
        };
        let there = all.iter().skip_while(|i| i.ip() < zero).find(leaves);
        let called =
            there.and_then(|i| name(i.near_branch_target())).unwrap_or_else(|| "nothing with a name".to_owned());
        let _ = writeln!(out, "if it is zero: calls {called}");
        out
    }

    fn through(i: &Instruction, register: Register) -> bool {
        (0..i.op_count()).any(|op| i.op_kind(op) == OpKind::Memory) && i.memory_base() == register
    }

    /// As Go's assembler writes it: BX for RBX.
    fn go_name(register: Register) -> String {
        let name = format!("{register:?}");
        name.strip_prefix('R')
            .filter(|r| r.starts_with(|c: char| c.is_ascii_alphabetic()))
            .map_or(name.clone(), str::to_owned)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// `push rbp; test rbx, rbx; je +5; mov rax, [rbx+8]; ret; nop…; call +0`, at 0x1000.
        const CODE: [u8; 16] =
            [0x55, 0x48, 0x85, 0xdb, 0x74, 0x05, 0x48, 0x8b, 0x43, 0x08, 0xc3, 0xe8, 0x10, 0x00, 0x00, 0x00];

        #[test]
        fn a_nil_check_is_described() {
            let name = |at| (at == 0x1020).then(|| "runtime.gopanic".to_owned());
            assert_eq!(
                describe(&CODE, 0x1000, &name),
                "instructions before the test: 1\nthe test: TESTQ BX, BX; JE\ncalls before it: 0\n\
                 accesses through BX before it: 0\nif it is zero: calls runtime.gopanic\n"
            );
        }

        #[test]
        fn what_comes_first_is_counted() {
            // mov rax, [rbx]; call +0; test rbx, rbx; jne +0; call +0
            let code = [0x48, 0x8b, 0x03, 0xe8, 0, 0, 0, 0, 0x48, 0x85, 0xdb, 0x75, 0x00, 0xe8, 0, 0, 0, 0];
            let said = describe(&code, 0x1000, &|at| (at == 0x1012).then(|| "f".to_owned()));
            for line in ["before the test: 2\n", "calls before it: 1\n", "through BX before it: 1\n", "zero: calls f\n"]
            {
                assert!(said.contains(line), "{line:?} is not in {said}");
            }
            assert_eq!(describe(&[0xc3], 0x1000, &|_| None), "no register is tested for zero\n");
        }
    }
}
