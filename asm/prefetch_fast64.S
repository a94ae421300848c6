/*
 * Asks for the buckets of eight keys ahead of time. Nothing that Go has; changes nothing and reports nothing.
 *
 *   void gohmap_prefetch_fast64_ISA(rdi = *const MapType, rsi = *const Hmap, rdx = *const [u64; 8])
 *
 * Of each bucket: its first line, the next, and the one of the overflow pointer; of a growing map the old buckets too.
 * Into the second-level cache, for more lines may be on their way there than to the first. Smaller tables lie there, and
 * are left alone. A header that faults is the operation's to report. Twin: none; the portable operations prefetch nothing.
 */
        .include "base.inc"

/* log2 of the least number of buckets */
        .set    LEAST_B, 13

        .macro  LINES a, size
        prefetcht1 (\a)
        prefetcht1 64(\a)
        prefetcht1 -8(\a,\size)
        .endm

/* To `end` unless the map is large; r8 = the mask of bucket numbers, r9 = the key schedule, r10 = the array, rcx = bucket
 * size, rsi = the old array. */
        .macro  HEADER end
        testq   %rsi, %rsi
        je      \end
        movzbl  HMAP_B(%rsi), %ecx
        leal    -LEAST_B(%rcx), %eax
        cmpl    $40, %eax
        ja      \end
        movq    $-1, %r8
        shlq    %cl, %r8
        notq    %r8
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        leaq    MAPTYPE_KEYS(%rdi), %r9
        movq    HMAP_BUCKETS(%rsi), %r10
        movd    HMAP_HASH0(%rsi), %xmm3
        movzbl  HMAP_FLAGS(%rsi), %r11d
        movq    HMAP_OLDBUCKETS(%rsi), %rsi
        .endm

/* On to the old array, or to `end` when there is none or it has had its turn. */
        .macro  OLD end
        testq   %rsi, %rsi
        je      \end
        movq    %rsi, %r10
        xorl    %esi, %esi
        movq    %r8, %rax
        shrq    %rax
        testb   $FLAG_SAME_SIZE_GROW, %r11b
        cmoveq  %rax, %r8
        .endm

ENTRY gohmap_prefetch_fast64_sse41
.Lsse:
        HEADER  .Lsseend
.Lssearray:
        movl    $8, %edi
1:      movq    -8(%rdx,%rdi,8), %xmm1
        movdqa  %xmm3, %xmm0
        punpcklqdq %xmm1, %xmm0
        aesenc  (%r9), %xmm0
        aesenc  16(%r9), %xmm0
        aesenc  32(%r9), %xmm0
        movq    %xmm0, %rax
        andq    %r8, %rax
        imulq   %rcx, %rax
        addq    %r10, %rax
        LINES   %rax, %rcx
        decl    %edi
        jne     1b
        OLD     .Lsseend
        jmp     .Lssearray
.Lsseend:
        ret
        FIXUP   .Lsse, .Lsseend, .Lsseend
END gohmap_prefetch_fast64_sse41

ENTRY gohmap_prefetch_fast64_avx512
.Lavx:
        HEADER  .Lavxend
        vpbroadcastq %xmm3, %zmm16
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
        vpunpcklqdq %zmm18, %zmm17, %zmm19
.Lavxarray:
        vpbroadcastq %r8, %zmm18
        vpandq  %zmm18, %zmm19, %zmm17
        vpbroadcastq %rcx, %zmm18
        vpmullq %zmm18, %zmm17, %zmm17
        vpbroadcastq %r10, %zmm18
        vpaddq  %zmm18, %zmm17, %zmm17
        vmovdqu64 %zmm17, -64(%rsp)
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        movq    8*\i-64(%rsp), %rax
        LINES   %rax, %rcx
        .endr
        OLD     .Lavxend
        jmp     .Lavxarray
.Lavxend:
        ret
        FIXUP   .Lavx, .Lavxend, .Lavxend
END gohmap_prefetch_fast64_avx512
