/*
 * Lookups and assigns of many keys, one after the other, in a map[uint64]uint64 of two buckets or more. The
 * buckets of the keys to come are worked out eight at a time and asked for long before their turn.
 *
 *   usize gohmap_getmany_fast64_avx512(rdi = *const MapType, rsi = *mut Hmap, rdx = *mut Many)
 *   usize gohmap_assignmany_fast64_avx512(…)
 *       ->  0: from Many.i on somebody else goes on; with i < n that key is a case for the single operation
 *           1: the same, and the whole map is: it has one bucket, or is not healthy
 *           2: the same, and the whole map is as long as it grows
 *           else (assign): key i is in the map, and its value is still to be stored at this address
 *
 * Many (src/map/batch.rs) keeps what is known of the keys to come, so that going on costs little. Each key is a whole
 * operation with its checks of flags. What a header said at the beginning holds until the end: nobody but these operations
 * may write, and those that change buckets or B are not done here. A fault puts back what its key has modified.
 *
 * Into the second-level cache (prefetcht1), for more lines may be on their way there than to the first.
 *
 * Twins: mapaccess1_fast64 and mapassign_fast64 in src/map/fast64.rs, key by key.
 *
 * Registers: rbx i, rbp ahead, r12 keys, r13 values, r14 n, r15 as CROWDED tells, r8 bucket, r9 to r11 as told; zmm16 the key, zmm17, zmm18
 * scratch, zmm19 hash0, zmm20 to zmm22 the key schedule, zmm23 the mask of bucket numbers, zmm24 the array; xmm25 to xmm27 constants.
 */
        .include "base.inc"
        .include "avx512.inc"

/* Many: a test holds them against offset_of! */
        .set    MANY_KEYS, 0
        .set    MANY_VALUES, 8
        .set    MANY_N, 16
        .set    MANY_I, 24
        .set    MANY_AHEAD, 32
        .set    MANY_BUCKETS, 40
        .set    MANY_HASH0, 48
        .set    MANY_B, 52
        .set    MANY_RING, 64

/* Keys whose buckets are known, keys whose buckets have been asked for, and keys whose overflow buckets have: so many ahead. */
        .set    KNOWN, 48
        .set    ASKED, 40
        .set    FOLLOWED, 12
        .set    RING_MASK, 63

/* log2 of the least and of the greatest number of buckets; from where on the array is too large for caches; and from where on it pays to
 * ask for overflow buckets */
        .set    LEAST_B, 1
        .set    MOST_B, 40
        .set    LARGE_B, 17
        .set    CROWDED_B, 16

        .section .rodata, "a", @progbits
        .p2align 4
.Lones: .fill   16, 1, 1
.Lsevens:
        .fill   16, 1, 7
.Lfives:
        .fill   16, 1, MIN_TOP_HASH

        .macro  ASK_FOR a
        prefetcht1 (\a)
        prefetcht1 64(\a)
        prefetcht1 136(\a)
        .endm

/* The buckets of the next eight keys, or of those that there are; scratches rax, rcx, k4. */
        .macro  BLOCK
        movq    %r14, %rax
        subq    %rbp, %rax
        movl    $8, %ecx
        cmpq    %rcx, %rax
        cmovaq  %rcx, %rax
        movl    $-1, %ecx
        bzhil   %eax, %ecx, %ecx
        kmovb   %ecx, %k4
        vmovdqu64 (%r12,%rbp,8), %zmm17{%k4}{z}
        vpunpckhqdq %zmm17, %zmm19, %zmm18      /* hash0, odd key */
        vpunpcklqdq %zmm17, %zmm19, %zmm17      /* hash0, even key */
        vaesenc %zmm20, %zmm17, %zmm17
        vaesenc %zmm20, %zmm18, %zmm18
        vaesenc %zmm21, %zmm17, %zmm17
        vaesenc %zmm21, %zmm18, %zmm18
        vaesenc %zmm22, %zmm17, %zmm17
        vaesenc %zmm22, %zmm18, %zmm18
        vpunpcklqdq %zmm18, %zmm17, %zmm17
        vpandq  %zmm23, %zmm17, %zmm17
        vpsllq  $3, %zmm17, %zmm18              /* times 144 */
        vpaddq  %zmm18, %zmm17, %zmm17
        vpsllq  $4, %zmm17, %zmm17
        vpaddq  %zmm24, %zmm17, %zmm17
        movl    %ebp, %eax
        andl    $RING_MASK, %eax
        vmovdqu64 %zmm17, MANY_RING(%rdx,%rax,8)
        addq    $8, %rbp
        .endm

/* r15d: whether overflow buckets are to be asked for too: where caches do not hold the array, and one bucket in 16 has one. From B = 15
 * on Go's count is what it would be with B = 15, on average. */
        .macro  CROWDED
        xorl    %r15d, %r15d
        cmpl    $CROWDED_B, %ecx
        jb      1f
        cmpw    $(1 << 15) / 16, HMAP_NOVERFLOW(%rsi)
        setae   %r15b
1:
        .endm

/* Registers saved and filled, the ring made to fit the header; to `refuse` when the map is no case for this. Then the loop
 * over keys begins at `next`: with its bucket in r8, and buckets further ahead known and asked for, each goes on behind this
 * macro; to `done` after the last. To `grows` when the map does. */
        .macro  BEGIN refuse, grows, done, next
        SAVE    rbx
        SAVE    rbp
        SAVE    r12
        SAVE    r13
        SAVE    r14
        SAVE    r15
        movq    MANY_KEYS(%rdx), %r12
        movq    MANY_VALUES(%rdx), %r13
        movq    MANY_N(%rdx), %r14
        movq    MANY_I(%rdx), %rbx
        movq    MANY_AHEAD(%rdx), %rbp
        testq   %rsi, %rsi
        je      \refuse
.Lbegin\@:
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     \grows
        movzbl  HMAP_B(%rsi), %ecx
        leal    -LEAST_B(%rcx), %eax
        cmpl    $MOST_B - LEAST_B, %eax
        ja      \refuse
        movq    HMAP_BUCKETS(%rsi), %r8
        testq   %r8, %r8
        je      \refuse
        movl    HMAP_HASH0(%rsi), %r9d
        CROWDED
        leaq    MAPTYPE_KEYS(%rdi), %rax
        vbroadcasti32x4 (%rax), %zmm20
        vbroadcasti32x4 16(%rax), %zmm21
        vbroadcasti32x4 32(%rax), %zmm22
.Lread\@:
        FIXUP   .Lbegin\@, .Lread\@, \refuse
        vmovd   %r9d, %xmm19
        vpbroadcastq %xmm19, %zmm19
        movq    $-1, %rax
        bzhiq   %rcx, %rax, %rax
        vpbroadcastq %rax, %zmm23
        vpbroadcastq %r8, %zmm24
        cmpq    MANY_BUCKETS(%rdx), %r8
        jne     .Lanew\@
        cmpl    MANY_HASH0(%rdx), %r9d
        jne     .Lanew\@
        cmpl    MANY_B(%rdx), %ecx
        jne     .Lanew\@
        cmpq    %rbx, %rbp
        ja      \next
.Lanew\@:
        movq    %r8, MANY_BUCKETS(%rdx)
        movl    %r9d, MANY_HASH0(%rdx)
        movl    %ecx, MANY_B(%rdx)
        movq    %rbx, %rbp
        andq    $-8, %rbp                       /* a block does not straddle the ring's end */
        movq    %rbp, %r9
        leaq    ASKED(%rbx), %r10               /* the first key that the loop will ask for */
        cmpq    %r14, %r10
        cmovaq  %r14, %r10
1:      cmpq    %r10, %rbp
        jae     3f
        BLOCK
2:      movl    %r9d, %eax
        andl    $RING_MASK, %eax
        movq    MANY_RING(%rdx,%rax,8), %r8
        ASK_FOR %r8
        incq    %r9
        cmpq    %rbp, %r9
        jne     2b
        jmp     1b
3:
\next:
        cmpq    %r14, %rbx
        jae     \done
        leaq    ASKED(%rbx), %rax
        cmpq    %rbp, %rax
        jb      5f
        cmpq    %r14, %rax                      /* nothing to ask for any more */
        jae     6f
        BLOCK
        leal    ASKED(%rbx), %eax
5:      andl    $RING_MASK, %eax
        movq    MANY_RING(%rdx,%rax,8), %rax
        ASK_FOR %rax
6:      testl   %r15d, %r15d
        jne     .Lfollow\@
7:      movl    %ebx, %ecx
        andl    $RING_MASK, %ecx
        movq    MANY_RING(%rdx,%rcx,8), %r8
        vpbroadcastq (%r12,%rbx,8), %zmm16
        jmp     .Lkey\@

        /* Where that bucket has none, the bucket itself once more. */
.Lfollow\@:
        leaq    FOLLOWED(%rbx), %rax
        cmpq    %rbp, %rax
        jae     7b
        andl    $RING_MASK, %eax
        movq    MANY_RING(%rdx,%rax,8), %rax
.Lload\@:
        movq    136(%rax), %rcx
.Lloaded\@:
        testq   %rcx, %rcx
        cmoveq  %rax, %rcx
        ASK_FOR %rcx
        jmp     7b
        FIXUP   .Lload\@, .Lloaded\@, 7b
.Lkey\@:
        .endm

/* rax is what is returned. */
        .macro  FINISH
        movq    %rbx, MANY_I(%rdx)
        movq    %rbp, MANY_AHEAD(%rdx)
        RESTORE r15
        RESTORE r14
        RESTORE r13
        RESTORE r12
        RESTORE rbp
        RESTORE rbx
        ret
        .endm

ENTRY gohmap_getmany_fast64_avx512
        BEGIN   .Lrefuse, .Lgrows, .Ldone, .Lnext
.Lget:  cmpq    $0, HMAP_COUNT(%rsi)            /* Go looks at no flags then */
        je      .Ldone
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Ldone
.Lbucket:
        vpcmpeqq 8(%r8), %zmm16, %k1
        kmovb   %k1, %eax
.Lslots:
        tzcntl  %eax, %ecx
        jc      .Lmiss
        cmpb    $EMPTY_ONE, (%r8,%rcx)
        jbe     .Lempty
        movq    72(%r8,%rcx,8), %rax
.Lgot:  movq    %rax, (%r13,%rbx,8)
        incq    %rbx
        jmp     .Lnext
.Lempty:
        leal    -1(%rax), %ecx                  /* it was the key's: on to the next slot that has it */
        andl    %ecx, %eax
        jmp     .Lslots
.Lmiss: movq    136(%r8), %r8
        testq   %r8, %r8
        jne     .Lbucket
.Lmissed:
        xorl    %eax, %eax
        jmp     .Lgot
.Ldone: xorl    %eax, %eax
        jmp     .Lreturn
.Lgrows:
        movl    $2, %eax
        jmp     .Lreturn
.Lrefuse:
        movl    $1, %eax
.Lreturn:
        FINISH
        FIXUP   .Lget, .Lgot, .Ldone
        FIXUP   .Lmiss, .Lmissed, .Ldone
END gohmap_getmany_fast64_avx512

/* r9b: the flags between operations, r11b: during one; r10: B - 1. */
ENTRY gohmap_assignmany_fast64_avx512
        vmovdqa64 .Lones(%rip), %xmm25
        vmovdqa64 .Lsevens(%rip), %xmm26
        vmovdqa64 .Lfives(%rip), %xmm27
        BEGIN   .Lputrefuse, .Lputgrows, .Lputdone, .Lputnext
.Lput:  movzbl  HMAP_FLAGS(%rsi), %r9d
        testb   $FLAG_HASH_WRITING, %r9b
        jne     .Lputdone
        leal    FLAG_HASH_WRITING(%r9), %r11d
        movb    %r11b, HMAP_FLAGS(%rsi)
.Lputbucket:
        vmovq   (%r8), %xmm18
        vpcmpub $6, %xmm25, %xmm18, %k2   /* a key is there */
        vpcmpeqq 8(%r8), %zmm16, %k1{%k2}
        vptestnmb %xmm18, %xmm18, %k3           /* emptyRest */
        kmovb   %k1, %eax
        korb    %k1, %k3, %k2
        kmovb   %k2, %ecx
        subl    $1, %eax
        jc      .Labsent
        testl   %ecx, %eax                      /* behind another stop: no healthy map */
        jne     .Lundo
.Lstore:
        vpbroadcastq (%r13,%rbx,8), %zmm17
        cmpb    %r11b, HMAP_FLAGS(%rsi)
        jne     .Lflags
        movb    %r9b, HMAP_FLAGS(%rsi)
.Lvalue:
        cmpl    $LARGE_B, MANY_B(%rdx)
        jae     .Llarge
        vmovdqu64 %zmm17, 72(%r8){%k1}
.Lstored:
        incq    %rbx
        jmp     .Lputnext

        /* A store under a mask can cost both lines that it spans a way back to memory. */
.Llarge:
        kmovb   %k1, %eax
        tzcntl  %eax, %eax
        vmovq   %xmm17, 72(%r8,%rax,8)
        jmp     .Lstored

        /* Not in the bucket. With emptyRest it is nowhere in the chain, and takes the bucket's first free slot. A free slot in
         * front of an overflow bucket is the single operation's. */
.Labsent:
        testl   %ecx, %ecx
        je      .Lfull
        movzbl  HMAP_B(%rsi), %r10d
        decl    %r10d
        shrxq   %r10, HMAP_COUNT(%rsi), %rax
        cmpq    MAPTYPE_LOAD_NUM(%rdi), %rax
        jae     .Lundo                          /* overLoadFactor */
        movswq  HMAP_NOVERFLOW(%rsi), %rax
        sarxq   %r10, %rax, %rax
        cmpq    $1, %rax
        ja      .Lundo                          /* tooManyOverflowBuckets */
        vpcmpub $2, %xmm25, %xmm18, %k2
        kmovb   %k2, %ecx
        blsil   %ecx, %eax
        kmovb   %eax, %k1
        vmovd   HMAP_HASH0(%rsi), %xmm17
        vpunpcklqdq %xmm16, %xmm17, %xmm17
        vaesenc %xmm20, %xmm17, %xmm17
        vaesenc %xmm21, %xmm17, %xmm17
        vaesenc %xmm22, %xmm17, %xmm17
        vpshufb %xmm26, %xmm17, %xmm17
        vpcmpub $1, %xmm27, %xmm17, %k2
        vpaddb  %xmm27, %xmm17, %xmm17{%k2}
        vmovdqu8 %xmm17, (%r8){%k1}
.Lkey:  vmovdqu64 %zmm16, 8(%r8){%k1}
.Lcount:
        incq    HMAP_COUNT(%rsi)
        jmp     .Lstore
.Lfull: vpcmpub $2, %xmm25, %xmm18, %k2
        kortestb %k2, %k2
        jne     .Lundo
.Lchain:
        movq    136(%r8), %r8
        testq   %r8, %r8
        jne     .Lputbucket
.Lundo: xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lputdone:
        xorl    %eax, %eax
        jmp     .Lputreturn
.Lunkey:
        vmovdqu8 %xmm18, (%r8){%k1}
        jmp     .Lundo
.Lhome: kmovb   %k1, %eax                       /* the value's store faults: the caller's, as in Go */
        tzcntl  %eax, %eax
        leaq    72(%r8,%rax,8), %rax
        jmp     .Lputreturn
.Lflags:
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        je      .Lraced
        andb    $~FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jmp     .Lvalue
.Lputgrows:
        movl    $2, %eax
        jmp     .Lputreturn
.Lputrefuse:
        movl    $1, %eax
.Lputreturn:
        .cfi_remember_state
        FINISH
        .cfi_restore_state
.Lraced:
        call    gohmap_concurrent_map_writes
        ud2
        FIXUP   .Lput, .Lputbucket, .Lputdone
        FIXUP   .Lputbucket, .Lstore, .Lundo
        FIXUP   .Lvalue, .Lstored, .Lhome
        FIXUP   .Llarge, .Labsent, .Lhome
        FIXUP   .Labsent, .Lkey, .Lundo
        FIXUP   .Lkey, .Lcount, .Lunkey
        FIXUP   .Lfull, .Lundo, .Lundo
END gohmap_assignmany_fast64_avx512
