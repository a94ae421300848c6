/*
 * runtime.growWork_fast64 and growWork_fast32 for elements of 8 bytes: evacuates the old bucket of the bucket about to be used,
 * and one more. For the routines that write, and with keys of 8 bytes for the portable functions.
 *
 *   u64 gohmap_growwork_ISA(rdi = *const MapType, rsi = *mut Hmap, rdx unused, rcx = number of the bucket)
 *       ->  1, 2 when the growth has ended, or 0 when some work is still to be done
 *   gohmap_growwork_ISAx32(…): the same with keys of 4 bytes
 *
 * Keeps all registers but rax, rcx, r8, r10, r11 and the vectors xmm2 to xmm15 and zmm16 up. The map is growing, nobody
 * else writes.
 *
 * What is still to be done may be done by the portable function from its beginning: an old bucket that has been
 * moved is passed over by it, and only what it moves itself makes it count on. So the slow cases are a matter of not
 * leaving anything half done: a mark that is no live entry's, three buckets in a chain, more than eight entries for one
 * half, arrays that overlap, a number that is none of an old bucket, a very large B; and every fault. Go touches memory slot
 * by slot and would fault in the middle; so whatever will be written to is written to before anything changes, with what is
 * there.
 *
 * Twins: growWork_fast64 in src/map/fast64.rs, growWork_fast32 in src/map/fast32.rs.
 *
 * Registers: rbx, r13 the old bucket and its overflow bucket; rbp, r12 the new buckets X and Y; r14, r15 their next slots.
 * Masks have a bit for each old slot, those of the overflow bucket above those of the bucket: r8 goes to X, r9 to Y.
 */
        .include "base.inc"
        .include "evacuate.inc"

/* The frame: a bucket for what goes nowhere, then */
        .set    OLD, 144                        /* number of the old bucket */
        .set    NOLD, 152                       /* noldbuckets */
        .set    ROUND, 160                      /* 0, then 1; 2 in the first one when the second one's entries are in registers */
        .set    LENGTH, 168                     /* of the old array: SIZE noldbuckets */
        .set    LAST, 176                       /* the last bucket of the chain in registers, or 0 */
        .set    FRAME, 184

/* An old array of so many buckets and the new one do not lie in the nearest cache. */
        .set    LEAST_NOLD, 1 << 7

/* Of larger B the new halves might overlap. */
        .set    MAX_B, 47

/* rbx = the old bucket of the number in rax, rbp and r12 = the new buckets X and Y; scratches rax. */
        .macro  PLACES
        imulq   $SIZE, %rax, %rax
        movq    HMAP_OLDBUCKETS(%rsi), %rbx
        movq    HMAP_BUCKETS(%rsi), %rbp
        movq    LENGTH(%rsp), %r12
        addq    %rax, %rbx
        addq    %rax, %rbp
        addq    %rbp, %r12
        .endm

/* Asks for the first old bucket and both new ones, which are anywhere, all at once: their entries would come to light one
 * after the other. The old bucket of the second round is the next one in a row. Scratches what PLACES does. */
        .macro  ASK
        PLACES
        .irp    b, rbx, rbp, r12
        prefetchw (%\b)
        prefetchw 64(%\b)
        prefetchw OVER(%\b)
        .endr
        .endm

/*
 * The first old bucket is anywhere and may be on its way from memory for long; the second one is the next in a row. So the
 * second one is sorted meanwhile, into registers: nothing is modified before the first one has been moved, and when that
 * cannot be done here, or faults, nothing was. Jumps to `to`, with ROUND 2 if the second one is in registers. It is not when it
 * is the first one, or must be cleared, or is a slow case.
 *
 * zmm25, zmm26, xmm6 keys, elements and tophash bytes for X, k6 their slots; zmm29, zmm30, xmm7, k7 for Y; xmm14, xmm15 the marks
 * of the bucket and its overflow bucket. Scratches the registers of the other code.
 */
        .macro  STAGE_avx512 to
        movq    HMAP_NEVACUATE(%rsi), %rax
        cmpq    OLD(%rsp), %rax
        je      \to
        cmpq    NOLD(%rsp), %rax
        jae     \to
        cmpb    $0, MAPTYPE_POINTERS(%rdi)
        jne     \to
        PLACES
        CLASSIFY_avx512 %rbx, %xmm14, \to
        vmovdqu64 ELEMS(%rbx), %zmm17
        kandnb  %k1, %k3, %k4                   /* to X */
        popcntl %ecx, %r9d
        popcntl %eax, %r8d
        subl    %r9d, %r8d
        vpcompressb %xmm2, %xmm6{%k4}{z}
        vpcompressq %zmm16, %zmm25{%k4}{z}
        vpcompressq %zmm17, %zmm26{%k4}{z}
        vpcompressb %xmm2, %xmm7{%k3}{z}
        vpcompressq %zmm16, %zmm29{%k3}{z}
        vpcompressq %zmm17, %zmm30{%k3}{z}
        movl    $-1, %eax
        bzhil   %r8d, %eax, %r14d
        bzhil   %r9d, %eax, %r15d
        movq    OVER(%rbx), %r13
        testq   %r13, %r13
        jne     .Lsecond\@
        movq    %rbx, %r13
.Lstaged\@:
        movb    (%r13), %al
        movb    %al, (%r13)
        movb    (%rbx), %al
        movb    %al, (%rbx)
        testl   %r8d, %r8d
        je      1f
        WRITABLE %rbp
1:      testl   %r9d, %r9d
        je      1f
        WRITABLE %r12
1:      kmovd   %r14d, %k6
        kmovd   %r15d, %k7
        movq    %r13, LAST(%rsp)
        movl    $2, ROUND(%rsp)
        jmp     \to

        /* Behind what the bucket has for either half, of which there is not more than fits into one. */
.Lsecond\@:
        cmpq    $0, OVER(%r13)
        jne     \to
        FAR_AWAY %r13, \to
        CLASSIFY_avx512 %r13, %xmm15, \to
        popcntl %ecx, %ecx
        popcntl %eax, %eax
        addl    %ecx, %r9d
        subl    %ecx, %eax
        addl    %eax, %r8d
        cmpl    $8, %r9d
        ja      \to
        cmpl    $8, %r8d
        ja      \to
        vmovdqu64 ELEMS(%r13), %zmm17
        kandnb  %k1, %k3, %k4
        BEHIND  %k4, %r8d, %r14d, %xmm6, %zmm25, %zmm26
        BEHIND  %k3, %r9d, %r15d, %xmm7, %zmm29, %zmm30
        jmp     .Lstaged\@
        .endm

/* Adds the entries of mask k to registers whose slots `mask` are taken already; then the first n are. */
        .macro  BEHIND k, n, mask, marks, keys, elems
        movl    $-1, %eax
        bzhil   \n, %eax, %eax
        xorl    %eax, \mask
        kmovd   \mask, %k5
        movl    %eax, \mask
        vpcompressb %xmm2, %xmm3{\k}{z}
        vpcompressq %zmm16, %zmm27{\k}{z}
        vpcompressq %zmm17, %zmm28{\k}{z}
        vpexpandb %xmm3, \marks{%k5}
        vpexpandq %zmm27, \keys{%k5}
        vpexpandq %zmm28, \elems{%k5}
        .endm

/* The second one, which is in registers, to where it goes. Everything there was written to before. */
        .macro  UNSTAGE_avx512
        movq    HMAP_NEVACUATE(%rsi), %rax
        movl    $1, ROUND(%rsp)
        movq    %rax, OLD(%rsp)
        PLACES
        movq    LAST(%rsp), %r13
        movq    %xmm15, (%r13)
        movq    %xmm14, (%rbx)                  /* it may be the last as well */
        vmovdqu8 %xmm6, (%rbp){%k6}
        STORE_KEYS 25, %k6, 8(%rbp)
        vmovdqu64 %zmm26, ELEMS(%rbp){%k6}
        vmovdqu8 %xmm7, (%r12){%k7}
        STORE_KEYS 29, %k7, 8(%r12)
        vmovdqu64 %zmm30, ELEMS(%r12){%k7}
        .endm

/* There are not enough registers. */
        .macro  STAGE_sse41 to
        .endm

        .macro  UNSTAGE_sse41
        .endm

/* The routine is named after `name`. */
        .macro  GROWWORK isa, name
ENTRY gohmap_growwork_\name
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
        movq    $0, LAST(%rsp)
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%rsi)
        jne     .Lsame\@
        decl    %ecx
        shlq    %cl, %r10
        movq    %r10, NOLD(%rsp)
        decq    %r10
        andq    %r10, %rax
        incq    %r10
        movl    $2, %r9d
.Lprepare\@:
        movq    %rax, OLD(%rsp)
        PREPARE_\isa
        imulq   $SIZE, NOLD(%rsp), %r8
        imulq   %r8, %r9
        movq    %r8, LENGTH(%rsp)
        APART   HMAP_BUCKETS(%rsi), %r9, HMAP_OLDBUCKETS(%rsi), %r8, .Lno\@
        APART   HMAP_BUCKETS(%rsi), %r9, %rsi, $48, .Lno\@
        APART   HMAP_OLDBUCKETS(%rsi), %r8, %rsi, $48, .Lno\@
        movq    OLD(%rsp), %rax
        cmpq    $LEAST_NOLD, NOLD(%rsp)
        jb      .Lstage\@
        ASK
.Lstage\@:
        STAGE_\isa .Levacuate\@

.Levacuate\@:
        movq    OLD(%rsp), %rax
        PLACES
        movzbl  (%rbx), %ecx
        subl    $2, %ecx
        cmpl    $2, %ecx
        jbe     .Levacuated\@
        movq    OVER(%rbx), %r13
        CLASSIFY_\isa %rbx, %xmm12, .Lno\@
        movl    %eax, %r8d
        movl    %ecx, %r9d
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
        imulq   $SIZE, %rax, %r10
        addq    HMAP_OLDBUCKETS(%rsi), %r10
1:      cmpq    %rcx, %rax
        je      2f
        movzbl  (%r10), %r11d
        subl    $2, %r11d
        cmpl    $2, %r11d
        ja      2f
        addq    $SIZE, %r10
        incq    %rax
        jmp     1b
2:      cmpq    %r8, %rax
        je      .Lend\@
        movq    %rax, HMAP_NEVACUATE(%rsi)
.Ladvanced\@:
        cmpl    $1, ROUND(%rsp)
        movl    $1, %eax
        je      .Lreturn\@
        ja      .Lunstage\@
        movl    %eax, ROUND(%rsp)
        movq    HMAP_NEVACUATE(%rsi), %rax
        movq    %rax, OLD(%rsp)
        cmpq    NOLD(%rsp), %rax
        jb      .Levacuate\@

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
        movl    $1, %r9d
        jmp     .Lprepare\@

        /* Two buckets: the masks of both; neither half may have more than one. */
.Lchain\@:
        cmpq    $0, OVER(%r13)
        jne     .Lno\@
        CLASSIFY_\isa %r13, %xmm13, .Lno\@
        shll    $8, %eax
        shll    $8, %ecx
        orl     %eax, %r8d
        orl     %ecx, %r9d
        FAR_AWAY %r13, .Lno\@
        APART   %r13, $SIZE, LAST(%rsp), $SIZE, .Lno\@
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
        imulq   $SIZE, OLD(%rsp), %rbx
        addq    HMAP_OLDBUCKETS(%rsi), %rbx
        xorl    %eax, %eax
        leaq    8(%rbx), %r10
        leaq    SIZE(%rbx), %r11
1:      movq    %rax, (%r10)
        addq    $8, %r10
        cmpq    %r11, %r10
        jne     1b
        jmp     .Levacuated\@
.Lunstage\@:
        UNSTAGE_\isa
        jmp     .Levacuated\@

        FIXUP   .Lbegin\@, .Lsure\@, .Lno\@
        FIXUP   .Levacuated\@, .Lno\@, .Lno\@
        FIXUP   .Lend\@, .Lsame\@, .Lno\@
        FIXUP   .Lchain\@, .Lsecond\@, .Lno\@
        FIXUP   .Lpointers\@, .Lunlink\@, .Lno\@
END gohmap_growwork_\name
        .endm

        LAYOUT  8
        GROWWORK sse41, sse41
        GROWWORK avx512, avx512

        LAYOUT  4
        GROWWORK sse41, sse41x32
        GROWWORK avx512, avx512x32
