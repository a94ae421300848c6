/*
 * runtime.memclrNoHeapPointers and runtime.memmove for emulated memory: eight bytes at a time where that is
 * possible (zeroing: sixteen), lowest address first (memmove: highest first when the ranges overlap that way), so that the first
 * address that faults is the one Go reports. No stack, no callee-saved register.
 * Twins: memclr and memmove of src/layout/mem.rs.
 */
        .include "base.inc"

/* From here on `rep stosb` is faster than a loop. */
        .set    CLR_REP, 512

/* void gohmap_memclrNoHeapPointers(rdi = p, rsi = n) */
ENTRY gohmap_memclrNoHeapPointers
        cmpq    $16, %rsi
        jb      2f
        cmpq    $CLR_REP, %rsi
        jae     5f
        pxor    %xmm0, %xmm0
        leaq    -16(%rdi,%rsi), %rdx    /* the last 16 bytes, which may overlap those before */
1:      movdqu  %xmm0, (%rdi)
        addq    $16, %rdi
        cmpq    %rdx, %rdi
        jb      1b
        movdqu  %xmm0, (%rdx)
        ret
2:      xorl    %eax, %eax
        cmpq    $8, %rsi
        jb      3f
        movq    %rax, (%rdi)
        addq    $8, %rdi
        subq    $8, %rsi
3:      testq   %rsi, %rsi
        je      4f
        movb    %al, (%rdi)
        incq    %rdi
        decq    %rsi
        jmp     3b
4:      ret
5:      xorl    %eax, %eax
        movq    %rsi, %rcx
        rep stosb
        ret
END gohmap_memclrNoHeapPointers

/* void gohmap_memmove(rdi = dst, rsi = src, rdx = n) */
ENTRY gohmap_memmove
        movq    %rdi, %rax
        subq    %rsi, %rax
        cmpq    %rdx, %rax              /* unsigned dst - src < n: overlap that needs the way down */
        jb      5f
        cmpq    $256, %rdx
        jae     3f
        cmpq    $8, %rdx
        jb      6f
        /* The last eight bytes may overlap those before: they are loaded before anything is stored. */
        movq    (%rsi), %rax
        movq    -8(%rsi,%rdx), %rcx
        leaq    -8(%rdi,%rdx), %rdx
        subq    %rdi, %rsi
        cmpq    %rdx, %rdi
        jae     8f
7:      movq    %rax, (%rdi)
        addq    $8, %rdi
        cmpq    %rdx, %rdi
        jae     8f
        movq    (%rsi,%rdi), %rax
        jmp     7b
8:      movq    %rcx, (%rdx)
        ret
6:      cmpq    $4, %rdx
        jb      2f
        movl    (%rsi), %eax
        movl    -4(%rsi,%rdx), %ecx
        movl    %eax, (%rdi)
        movl    %ecx, -4(%rdi,%rdx)
        ret
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
