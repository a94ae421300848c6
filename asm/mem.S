/*
 * runtime.memclrNoHeapPointers and runtime.memmove for emulated memory: eight bytes at a time where that is
 * possible, lowest address first (memmove: highest first when the ranges overlap that way), so that the first
 * address that faults is the one Go reports. No stack, no callee-saved register.
 * Twins: memclr and memmove of src/layout/mem.rs.
 */
        .include "base.inc"

/* void gohmap_memclrNoHeapPointers(rdi = p, rsi = n) */
ENTRY gohmap_memclrNoHeapPointers
        xorl    %eax, %eax
        cmpq    $256, %rsi
        jae     3f
1:      cmpq    $8, %rsi
        jb      2f
        movq    %rax, (%rdi)
        addq    $8, %rdi
        subq    $8, %rsi
        jmp     1b
2:      testq   %rsi, %rsi
        je      4f
        movb    %al, (%rdi)
        incq    %rdi
        decq    %rsi
        jmp     2b
3:      movq    %rsi, %rcx
        rep stosb
4:      ret
END gohmap_memclrNoHeapPointers

/* void gohmap_memmove(rdi = dst, rsi = src, rdx = n) */
ENTRY gohmap_memmove
        movq    %rdi, %rax
        subq    %rsi, %rax
        cmpq    %rdx, %rax              /* unsigned dst - src < n: overlap that needs the way down */
        jb      5f
        cmpq    $256, %rdx
        jae     3f
1:      cmpq    $8, %rdx
        jb      2f
        movq    (%rsi), %rax
        movq    %rax, (%rdi)
        addq    $8, %rsi
        addq    $8, %rdi
        subq    $8, %rdx
        jmp     1b
2:      testq   %rdx, %rdx
        je      4f
        movb    (%rsi), %al
        movb    %al, (%rdi)
        incq    %rsi
        incq    %rdi
        decq    %rdx
        jmp     2b
3:      movq    %rdx, %rcx
        rep movsb
4:      ret
5:      testq   %rdx, %rdx
        je      4b
        movb    -1(%rsi,%rdx), %al
        movb    %al, -1(%rdi,%rdx)
        decq    %rdx
        jmp     5b
END gohmap_memmove
