/*
 * strhash of long strings, for the routines for string keys.
 *
 *   gohmap_strhash_long(rdi = *const MapType, rdx = bytes of the key, r9 = their number, 65 or more,
 *                       xmm1 = seed, and the number of bytes four times)
 *         ->  xmm0 = the hash in its low half, eax = 0; or eax = 1 when the bytes cannot be read
 *
 * Not by the System V ABI: all registers but rax, r11 and the vectors are kept. Twin: `long` in src/hash/memhash.rs.
 */
        .include "base.inc"

ENTRY gohmap_strhash_long
        movdqa  %xmm1, %xmm0
        .irp    lane, 1, 2, 3, 4, 5, 6, 7
        movdqa  %xmm0, %xmm\lane
        .endr
        .irp    lane, 0, 1, 2, 3, 4, 5, 6, 7
        pxor    MAPTYPE_KEYS+16*\lane(%rdi), %xmm\lane
        aesenc  %xmm\lane, %xmm\lane
        .endr
        cmpq    $128, %r9
        ja      .Lblocks
        movdqu  (%rdx), %xmm8
        movdqu  16(%rdx), %xmm9
        movdqu  32(%rdx), %xmm10
        movdqu  48(%rdx), %xmm11
        movdqu  -64(%rdx,%r9), %xmm12
        movdqu  -48(%rdx,%r9), %xmm13
        movdqu  -32(%rdx,%r9), %xmm14
        movdqu  -16(%rdx,%r9), %xmm15
        pxor    %xmm8, %xmm0
        pxor    %xmm9, %xmm1
        pxor    %xmm10, %xmm2
        pxor    %xmm11, %xmm3
        pxor    %xmm12, %xmm4
        pxor    %xmm13, %xmm5
        pxor    %xmm14, %xmm6
        pxor    %xmm15, %xmm7
        jmp     .Lfinish
.Lblocks:                                       /* the last 128 bytes come first */
        .irp    lane, 0, 1, 2, 3, 4, 5, 6, 7
        movdqu  16*\lane-128(%rdx,%r9), %xmm8
        pxor    %xmm8, %xmm\lane
        .endr
        leaq    -1(%r9), %rax
        movq    %rdx, %r11
        shrq    $7, %rax
1:      .irp    lane, 0, 1, 2, 3, 4, 5, 6, 7
        movdqu  16*\lane(%r11), %xmm8
        aesenc  %xmm\lane, %xmm\lane
        aesenc  %xmm8, %xmm\lane
        .endr
        addq    $128, %r11
        decq    %rax
        jne     1b
.Lfinish:
        .rept   3
        .irp    lane, 0, 1, 2, 3, 4, 5, 6, 7
        aesenc  %xmm\lane, %xmm\lane
        .endr
        .endr
        pxor    %xmm1, %xmm0
        pxor    %xmm3, %xmm2
        pxor    %xmm5, %xmm4
        pxor    %xmm7, %xmm6
        pxor    %xmm2, %xmm0
        pxor    %xmm6, %xmm4
        pxor    %xmm4, %xmm0
        xorl    %eax, %eax
        ret
.Lunread:
        movl    $1, %eax
        ret
        FIXUP   gohmap_strhash_long, .Lunread, .Lunread
END gohmap_strhash_long
