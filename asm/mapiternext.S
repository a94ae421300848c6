/*
 * runtime.mapiternext.
 *
 *   void gohmap_mapiternext_ISA(rdi = *const MapType, rsi = *mut Hiter)
 *
 * Slow cases: a write under way, a map that was cleared meanwhile (Go 1.24), entries that have moved, an old bucket whose
 * keys are not hashed as eight bytes with AES, keys or elements stored by pointer; and every fault: nothing is written
 * before all has been read. Twin: mapiternext in src/map/iter.rs.
 *
 * What is left of a bucket is kept in the iterator, behind Go's fields: a byte for each step, 0x80 when it leads to an
 * entry not yet yielded. It is good as long as the bucket's marks, the map's hash0 and the iterator's own four bytes
 * (offset, wrapped, B, i) are what they were when it was made; the keys of an old bucket do not change before it is
 * evacuated. How many entries a bucket has is anybody's guess, so what counts is how soon the branch at its end can be
 * decided: little lies between one call and the next, and between a bucket's marks and what is left of it.
 *
 * r9 header, r8 bucket, ecx those four bytes, rdx the next bucket (hiter.bucket), r11 the marks and, once they are kept,
 * hash0 in its upper half, rax slots or steps, xmm3 hiter.checkBucket once that is not NO_CHECK; r10 and the other vectors are scratch.
 */
        .include "base.inc"

        .set    AHEAD, 1152                     /* bytes from a bucket to what is asked for meanwhile */

        .section .rodata, "a", @progbits
        .p2align 4
.Lone:  .fill   16, 1, 1
.Lthree:
        .fill   16, 1, 3                        /* evacuatedY */
.Lhigh: .fill   8, 1, 0x80
.Llow:  .fill   8, 1, 0x7f
.Llive: .fill   8, 1, 0x80 - MIN_TOP_HASH

/* rax = in each byte 0x80 when the slot holds an entry; r11 = the marks; to `slow` when one is evacuatedX or evacuatedY */
        .macro  ENTRIES slow
        movq    (%r8), %r11
        movq    .Llow(%rip), %rax
        movq    %r11, %xmm0
        andq    %r11, %rax
        por     .Lone(%rip), %xmm0
        addq    .Llive(%rip), %rax
        pcmpeqb .Lthree(%rip), %xmm0
        orq     %r11, %rax
        pmovmskb %xmm0, %r10d
        andq    .Lhigh(%rip), %rax
        testl   %r10d, %r10d
        jne     \slow
        .endm

/* rax = those of them, in an old bucket, whose key is bound for bucket xmm3 */
        .macro  BOUND_sse41
        movzbl  HITER_B(%rsi), %r10d
        movd    HMAP_HASH0(%r9), %xmm4
        movd    %r10d, %xmm5
        movdqa  %xmm3, %xmm7
        pcmpeqd %xmm6, %xmm6
        punpcklqdq %xmm4, %xmm4
        punpcklqdq %xmm7, %xmm7
        psllq   %xmm5, %xmm6                    /* the hash's bits above B */
        leaq    MAPTYPE_KEYS(%rdi), %r10
        .irp    pair, 10, 11, 12, 13
        movdqu  8+16*(\pair-10)(%r8), %xmm5
        movdqa  %xmm4, %xmm0
        movdqa  %xmm4, %xmm1
        punpcklqdq %xmm5, %xmm0
        punpckhqdq %xmm5, %xmm1
        aesenc  (%r10), %xmm0
        aesenc  (%r10), %xmm1
        aesenc  16(%r10), %xmm0
        aesenc  16(%r10), %xmm1
        aesenc  32(%r10), %xmm0
        aesenc  32(%r10), %xmm1
        punpcklqdq %xmm1, %xmm0
        movdqa  %xmm6, %xmm\pair
        pandn   %xmm0, %xmm\pair
        pcmpeqq %xmm7, %xmm\pair
        .endr
        packssdw %xmm11, %xmm10
        packssdw %xmm13, %xmm12
        packsswb %xmm12, %xmm10
        packsswb %xmm10, %xmm10
        movq    %xmm10, %r10
        andq    %r10, %rax
        .endm

        .macro  BOUND_avx512
        leaq    MAPTYPE_KEYS(%rdi), %r10
        vmovdqu64 8(%r8), %zmm16
        vmovd   HMAP_HASH0(%r9), %xmm5
        vpbroadcastq %xmm5, %zmm18
        vbroadcasti32x4 (%r10), %zmm20
        vbroadcasti32x4 16(%r10), %zmm21
        vbroadcasti32x4 32(%r10), %zmm22
        vpunpcklqdq %zmm16, %zmm18, %zmm23      /* hash0, even key */
        vpunpckhqdq %zmm16, %zmm18, %zmm24      /* hash0, odd key */
        vaesenc %zmm20, %zmm23, %zmm23
        vaesenc %zmm20, %zmm24, %zmm24
        vaesenc %zmm21, %zmm23, %zmm23
        vaesenc %zmm21, %zmm24, %zmm24
        vaesenc %zmm22, %zmm23, %zmm23
        vaesenc %zmm22, %zmm24, %zmm24
        vpunpcklqdq %zmm24, %zmm23, %zmm23
        movzbl  HITER_B(%rsi), %r10d
        vmovd   %r10d, %xmm5
        vpternlogd $0xff, %zmm19, %zmm19, %zmm19
        vpsllq  %xmm5, %zmm19, %zmm19           /* the hash's bits above B */
        vpbroadcastq %xmm3, %zmm17
        vpandnq %zmm23, %zmm19, %zmm23
        vpcmpeqq %zmm17, %zmm23, %k1
        vpmovm2b %k1, %xmm5
        vmovq   %xmm5, %r10
        andq    %r10, %rax
        .endm

/* The entries of an old bucket that belong to this part of the iteration. */
        .macro  OLD_ENTRIES isa, slow
        ENTRIES \slow
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%r9)
        jne     1f                              /* all are bound for one bucket */
        cmpq    $0, MAPTYPE_HASH64(%rdi)
        je      \slow
        BOUND_\isa
1:
        .endm

/* rax: slots to steps; sets the zero flag when there are none. */
        .macro  STEPS
        movl    %ecx, %r10d
        shll    $3, %ecx
        rorq    %cl, %rax
        movl    %r10d, %ecx
        testq   %rax, %rax
        .endm

/* rax: without the steps before hiter.i; to `none` when none is left. */
        .macro  FROM_I none
        movl    %ecx, %r10d
        shrl    $24, %ecx
        cmpl    $8, %ecx
        jae     2f
        shll    $3, %ecx
        shrq    %cl, %rax
        shlq    %cl, %rax
        movl    %r10d, %ecx
        testq   %rax, %rax
        jne     1f
2:      movl    %r10d, %ecx
        jmp     \none
1:
        .endm

/* That rax is what is left goes with the marks and hash0, which r11 is for YIELD. */
        .macro  NOTE
        movq    %r11, HITER_LEFT_MARKS(%rsi)
        movl    HMAP_HASH0(%r9), %r11d
        shlq    $32, %r11
        .endm

/* Tells of the entry at the first step in rax; ecx as it is then. Keeps the steps after it; r11 is hash0 in its upper half. Scratches
 * rax and r9 to r11. WIDE stands behind the return. */
        .macro  YIELD isa
        tzcntq  %rax, %r10                      /* 8 step + 7 */
        .ifc    \isa, avx512
        blsrq   %rax, %rax
        .else
        leaq    -1(%rax), %r9
        andq    %r9, %rax
        .endif
        movq    %rax, HITER_LEFT(%rsi)
        shrl    $3, %r10d
        leal    (%rcx,%r10), %r9d
        incl    %r10d
        andl    $0xffffff, %ecx
        shll    $24, %r10d
        andl    $7, %r9d                        /* the slot */
        orl     %r10d, %ecx
        movl    %ecx, HITER_STATE(%rsi)
        orq     %rcx, %r11
        movq    %r11, HITER_LEFT_STATE(%rsi)    /* with hash0: as it is loaded */
        cmpl    $SLOTS_8_8_144, MAPTYPE_KEYSIZE(%rdi)
        jne     3f
        leaq    8(%r8,%r9,8), %r10
        leaq    72(%r8,%r9,8), %r9
2:      movq    %r10, HITER_KEY(%rsi)
        movq    %r9, HITER_ELEM(%rsi)
        .endm

/* The key and the element of slot r9, where they are not words. */
        .macro  WIDE
3:      movzbl  MAPTYPE_KEYSIZE(%rdi), %r11d
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        movl    %r11d, %r10d
        imull   %r9d, %r10d
        imull   %eax, %r9d
        leaq    8(%r8,%r11,8), %r11
        leaq    8(%r8,%r10), %r10
        addq    %r11, %r9
        jmp     2b
        .endm

/* Counts rdx on to the next bucket, and remembers in ecx when that is the first; scratches rax and r10. */
        .macro  ADVANCE
        movl    %ecx, %r10d
        shrl    $16, %ecx                       /* B */
        movl    $1, %eax
        incq    %rdx
        shlq    %cl, %rax
        movl    %r10d, %ecx
        cmpq    %rax, %rdx
        jne     1f
        xorl    %edx, %edx
        orl     $0x100, %ecx
1:
        .endm

        .macro  MAPITERNEXT isa
ENTRY gohmap_mapiternext_\isa
        movq    HITER_H(%rsi), %r9
        movq    HITER_BPTR(%rsi), %r8
        movl    HITER_STATE(%rsi), %ecx
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%r9)
        jne     .Lslow\@
        movq    MAPTYPE_CLEAR_SEQ(%rdi), %rax
        testq   %rax, %rax
        jne     .Lclearseq\@
.Lnotcleared\@:
        testq   %r8, %r8
        je      .Lfirst\@
        movq    HITER_LEFT(%rsi), %rax
        movl    HMAP_HASH0(%r9), %r11d
        shlq    $32, %r11
        leaq    (%r11,%rcx), %r10
        cmpq    %r10, HITER_LEFT_STATE(%rsi)
        jne     .Lanew\@
        movq    (%r8), %r10
        cmpq    %r10, HITER_LEFT_MARKS(%rsi)
        jne     .Lanew\@
        testq   %rax, %rax
        je      .Lnoneleft\@
        YIELD   \isa
        ret
        WIDE

.Lclearseq\@:
        movq    (%r9,%rax), %rax
        cmpq    %rax, HITER_CLEAR_SEQ(%rsi)
        je      .Lnotcleared\@
.Lslow\@:
        jmp     gohmap_slow_mapiternext

        /* Nothing is known of what is left of this bucket. */
.Lanew\@:
        testl   $3, MAPTYPE_FLAGS(%rdi)         /* indirect keys or elements */
        jne     .Lslow\@
        movq    HITER_CHECK_BUCKET(%rsi), %xmm3
        cmpq    $-1, HITER_CHECK_BUCKET(%rsi)
        jne     .Lold\@
        ENTRIES .Lslow\@
        STEPS
        FROM_I  .Llast\@
        NOTE
        YIELD   \isa
        ret
        WIDE

.Lnoneleft\@:
        movq    HITER_CHECK_BUCKET(%rsi), %xmm3
        cmpq    $-1, HITER_CHECK_BUCKET(%rsi)
        jne     .Loldlast\@
        /* On in the chain, or to the next bucket of the array. */
.Llast\@:
        movq    HITER_BUCKET(%rsi), %rdx
.Lchain\@:
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %eax
        movq    -8(%r8,%rax), %r8
        testq   %r8, %r8
        jne     .Lbucket\@
.Lnext\@:
        cmpq    %rdx, HITER_START_BUCKET(%rsi)
        je      .Lstart\@
.Lnotend\@:
        cmpq    $0, HMAP_OLDBUCKETS(%r9)
        jne     .Lgrowing\@
.Lnew\@:
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %r8d
        imulq   %rdx, %r8
        addq    HITER_BUCKETS(%rsi), %r8
        prefetcht0 AHEAD(%r8)
        prefetcht0 AHEAD+64(%r8)
        prefetcht0 AHEAD+128(%r8)
        ADVANCE
.Lbucket\@:
        ENTRIES .Lslow\@
        STEPS
        je      .Lchain\@
        NOTE
        YIELD   \isa
        movq    %r8, HITER_BPTR(%rsi)
        movq    %rdx, HITER_BUCKET(%rsi)
        movq    $-1, HITER_CHECK_BUCKET(%rsi)
        ret
        WIDE

.Lfirst\@:
        testl   $3, MAPTYPE_FLAGS(%rdi)
        jne     .Lslow\@
        movq    HITER_BUCKET(%rsi), %rdx
        jmp     .Lnext\@

.Lstart\@:
        testl   $0x100, %ecx
        je      .Lnotend\@
        movq    $0, HITER_KEY(%rsi)
        movq    $0, HITER_ELEM(%rsi)
        movb    $1, HITER_WRAPPED(%rsi)
        ret

        /* Begun during this growth, an iterator reads what has not moved yet in the old array. An old bucket whose first
         * mark says evacuated (2 to 4) has moved. */
.Lgrowing\@:
        movl    %ecx, %r10d
        shrl    $16, %ecx
        cmpb    HMAP_B(%r9), %cl
        jne     .Lnotthis\@
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%r9)
        jne     1f
        decl    %ecx
1:      movq    $-1, %rax
        shlq    %cl, %rax
        movl    %r10d, %ecx
        notq    %rax
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %r8d
        andq    %rdx, %rax
        imulq   %rax, %r8
        addq    HMAP_OLDBUCKETS(%r9), %r8
        movzbl  (%r8), %eax
        subl    $2, %eax
        cmpl    $3, %eax
        jb      .Lnew\@
        movq    %rdx, %xmm3
        ADVANCE
.Loldbucket\@:
        OLD_ENTRIES \isa, .Lslow\@
        STEPS
        je      .Loldchain\@
        NOTE
        YIELD   \isa
        movq    %xmm3, HITER_CHECK_BUCKET(%rsi)
        movq    %r8, HITER_BPTR(%rsi)
        movq    %rdx, HITER_BUCKET(%rsi)
        ret
        WIDE

.Lnotthis\@:
        movl    %r10d, %ecx
        jmp     .Lnew\@

.Lold\@:
        OLD_ENTRIES \isa, .Lslow\@
        STEPS
        FROM_I  .Loldlast\@
        NOTE
        YIELD   \isa
        ret
        WIDE

.Loldlast\@:
        movq    HITER_BUCKET(%rsi), %rdx
.Loldchain\@:
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %eax
        movq    -8(%r8,%rax), %r8
        testq   %r8, %r8
        jne     .Loldbucket\@
        jmp     .Lnext\@
.Lend\@:
        FIXUP   gohmap_mapiternext_\isa, .Lend\@, .Lslow\@
END gohmap_mapiternext_\isa
        .endm

        MAPITERNEXT sse41
        MAPITERNEXT avx512
