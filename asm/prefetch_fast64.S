/*
 * Asks for the buckets of eight keys ahead of time. Nothing that Go has; changes nothing and reports nothing.
 *
 *   void gohmap_prefetch_fast64_ISA(rdi = *const MapType, rsi = *const Hmap, rdx = *const [u64; 8])    to write
 *   void gohmap_prefetchread_fast64_ISA(…)                                                              to read
 *
 * Of each bucket: its first line, the next, and the one of the overflow pointer. Small tables are left alone: they lie in
 * a near cache. A header that faults is the operation's to report. Twin: none; the portable operations prefetch nothing.
 */
        .include "base.inc"

/* log2 of the least number of buckets */
        .set    LEAST_B, 10

        .macro  LINES hint, a, size
        \hint   (\a)
        \hint   64(\a)
        \hint   -8(\a,\size)
        .endm

        .macro  PREFETCH_SSE41 name, hint
ENTRY \name
        testq   %rsi, %rsi
        je      .Lend\@
        movzbl  HMAP_B(%rsi), %ecx
        leal    -LEAST_B(%rcx), %eax
        cmpl    $40, %eax
        ja      .Lend\@
        movl    $1, %r8d
        shlq    %cl, %r8
        decq    %r8
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        movq    MAPTYPE_KEYS(%rdi), %r9
        movq    HMAP_BUCKETS(%rsi), %r10
        movd    HMAP_HASH0(%rsi), %xmm3
        movl    $8, %r11d
1:      movq    (%rdx), %xmm1
        movdqa  %xmm3, %xmm0
        punpcklqdq %xmm1, %xmm0
        aesenc  (%r9), %xmm0
        aesenc  16(%r9), %xmm0
        aesenc  32(%r9), %xmm0
        movq    %xmm0, %rax
        andq    %r8, %rax
        imulq   %rcx, %rax
        addq    %r10, %rax
        LINES   \hint, %rax, %rcx
        addq    $8, %rdx
        decl    %r11d
        jne     1b
.Lend\@:
        ret
        FIXUP   \name, .Lend\@, .Lend\@
END \name
        .endm

        .macro  PREFETCH_AVX512 name, hint
ENTRY \name
        testq   %rsi, %rsi
        je      .Lend\@
        movzbl  HMAP_B(%rsi), %ecx
        leal    -LEAST_B(%rcx), %eax
        cmpl    $40, %eax
        ja      .Lend\@
        movq    $-1, %r8
        bzhiq   %rcx, %r8, %r8
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        movq    MAPTYPE_KEYS(%rdi), %r9
        vmovd   HMAP_HASH0(%rsi), %xmm0
        vpbroadcastq %xmm0, %zmm16
        vmovdqu64 (%rdx), %zmm17
        vbroadcasti32x4 (%r9), %zmm20
        vbroadcasti32x4 16(%r9), %zmm21
        vbroadcasti32x4 32(%r9), %zmm22
        vpunpckhqdq %zmm17, %zmm16, %zmm18      /* hash0, odd key */
        vpunpcklqdq %zmm17, %zmm16, %zmm17      /* hash0, even key */
        vaesenc %zmm20, %zmm17, %zmm17
        vaesenc %zmm20, %zmm18, %zmm18
        vaesenc %zmm21, %zmm17, %zmm17
        vaesenc %zmm21, %zmm18, %zmm18
        vaesenc %zmm22, %zmm17, %zmm17
        vaesenc %zmm22, %zmm18, %zmm18
        vpunpcklqdq %zmm18, %zmm17, %zmm17
        vpbroadcastq %r8, %zmm18
        vpandq  %zmm18, %zmm17, %zmm17
        vpbroadcastq %rcx, %zmm18
        vpmullq %zmm18, %zmm17, %zmm17
        vpaddq  HMAP_BUCKETS(%rsi){1to8}, %zmm17, %zmm17
        vmovdqu64 %zmm17, -64(%rsp)
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        movq    8*\i-64(%rsp), %rax
        LINES   \hint, %rax, %rcx
        .endr
.Lend\@:
        ret
        FIXUP   \name, .Lend\@, .Lend\@
END \name
        .endm

        PREFETCH_SSE41 gohmap_prefetch_fast64_sse41, prefetchw
        PREFETCH_SSE41 gohmap_prefetchread_fast64_sse41, prefetcht0
        PREFETCH_AVX512 gohmap_prefetch_fast64_avx512, prefetchw
        PREFETCH_AVX512 gohmap_prefetchread_fast64_avx512, prefetcht0
