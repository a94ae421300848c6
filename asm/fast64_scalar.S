/*
 * The fast64 functions as Go's compiler shapes them, for study: one slot after the other, each with a branch of its own.
 * What sets them apart from Go's own is that the hash is not a call and that nothing is spilled. They need AES.
 * Contracts, slow cases and twins: mapassign_fast.S, mapaccess_fast.S, mapdelete_fast.S.
 *
 * Registers: r8 bucket, r9 hash, r10 and r11 bucket and number of the free slot, rcx slot.
 */
        .include "base.inc"

        .macro  HASH
        movl    HMAP_HASH0(%rsi), %eax
        movq    %rax, %xmm0
        movq    %rdx, %xmm1
        punpcklqdq %xmm1, %xmm0
        aesenc  MAPTYPE_KEYS(%rdi), %xmm0
        aesenc  MAPTYPE_KEYS+16(%rdi), %xmm0
        aesenc  MAPTYPE_KEYS+32(%rdi), %xmm0
        movq    %xmm0, %r9
        .endm

/* r8 += (hash & bucketMask(B)) * bucket size; the shift counts modulo 64, like Go's */
        .macro  BUCKET
        movzbl  HMAP_B(%rsi), %ecx
        movl    $1, %eax
        shlq    %cl, %rax
        decq    %rax
        andq    %r9, %rax
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        imulq   %rcx, %rax
        addq    %rax, %r8
        .endm

        .macro  OVERFLOW
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %eax
        movq    -8(%r8,%rax), %r8
        testq   %r8, %r8
        .endm

ENTRY gohmap_mapassign_fast64_scalar
        testq   %rsi, %rsi
        je      .Lslow
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Lslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow
        movq    HMAP_BUCKETS(%rsi), %r8
        testq   %r8, %r8
        je      .Lslow
        HASH
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lflagged:
        BUCKET
        xorl    %r10d, %r10d
.Lbucket:
        xorl    %ecx, %ecx
.Lslot: cmpb    $1, (%r8,%rcx)
        jbe     .Lempty
        cmpq    %rdx, 8(%r8,%rcx,8)
        je      .Lhit
.Lgo_on:
        incl    %ecx
        cmpl    $8, %ecx
        jne     .Lslot
        OVERFLOW
        jne     .Lbucket
        jmp     .Lmiss
.Lempty:
        testq   %r10, %r10
        jne     1f
        movq    %r8, %r10
        movl    %ecx, %r11d
1:      cmpb    $0, (%r8,%rcx)
        jne     .Lgo_on
.Lmiss:
        testq   %r10, %r10
        je      .Lundo                          /* an overflow bucket is needed */
        /* overLoadFactor(count+1, B): count+1 > 8 and count+1 > loadFactorNum * (1<<B / 2) */
        movq    HMAP_COUNT(%rsi), %rax
        incq    %rax
        movzbl  HMAP_B(%rsi), %ecx
        cmpq    $8, %rax
        jle     1f
        movl    $1, %r8d
        shlq    %cl, %r8
        shrq    %r8
        imulq   MAPTYPE_LOAD_NUM(%rdi), %r8
        cmpq    %r8, %rax
        ja      .Lundo
1:      /* tooManyOverflowBuckets(noverflow, B): noverflow >= 1 << min(B, 15) */
        movl    $15, %eax
        cmpl    %eax, %ecx
        cmoval  %eax, %ecx
        movl    $1, %r8d
        shll    %cl, %r8d
        movzwl  HMAP_NOVERFLOW(%rsi), %eax
        cmpl    %r8d, %eax
        jae     .Lundo
        shrq    $56, %r9
        leal    MIN_TOP_HASH(%r9), %eax
        cmpl    $MIN_TOP_HASH, %r9d
        cmovbl  %eax, %r9d
        movzbl  (%r10,%r11), %eax
        movb    %r9b, (%r10,%r11)
.Lkey:  movq    %rdx, 8(%r10,%r11,8)
.Lcount:
        incq    HMAP_COUNT(%rsi)
        movq    %r10, %r8
        movl    %r11d, %ecx
.Lhit:
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imulq   %rcx, %rax
        leaq    72(%r8,%rax), %rax
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        je      .Lraced
        andb    $~FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        ret
.Lunkey:
        movb    %al, (%r10,%r11)
.Lundo: xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow: jmp     gohmap_slow_mapassign_fast64_scalar
.Lraced:
        RACED
        FIXUP   gohmap_mapassign_fast64_scalar, .Lflagged, .Lslow
        FIXUP   .Lflagged, .Lkey, .Lundo
        FIXUP   .Lkey, .Lcount, .Lunkey
END gohmap_mapassign_fast64_scalar

        .macro  MAPACCESS name, two, slow
ENTRY \name
        testq   %rsi, %rsi
        je      .Lnone\@
        cmpq    $0, HMAP_COUNT(%rsi)
        je      .Lnone\@
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Lslow\@
        movq    HMAP_BUCKETS(%rsi), %r8
        cmpb    $0, HMAP_B(%rsi)
        je      .Lbucket\@
        HASH
        BUCKET
        movq    HMAP_OLDBUCKETS(%rsi), %r11
        testq   %r11, %r11
        je      .Lbucket\@
        movzbl  HMAP_B(%rsi), %ecx
        movl    $1, %eax
        shlq    %cl, %rax
        decq    %rax
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%rsi)
        jne     1f
        shrq    %rax
1:      andq    %r9, %rax
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        imulq   %rcx, %rax
        addq    %rax, %r11
        movzbl  (%r11), %eax
        subl    $2, %eax
        cmpl    $3, %eax
        jb      .Lbucket\@                      /* evacuated */
        movq    %r11, %r8
.Lbucket\@:
        testq   %r8, %r8
        je      .Lnone\@
        xorl    %ecx, %ecx
.Lslot\@:
        cmpq    %rdx, 8(%r8,%rcx,8)
        je      .Lkey\@
.Lgo_on\@:
        incl    %ecx
        cmpl    $8, %ecx
        jne     .Lslot\@
        OVERFLOW
        jmp     .Lbucket\@
.Lkey\@:
        cmpb    $1, (%r8,%rcx)
        jbe     .Lgo_on\@
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imulq   %rcx, %rax
        leaq    72(%r8,%rax), %rax
        .if     \two
        movl    $1, %edx
        .endif
        ret
.Lnone\@:
        movq    gohmap_zero_val@GOTPCREL(%rip), %rax
        .if     \two
        xorl    %edx, %edx
        .endif
        ret
.Lslow\@:
        jmp     \slow
        FIXUP   \name, .Lslow\@, .Lslow\@
END \name
        .endm

        MAPACCESS gohmap_mapaccess1_fast64_scalar, 0, gohmap_slow_mapaccess1_fast64_scalar
        MAPACCESS gohmap_mapaccess2_fast64_scalar, 1, gohmap_slow_mapaccess2_fast64_scalar

/* Elements of 8 bytes; the last entry, and marks that change in more than one bucket, are the portable function's. */
ENTRY gohmap_mapdelete_fast64_scalar
        testq   %rsi, %rsi
        je      .Ldnothing
        cmpq    $1, HMAP_COUNT(%rsi)
        jb      .Ldnothing
        je      .Ldslow
        cmpb    $8, MAPTYPE_ELEMSIZE(%rdi)
        jne     .Ldslow
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Ldslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Ldslow
        movq    HMAP_BUCKETS(%rsi), %r8
        HASH
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Ldflagged:
        BUCKET
        movq    %r8, %r10
.Ldbucket:
        testq   %r8, %r8
        je      .Lddone
        xorl    %ecx, %ecx
.Ldslot:
        cmpq    %rdx, 8(%r8,%rcx,8)
        je      .Ldkey
.Ldgo_on:
        incl    %ecx
        cmpl    $8, %ecx
        jne     .Ldslot
        OVERFLOW
        jmp     .Ldbucket
.Ldkey:
        cmpb    $1, (%r8,%rcx)
        jbe     .Ldgo_on
        cmpl    $7, %ecx
        je      .Ldlast
        cmpb    $0, 1(%r8,%rcx)
        je      .Ldrest
.Ldone:
        movq    $0, 72(%r8,%rcx,8)
        movb    $1, (%r8,%rcx)
        jmp     .Ldcount
.Ldlast:
        movq    136(%r8), %rax
        testq   %rax, %rax
        je      .Ldrest
        cmpb    $0, (%rax)
        jne     .Ldone
.Ldrest:                                        /* r9 = how far emptyRest reaches down */
        movl    %ecx, %r9d
1:      testl   %r9d, %r9d
        je      2f
        cmpb    $1, -1(%r8,%r9)
        jne     3f
        decl    %r9d
        jmp     1b
2:      cmpq    %r10, %r8
        jne     .Ldundo
3:      movq    $0, 72(%r8,%rcx,8)
4:      movb    $0, (%r8,%rcx)
        cmpl    %r9d, %ecx
        je      .Ldcount
        decl    %ecx
        jmp     4b
.Ldcount:
        decq    HMAP_COUNT(%rsi)
.Lddone:
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        je      .Ldraced
        andb    $~FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Ldnothing:
        ret
.Ldundo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Ldslow:
        jmp     gohmap_slow_mapdelete_fast64_scalar
.Ldraced:
        RACED
        FIXUP   gohmap_mapdelete_fast64_scalar, .Ldflagged, .Ldslow
        FIXUP   .Ldflagged, .Ldcount, .Ldundo
END gohmap_mapdelete_fast64_scalar
