/*
 * A point of an operation where another goroutine may run (src/lab/explore/point.rs).
 *
 *   gohmap_point(data, what, f)   calls f(data, what, sp)
 *
 * What a goroutine that stands there will do depends on memory and on its stack from sp on, callee-saved registers
 * included: they lie at sp[1] to sp[6], then comes the return address, then its caller's frame. What f leaves on the
 * stack below is zeroed as far as an operation's frames may reach, so that nothing of it shows up in the frames to come:
 * two goroutines that have come to the same state find the same.
 */
        .include "base.inc"

        .set    SCRUBBED, 1024

/* void gohmap_point(rdi = *const u8, rsi = *const u8, rdx = void fn(*const u8, *const u8, *const u64)) */
ENTRY gohmap_point
        SAVE    rbp
        SAVE    rbx
        SAVE    r12
        SAVE    r13
        SAVE    r14
        SAVE    r15
        pushq   $0
        .cfi_adjust_cfa_offset 8
        movq    %rdx, %rax
        movq    %rsp, %rdx
        call    *%rax
        leaq    -SCRUBBED(%rsp), %rdi
        movl    $SCRUBBED / 8, %ecx
        xorl    %eax, %eax
        rep stosq
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        RESTORE r15
        RESTORE r14
        RESTORE r13
        RESTORE r12
        RESTORE rbx
        RESTORE rbp
        ret
END gohmap_point
