/*
 * The ways in and out of a guarded region (src/fatal/region.rs) and the frame that a fault seems to have called
 * (src/fault/handler.rs).
 *
 *   gohmap_guard(region, f, data)   calls f(data); returns 0 when f returned, 1 when something landed here
 *   gohmap_land(sp)                 goes back to the gohmap_guard whose stack pointer was stored
 *   gohmap_guard_landing            where the signal handler points the pc for the same purpose
 *   gohmap_sigpanic_entry           the handler points pc here and rsp at a record on the faulting stack:
 *                                   { u64 pc, u64 rsp, ... } of the fault. Its CFI says that the caller is the
 *                                   faulting instruction itself, so a traceback goes on through it.
 *
 * Twin for builds without assembly: Region::run in src/fatal/region.rs calls f directly.
 */
        .include "base.inc"

/* u32 gohmap_guard(rdi = *mut u64 landing sp, rsi = fn(*mut u8), rdx = *mut u8) */
ENTRY gohmap_guard
        SAVE    rbp
        SAVE    rbx
        SAVE    r12
        SAVE    r13
        SAVE    r14
        SAVE    r15
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        movq    %rsp, (%rdi)
        movq    %rdx, %rdi
        call    *%rsi
        xorl    %eax, %eax
        .globl  gohmap_guard_return
gohmap_guard_return:
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        RESTORE r15
        RESTORE r14
        RESTORE r13
        RESTORE r12
        RESTORE rbx
        RESTORE rbp
        ret
END gohmap_guard

/* The frame is gohmap_guard's, just after its call. */
ENTRY gohmap_guard_landing
        .cfi_def_cfa %rsp, 64
        .cfi_rel_offset %rbp, 48
        .cfi_rel_offset %rbx, 40
        .cfi_rel_offset %r12, 32
        .cfi_rel_offset %r13, 24
        .cfi_rel_offset %r14, 16
        .cfi_rel_offset %r15, 8
        cld
        movl    $1, %eax
        jmp     gohmap_guard_return
END gohmap_guard_landing

/* void gohmap_land(rdi = landing sp), does not return to its caller */
ENTRY gohmap_land
        movq    %rdi, %rsp
        jmp     gohmap_guard_landing
END gohmap_land

/* rsp = address of the record, 16-byte aligned; every other register as at the fault. */
ENTRY gohmap_sigpanic_entry
        .cfi_signal_frame
        .cfi_escape 0x0f, 3, 0x77, 8, 0x06      /* CFA = *(rsp + 8): the rsp of the fault */
        .cfi_escape 0x10, 16, 2, 0x77, 0        /* return address at rsp + 0: the pc of the fault */
        cld
        movq    %rsp, %rdi
        call    gohmap_sigpanic
        ud2
END gohmap_sigpanic_entry
