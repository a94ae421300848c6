/*
 * runtime.growWork_fast64 for 8-byte keys and elements: evacuates the old bucket of the bucket about to be used, and one
 * more. For the routines that write, and for the portable functions.
 *
 *   u64 gohmap_growwork_fast64_ISA(rdi = *const MapType, rsi = *mut Hmap, rdx unused, rcx = number of the bucket)
 *       ->  1, 2 when the growth has ended, or 0 when some work is still to be done
 *
 * Keeps all registers but rax, rcx, r8, r10, r11 and the vectors xmm2 to xmm15 and zmm16 up. The map is growing, nobody
 * else writes.
 *
 * What is still to be done may be done by the portable growWork_fast64 from its beginning: an old bucket that has been
 * moved is passed over by it, and only what it moves itself makes it count on. So the slow cases are a matter of not
 * leaving anything half done: a mark that is no live entry's, three buckets in a chain, more than eight entries for one
 * half, buckets that overlap, a very large B; and every fault. Go touches memory slot by slot and would fault in
 * the middle; so whatever will be written to is written to before anything changes, with what is there.
 *
 * Twin: growWork_fast64 in src/map/fast64.rs.
 *
 * Registers: rbx, r13 the old bucket and its overflow bucket; rbp, r12 the new buckets X and Y; r14, r15 their next slots.
 * Masks have a bit for each old slot, those of the overflow bucket above those of the bucket: r8 goes to X, r9 to Y.
 */
        .include "base.inc"

        .section .rodata, "a", @progbits
        .p2align 4
.Lones: .fill   16, 1, 1
.Lleast:
        .fill   16, 1, MIN_TOP_HASH
.Lempty:
        .fill   16, 1, 4                        /* evacuatedEmpty */
.Lx:    .fill   16, 1, 2                        /* evacuatedX */
.Ly:    .fill   16, 1, 3                        /* evacuatedY */

/* The frame: a bucket for what goes nowhere, then */
        .set    OLD, 144                        /* number of the old bucket */
        .set    NOLD, 152                       /* noldbuckets */
        .set    ROUND, 160                      /* 0, then 1 */
        .set    FRAME, 168

/* An old array of so many buckets and the new one do not lie in a near cache. */
        .set    LEAST_NOLD, 1 << 11

/* Of larger B the new halves might overlap. */
        .set    MAX_B, 47

/* Asks for the first old bucket and both new ones, which are anywhere, all at once: their entries would come to light one
 * after the other. The old bucket of the second round is the next one in a row. Scratches rbx, rbp, r12. */
        .macro  ASK
        imulq   $144, %rax, %rbx
        imulq   $144, NOLD(%rsp), %r12
        movq    HMAP_BUCKETS(%rsi), %rbp
        addq    %rbx, %rbp
        addq    HMAP_OLDBUCKETS(%rsi), %rbx
        addq    %rbp, %r12
        .irp    b, rbx, rbp, r12
        prefetchw (%\b)
        prefetchw 64(%\b)
        prefetchw 136(%\b)
        .endr
        .endm

/* To `to` when the n bytes at a and the 144 at b overlap; scratches rax. */
        .macro  APART a, b, n, to
        movq    \a, %rax
        subq    \b, %rax
        addq    $\n - 1, %rax
        cmpq    $\n + 142, %rax
        jbe     \to
        .endm

/* Faults unless the bucket at b can be written; scratches al. */
        .macro  WRITABLE b
        movb    (\b), %al
        movb    %al, (\b)
        movb    143(\b), %al
        movb    %al, 143(\b)
        .endm

/* What CLASSIFY needs: the hash bit that tells the halves apart (0: there is one half) is in r10. */
        .macro  PREPARE_sse41
        leaq    MAPTYPE_KEYS(%rdi), %rax
        movd    HMAP_HASH0(%rsi), %xmm8
        movdqu  (%rax), %xmm9
        movdqu  16(%rax), %xmm10
        movdqu  32(%rax), %xmm11
        movq    %r10, %xmm15
        punpcklqdq %xmm15, %xmm15
        .endm

        .macro  PREPARE_avx512
        leaq    MAPTYPE_KEYS(%rdi), %rax
        vmovd   HMAP_HASH0(%rsi), %xmm8
        vpbroadcastq %xmm8, %zmm18
        vpbroadcastq %r10, %zmm19
        vbroadcasti32x4 (%rax), %zmm20
        vbroadcasti32x4 16(%rax), %zmm21
        vbroadcasti32x4 32(%rax), %zmm22
        .endm

/* a = for the keys at offset i and the next of the bucket at b all ones when the hash does not have the bit */
        .macro  PAIR_sse41 b, i, a
        movdqa  %xmm8, \a
        movhps  8 + \i*8(\b), \a
        movdqa  %xmm8, %xmm2
        movhps  16 + \i*8(\b), %xmm2
        aesenc  %xmm9, \a
        aesenc  %xmm9, %xmm2
        aesenc  %xmm10, \a
        aesenc  %xmm10, %xmm2
        aesenc  %xmm11, \a
        aesenc  %xmm11, %xmm2
        punpcklqdq %xmm2, \a
        pand    %xmm15, \a
        pxor    %xmm2, %xmm2
        pcmpeqq %xmm2, \a
        .endm

/* Of the bucket at b: eax = live slots, ecx = those of them that go to Y, marks = what is left of the tophash bytes. */
        .macro  CLASSIFY_sse41 b, marks, to
        movq    (\b), %xmm2
        movdqa  .Lleast(%rip), %xmm3
        pmaxub  %xmm2, %xmm3
        pcmpeqb %xmm2, %xmm3                    /* alive */
        movdqa  .Lones(%rip), %xmm4
        pminub  %xmm2, %xmm4
        pcmpeqb %xmm2, %xmm4                    /* empty */
        por     %xmm3, %xmm4
        pmovmskb %xmm4, %eax
        cmpb    $0xff, %al
        jne     \to
        PAIR_sse41 \b, 0, %xmm4
        PAIR_sse41 \b, 2, %xmm5
        PAIR_sse41 \b, 4, %xmm6
        PAIR_sse41 \b, 6, %xmm7
        packssdw %xmm5, %xmm4
        packssdw %xmm7, %xmm6
        packsswb %xmm6, %xmm4
        packsswb %xmm4, %xmm4
        pandn   %xmm3, %xmm4                    /* to Y */
        pmovmskb %xmm3, %eax
        pmovmskb %xmm4, %ecx
        movdqa  .Lx(%rip), \marks
        psubb   %xmm4, \marks
        pand    %xmm3, \marks
        pandn   .Lempty(%rip), %xmm3
        por     %xmm3, \marks
        .endm

        .macro  CLASSIFY_avx512 b, marks, to
        vmovq   (\b), %xmm2
        vpcmpub $6, .Lones(%rip), %xmm2, %k1    /* not empty */
        vpcmpub $5, .Lleast(%rip), %xmm2, %k2   /* alive */
        vmovdqu64 8(\b), %zmm16
        kxorb   %k1, %k2, %k2
        kortestb %k2, %k2
        jne     \to
        vpunpcklqdq %zmm16, %zmm18, %zmm23      /* hash0, even key */
        vpunpckhqdq %zmm16, %zmm18, %zmm24      /* hash0, odd key */
        vaesenc %zmm20, %zmm23, %zmm23
        vaesenc %zmm20, %zmm24, %zmm24
        vaesenc %zmm21, %zmm23, %zmm23
        vaesenc %zmm21, %zmm24, %zmm24
        vaesenc %zmm22, %zmm23, %zmm23
        vaesenc %zmm22, %zmm24, %zmm24
        vpunpcklqdq %zmm24, %zmm23, %zmm23
        vptestmq %zmm19, %zmm23, %k3{%k1}       /* to Y */
        vmovdqa .Lempty(%rip), \marks
        vmovdqu8 .Lx(%rip), \marks{%k1}
        vmovdqu8 .Ly(%rip), \marks{%k3}
        kmovb   %k1, %eax
        kmovb   %k3, %ecx
        .endm

/* Entries of the bucket at rbx to where the lowest eight bits of the masks say; these are shifted out. rax = tophash bytes.
 * The ones of r10 are shifted out too, and are no entries. */
        .macro  MOVE_sse41
        movl    %r8d, %r10d
        orl     %r9d, %r10d
        notl    %r10d
        .set    slot, 0
        .rept   8
        movq    %rbp, %r11
        movq    %r14, %rdx
        shrl    %r9d
        cmovcq  %r12, %r11
        cmovcq  %r15, %rdx
        adcq    $0, %r15
        shrl    %r8d
        adcq    $0, %r14
        shrl    %r10d
        cmovcq  %rsp, %r11
        movb    %al, (%r11,%rdx)
        movq    8 + slot*8(%rbx), %rcx
        movq    %rcx, 8(%r11,%rdx,8)
        movq    72 + slot*8(%rbx), %rcx
        movq    %rcx, 72(%r11,%rdx,8)
        .if     slot < 7
        shrq    $8, %rax
        .endif
        .set    slot, slot + 1
        .endr
        .endm


/* Entries of mask k, n of them, to slots from i on of the bucket at b */
        .macro  PART_avx512 k, b, i, n
        vpcompressb %xmm25, %xmm26{\k}{z}
        vpcompressq %zmm16, %zmm27{\k}{z}
        vpcompressq %zmm17, %zmm28{\k}{z}
        movl    $-1, %eax
        bzhil   \n, %eax, %eax
        kmovd   %eax, %k5
        vmovdqu8 %xmm26, (\b,\i){%k5}
        vmovdqu64 %zmm27, 8(\b,\i,8){%k5}
        vmovdqu64 %zmm28, 72(\b,\i,8){%k5}
        addq    %r10, \i
        .endm

        .macro  MOVE_avx512
        vmovq   %rax, %xmm25
        vmovdqu64 8(%rbx), %zmm16
        vmovdqu64 72(%rbx), %zmm17
        kmovb   %r8d, %k1
        kmovb   %r9d, %k2
        movzbl  %r8b, %r10d
        popcntl %r10d, %r10d
        PART_avx512 %k1, %rbp, %r14, %r10d
        movzbl  %r9b, %r10d
        popcntl %r10d, %r10d
        PART_avx512 %k2, %r12, %r15, %r10d
        shrl    $8, %r8d
        shrl    $8, %r9d
        .endm

        .macro  GROWWORK_FAST64 isa
ENTRY gohmap_growwork_fast64_\isa
        SAVE    rbx
        SAVE    rbp
        SAVE    r12
        SAVE    r13
        SAVE    r14
        SAVE    r15
        SAVE    rdx
        SAVE    r9
        subq    $FRAME, %rsp
        .cfi_adjust_cfa_offset FRAME
.Lbegin\@:
        movq    %rcx, %rax
        movzbl  HMAP_B(%rsi), %ecx
        leal    -1(%rcx), %r10d
        cmpl    $MAX_B - 1, %r10d
        ja      .Lno\@
        movl    $1, %r10d
        movl    $0, ROUND(%rsp)
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%rsi)
        jne     .Lsame\@
        decl    %ecx
        shlq    %cl, %r10
        movq    %r10, NOLD(%rsp)
        decq    %r10
        andq    %r10, %rax
        incq    %r10
.Lprepare\@:
        movq    %rax, OLD(%rsp)
        PREPARE_\isa
        cmpq    $LEAST_NOLD, NOLD(%rsp)
        jb      .Levacuate\@
        ASK

.Levacuate\@:
        imulq   $144, OLD(%rsp), %rax
        movq    HMAP_OLDBUCKETS(%rsi), %rbx
        movq    HMAP_BUCKETS(%rsi), %rbp
        addq    %rax, %rbx
        addq    %rax, %rbp
        movzbl  (%rbx), %ecx
        subl    $2, %ecx
        cmpl    $2, %ecx
        jbe     .Levacuated\@
        imulq   $144, NOLD(%rsp), %r12
        addq    %rbp, %r12
        movq    136(%rbx), %r13
        CLASSIFY_\isa %rbx, %xmm12, .Lno\@
        movl    %eax, %r8d
        movl    %ecx, %r9d
        APART   %rbp, %rbx, 144, .Lno\@
        APART   %r12, %rbx, 144, .Lno\@
        APART   %rsi, %rbx, 48, .Lno\@
        APART   %rsi, %rbp, 48, .Lno\@
        APART   %rsi, %r12, 48, .Lno\@
        testq   %r13, %r13
        jne     .Lchain\@
.Lsorted\@:
        xorl    %r9d, %r8d                      /* to X */
        je      1f
        WRITABLE %rbp
1:      testl   %r9d, %r9d
        je      1f
        WRITABLE %r12
1:      cmpb    $0, MAPTYPE_POINTERS(%rdi)
        jne     .Lpointers\@
.Lready\@:
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
        movq    (%rbx), %rax
        movq    %xmm12, (%rbx)
.Lsure\@:
        MOVE_\isa
        testq   %r13, %r13
        jne     .Lsecond\@
.Lmoved\@:
        cmpb    $0, MAPTYPE_POINTERS(%rdi)
        jne     .Lunlink\@

        /* advanceEvacuationMark, unless it comes to the end */
.Levacuated\@:
        movq    OLD(%rsp), %rax
        cmpq    HMAP_NEVACUATE(%rsi), %rax
        jne     .Ladvanced\@
        incq    %rax
        movq    NOLD(%rsp), %r8
        leaq    1024(%rax), %rcx
        cmpq    %r8, %rcx
        cmovaq  %r8, %rcx
        imulq   $144, %rax, %r10
        addq    HMAP_OLDBUCKETS(%rsi), %r10
1:      cmpq    %rcx, %rax
        je      2f
        movzbl  (%r10), %r11d
        subl    $2, %r11d
        cmpl    $2, %r11d
        ja      2f
        addq    $144, %r10
        incq    %rax
        jmp     1b
2:      cmpq    %r8, %rax
        je      .Lend\@
        movq    %rax, HMAP_NEVACUATE(%rsi)
.Ladvanced\@:
        cmpl    $0, ROUND(%rsp)
        movl    $1, %eax
        jne     .Lreturn\@
        movl    %eax, ROUND(%rsp)
        movq    HMAP_NEVACUATE(%rsi), %rax
        movq    %rax, OLD(%rsp)
        jmp     .Levacuate\@

.Lno\@: xorl    %eax, %eax
.Lreturn\@:
        addq    $FRAME, %rsp
        .cfi_remember_state
        .cfi_adjust_cfa_offset -FRAME
        RESTORE r9
        RESTORE rdx
        RESTORE r15
        RESTORE r14
        RESTORE r13
        RESTORE r12
        RESTORE rbp
        RESTORE rbx
        ret
        .cfi_restore_state

        /* The end of the growth. The old array goes back to the heap, which touches no memory of the map; so what will be
         * written to is written to before. */
.Lend\@:
        movq    HMAP_OLDBUCKETS(%rsi), %rdx
        cmpq    HMAP_BUCKETS(%rsi), %rdx
        je      .Lno\@
        testb   $FLAG_OLD_ITERATOR, HMAP_FLAGS(%rsi)
        jne     .Lno\@
        movq    %rdx, HMAP_OLDBUCKETS(%rsi)
        movq    HMAP_NEVACUATE(%rsi), %rcx
        movq    %rcx, HMAP_NEVACUATE(%rsi)
        movq    %rax, %rbx
        movq    MAPTYPE_EXTRA(%rdi), %rbp
        addq    %rsi, %rbp
        movq    (%rbp), %rbp                    /* the extra */
        testq   %rbp, %rbp
        je      1f
        movq    8(%rbp), %rcx
        movq    %rcx, 8(%rbp)
1:      movq    %rdi, %r12
        movq    %rsi, %r13
        movdqu  %xmm0, (%rsp)
        movdqu  %xmm1, 16(%rsp)
        call    gohmap_free_oldbuckets
        movq    %r12, %rdi
        movq    %r13, %rsi
        movdqu  (%rsp), %xmm0
        movdqu  16(%rsp), %xmm1
        testl   %eax, %eax
        je      .Lno\@
        movq    %rbx, HMAP_NEVACUATE(%rsi)
        testq   %rbp, %rbp
        je      1f
        movq    $0, 8(%rbp)                     /* oldoverflow */
1:      andb    $~FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%rsi)
        movl    $2, %eax
        jmp     .Lreturn\@

        /* To the same number of buckets, all to X: the mask of a map that has twice as many. */
.Lsame\@:
        shlq    %cl, %r10
        movq    %r10, NOLD(%rsp)
        decq    %r10
        andq    %r10, %rax
        xorl    %r10d, %r10d
        jmp     .Lprepare\@

        /* Two buckets: the masks of both; neither half may have more than one. */
.Lchain\@:
        cmpq    $0, 136(%r13)
        jne     .Lno\@
        CLASSIFY_\isa %r13, %xmm13, .Lno\@
        shll    $8, %eax
        shll    $8, %ecx
        orl     %eax, %r8d
        orl     %ecx, %r9d
        APART   %rbx, %r13, 144, .Lno\@
        APART   %rbp, %r13, 144, .Lno\@
        APART   %r12, %r13, 144, .Lno\@
        APART   %rsi, %r13, 48, .Lno\@
        popcntl %r9d, %ecx
        cmpl    $8, %ecx
        ja      .Lno\@
        movl    %r8d, %eax
        xorl    %r9d, %eax
        popcntl %eax, %ecx
        cmpl    $8, %ecx
        ja      .Lno\@
        movq    (%r13), %rax
        movq    %rax, (%r13)
        jmp     .Lsorted\@
.Lsecond\@:
        movq    %r13, %rbx
        xorl    %r13d, %r13d
        movq    (%rbx), %rax
        movq    %xmm13, (%rbx)
        MOVE_\isa
        jmp     .Lmoved\@

        /* An old bucket with pointers is cleared but for its marks, unless an iterator may look at it. */
.Lpointers\@:
        WRITABLE %rbx
        jmp     .Lready\@
.Lunlink\@:
        testb   $FLAG_OLD_ITERATOR, HMAP_FLAGS(%rsi)
        jne     .Levacuated\@
        imulq   $144, OLD(%rsp), %rbx
        addq    HMAP_OLDBUCKETS(%rsi), %rbx
        xorl    %eax, %eax
        leaq    8(%rbx), %r10
        leaq    144(%rbx), %r11
1:      movq    %rax, (%r10)
        addq    $8, %r10
        cmpq    %r11, %r10
        jne     1b
        jmp     .Levacuated\@

        FIXUP   .Lbegin\@, .Lsure\@, .Lno\@
        FIXUP   .Levacuated\@, .Lno\@, .Lno\@
        FIXUP   .Lend\@, .Lsame\@, .Lno\@
        FIXUP   .Lchain\@, .Lsecond\@, .Lno\@
        FIXUP   .Lpointers\@, .Lunlink\@, .Lno\@
END gohmap_growwork_fast64_\isa
        .endm

        GROWWORK_FAST64 sse41
        GROWWORK_FAST64 avx512
