/*
 * runtime.mapassign_fast64 for every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapassign_fast64_sse41(rdi = *const MapType, rsi = *mut Hmap, rdx = key)  ->  address of the element
 *
 * The fast cases: the key is in the chain, or a slot is free and the table need not grow. Every other case (nil map, a
 * write under way, no buckets, growing or about to, chain full) jumps to the portable function with the arguments as
 * they came and nothing modified. A leaf without a frame; no callee-saved register is touched.
 *
 * Twin: mapassign_fast64 in src/map/fast64.rs. Like it (and unlike the generic path) it compares keys, not tophash
 * bytes: a slot counts when its tophash is not empty and none before it in the bucket says emptyRest. The first access to a
 * bucket is its tophash word, so a bucket that is gone faults at +0, as Go's loop does; then all eight keys are read at
 * once, where Go's loop stops at emptyRest.
 *
 * Registers: r8 bucket, r10 bucket of the free slot found first (0: none), xmm15 its index, xmm0 hash (low half),
 * xmm1 key twice, xmm10 sixteen ones.
 */
        .include "base.inc"

ENTRY gohmap_mapassign_fast64_sse41
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Lslow                          /* concurrent map writes */
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow                          /* growing: evacuation work to do */
        movq    HMAP_BUCKETS(%rsi), %r8
        testq   %r8, %r8
        je      .Lslow                          /* first bucket still to be made */

        /* memhash64: {hash0, key} through three rounds */
        movl    HMAP_HASH0(%rsi), %eax
        movq    MAPTYPE_KEYS(%rdi), %rcx
        movq    %rax, %xmm0
        pinsrq  $1, %rdx, %xmm0
        aesenc  (%rcx), %xmm0
        aesenc  16(%rcx), %xmm0
        aesenc  32(%rcx), %xmm0

        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)

        /* bucket = buckets + (hash & bucketMask(B)) * bucketsize; the shift counts modulo 64, like Go's */
        movzbl  HMAP_B(%rsi), %ecx
        movl    $1, %eax
        shlq    %cl, %rax
        decq    %rax
        movq    %xmm0, %r9
        andq    %r9, %rax
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        imulq   %rcx, %rax
        addq    %rax, %r8

        movq    %rdx, %xmm1
        punpcklqdq %xmm1, %xmm1
        pcmpeqb %xmm10, %xmm10
        pabsb   %xmm10, %xmm10
        xorl    %r10d, %r10d

.Lbucket:
        movq    (%r8), %xmm2                    /* tophash[0..8] */
        pxor    %xmm3, %xmm3
        pcmpeqb %xmm2, %xmm3                    /* == emptyRest */
        movdqa  %xmm10, %xmm4
        pminub  %xmm2, %xmm4
        pcmpeqb %xmm2, %xmm4                    /* <= emptyOne */
        movdqu  8(%r8), %xmm5
        movdqu  24(%r8), %xmm6
        movdqu  40(%r8), %xmm7
        movdqu  56(%r8), %xmm8
        pcmpeqq %xmm1, %xmm5
        pcmpeqq %xmm1, %xmm6
        pcmpeqq %xmm1, %xmm7
        pcmpeqq %xmm1, %xmm8
        packssdw %xmm6, %xmm5
        packssdw %xmm8, %xmm7
        packsswb %xmm7, %xmm5                   /* two bytes a slot */
        packsswb %xmm5, %xmm5                   /* one byte a slot, twice */
        pmovmskb %xmm3, %eax
        pmovmskb %xmm4, %ecx
        pmovmskb %xmm5, %r11d
        movzbl  %al, %eax                       /* slots that say emptyRest */
        movzbl  %cl, %ecx                       /* empty slots */
        movzbl  %r11b, %r11d                    /* slots with this key */
        notl    %ecx
        andl    %ecx, %r11d
        notl    %ecx
        leal    -1(%rax), %r9d                  /* slots up to the first emptyRest, or all */
        xorl    %eax, %r9d
        andl    %r9d, %r11d
        jne     .Lhit
        testq   %r10, %r10
        jne     .Lnext
        testl   %ecx, %ecx
        je      .Lnext
        movq    %r8, %r10                       /* the first free slot of the chain */
        bsfl    %ecx, %ecx
        movd    %ecx, %xmm15
.Lnext:
        testl   %eax, %eax
        jne     .Lmiss
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        movq    -8(%r8,%rcx), %r8               /* overflow */
        testq   %r8, %r8
        jne     .Lbucket

.Lmiss:
        /* overLoadFactor(count+1, B): count+1 > 8 and count+1 > loadFactorNum * (1<<B / 2) */
        movq    HMAP_COUNT(%rsi), %rax
        incq    %rax
        movzbl  HMAP_B(%rsi), %ecx
        cmpq    $8, %rax
        jle     1f
        movl    $1, %r11d
        shlq    %cl, %r11
        shrq    %r11
        imulq   MAPTYPE_LOAD_NUM(%rdi), %r11
        cmpq    %r11, %rax
        ja      .Lundo
1:      /* tooManyOverflowBuckets(noverflow, B): noverflow >= 1 << min(B, 15) */
        movl    $15, %eax
        cmpl    %eax, %ecx
        cmoval  %eax, %ecx
        movl    $1, %r11d
        shll    %cl, %r11d
        movzwl  HMAP_NOVERFLOW(%rsi), %eax
        cmpl    %r11d, %eax
        jae     .Lundo
        testq   %r10, %r10
        je      .Lundo                          /* the chain is full: an overflow bucket is needed */

        movd    %xmm15, %ecx
        movq    %xmm0, %rax
        shrq    $56, %rax
        leal    MIN_TOP_HASH(%rax), %r11d
        cmpl    $MIN_TOP_HASH, %eax
        cmovbl  %r11d, %eax
        movb    %al, (%r10,%rcx)
        movq    %rdx, 8(%r10,%rcx,8)
        incq    HMAP_COUNT(%rsi)
        jmp     .Ldone
.Lhit:
        bsfl    %r11d, %ecx
        movq    %r8, %r10
.Ldone:
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imull   %ecx, %eax
        leaq    72(%r10,%rax), %rax
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        je      .Lraced
        andb    $~FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        ret

.Lundo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow:
        jmp     gohmap_mapassign_fast64_portable

.Lraced:
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    gohmap_concurrent_map_writes
        ud2
END gohmap_mapassign_fast64_sse41
