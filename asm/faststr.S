/*
 * runtime.mapaccess1_faststr, mapaccess2_faststr and mapassign_faststr, for every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapaccess1_faststr_sse41(rdi = *const MapType, rsi = *const Hmap, rdx = bytes of the key, rcx = their number)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_faststr_sse41(…)  ->  the same in rax, and in rdx whether there is such a key
 *   usize gohmap_mapassign_faststr_sse41(…)  ->  address of the element; the key's bytes live as long as the map
 *
 * The fast cases: keys of 4 to 32 bytes whose hash need not be taken at the end of a page, in a map that is not growing; an
 * assign finds the key, or a free slot in a table with room. All others jump to the portable functions with the arguments
 * as they came and nothing modified, and so does a fault. Without a frame; no callee-saved register is touched.
 *
 * Twins: src/map/faststr.rs. Like them, a lookup in a single bucket compares lengths and bytes and no hash; everything else
 * compares marks, lengths and bytes.
 *
 * rdi, rsi, rdx as they came; r9 length, r8 bucket, eax slots that are left to look at, ecx 16 times a slot, r10 and r11
 * scratch or as told; xmm0 hash, xmm6 and xmm7 first and last bytes of the key, xmm8 its mark in all bytes.
 */
        .include "base.inc"

/* string slots of a bucket: the pointers from 8, the lengths from 16; elements from 136 */
        .set    ELEMS_STR, 136

        .section .rodata, "a", @progbits
        .p2align 4
.Lones: .fill   16, 1, 1
.Lmask: .fill   16, 1, 0xff                     /* from 16 - n on: n bytes, and none */
        .fill   16, 1, 0

/* xmm0 = strhash; xmm6, xmm7 for SAME; scratches r11, xmm1 to xmm3. To `slow` for other lengths, and at the end of a page. */
        .macro  HASH slow
        leaq    -4(%r9), %rax
        cmpq    $28, %rax
        ja      \slow
        movq    MAPTYPE_KEYS(%rdi), %r11
        movd    HMAP_HASH0(%rsi), %xmm0
        pinsrw  $4, %r9d, %xmm0
        pshufhw $0, %xmm0, %xmm0                /* seed, and the length four times */
        movdqa  %xmm0, %xmm1
        pxor    (%r11), %xmm0
        aesenc  %xmm0, %xmm0
        cmpl    $16, %r9d
        jb      .Lshort\@
        movdqu  (%rdx), %xmm6
        movdqu  -16(%rdx,%r9), %xmm7
        ja      .Llong\@
        pxor    %xmm6, %xmm0
.Lscramble\@:
        aesenc  %xmm0, %xmm0
        aesenc  %xmm0, %xmm0
        aesenc  %xmm0, %xmm0
        jmp     .Lhashed\@
.Lshort\@:
        leal    16(%rdx), %eax
        testl   $0xff0, %eax
        je      \slow
        leaq    .Lmask+16(%rip), %rax
        subq    %r9, %rax
        movdqu  (%rdx), %xmm6
        movdqu  (%rax), %xmm7
        pand    %xmm7, %xmm6
        pxor    %xmm6, %xmm0
        jmp     .Lscramble\@
.Llong\@:
        pxor    16(%r11), %xmm1
        aesenc  %xmm1, %xmm1
        pxor    %xmm6, %xmm0
        pxor    %xmm7, %xmm1
        aesenc  %xmm0, %xmm0
        aesenc  %xmm1, %xmm1
        aesenc  %xmm0, %xmm0
        aesenc  %xmm1, %xmm1
        aesenc  %xmm0, %xmm0
        aesenc  %xmm1, %xmm1
        pxor    %xmm1, %xmm0
.Lhashed\@:
        .endm

/* On, when the slot of which ecx is 16 times the number has a key of these bytes; its length is the key's. Else to `differs`.
 * Scratches r10, r11, xmm4 and xmm5. */
        .macro  SAME differs
        movq    8(%r8,%rcx), %r10
        cmpq    %rdx, %r10
        je      .Lsame\@
        cmpl    $16, %r9d
        jb      .Lshort\@
        movdqu  (%r10), %xmm4
        movdqu  -16(%r10,%r9), %xmm5
        pcmpeqb %xmm6, %xmm4
        pcmpeqb %xmm7, %xmm5
        pand    %xmm5, %xmm4
        pmovmskb %xmm4, %r11d
        cmpl    $0xffff, %r11d
        jne     \differs
        jmp     .Lsame\@
.Lshort\@:
        cmpl    $8, %r9d
        jb      .Lfew\@
        movq    (%rdx), %r11
        cmpq    (%r10), %r11
        jne     \differs
        movq    -8(%rdx,%r9), %r11
        cmpq    -8(%r10,%r9), %r11
        jne     \differs
        jmp     .Lsame\@
.Lfew\@:
        movl    (%rdx), %r11d
        cmpl    (%r10), %r11d
        jne     \differs
        movl    -4(%rdx,%r9), %r11d
        cmpl    -4(%r10,%r9), %r11d
        jne     \differs
.Lsame\@:
        .endm

/* r8 = the bucket of the hash; B, from 1 to 63, is in ecx. Scratches rax and r11. */
        .macro  BUCKET
        movl    $1, %eax
        movq    %xmm0, %r11
        shlq    %cl, %rax
        decq    %rax
        andq    %r11, %rax
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %r8d
        imulq   %rax, %r8
        addq    HMAP_BUCKETS(%rsi), %r8
        .endm

/* xmm8 = tophash(hash) in all bytes, al too; scratches rcx and xmm2 */
        .macro  MARK
        pextrb  $7, %xmm0, %eax
        leal    MIN_TOP_HASH(%rax), %ecx
        cmpl    $MIN_TOP_HASH, %eax
        cmovbl  %ecx, %eax
        movd    %eax, %xmm8
        pxor    %xmm2, %xmm2
        pshufb  %xmm2, %xmm8
        .endm

/* rax = address of the element of which ecx is 16 times the slot; scratches rcx */
        .macro  ELEM
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        shrl    $4, %ecx
        imulq   %rcx, %rax
        leaq    ELEMS_STR(%r8,%rax), %rax
        .endm

/* r8 = the overflow bucket; sets ZF when there is none */
        .macro  OVERFLOW
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        movq    -8(%r8,%rcx), %r8
        testq   %r8, %r8
        .endm

/* rax: what is below its lowest bit set; scratches r11 */
        .macro  BELOW
        leal    -1(%rax), %r11d
        notl    %eax
        andl    %r11d, %eax
        .endm

/* al: without its lowest bit set; scratches rcx */
        .macro  PASS
        leal    -1(%rax), %ecx
        andl    %ecx, %eax
        .endm

        .macro  MAPACCESS name, slow, two
ENTRY \name
        movq    %rcx, %r9
.Lbegin\@:
        testq   %rsi, %rsi
        je      .Lnone\@
        cmpq    $0, HMAP_COUNT(%rsi)
        je      .Lnone\@
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Lslow\@                        /* concurrent map read and map write */
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow\@
        movzbl  HMAP_B(%rsi), %ecx
        leal    -1(%rcx), %eax
        cmpl    $62, %eax
        ja      .Lsmall\@
        HASH    .Lslow\@
        BUCKET
        MARK
.Lbucket\@:
        movq    (%r8), %xmm2
        pcmpeqb %xmm8, %xmm2
        pmovmskb %xmm2, %eax
.Lslots\@:
        testb   %al, %al
        je      .Lnext\@
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Ldiffers\@
        SAME    .Ldiffers\@
.Lfound\@:
        ELEM
        .if     \two
        movl    $1, %edx
        .endif
        ret
.Ldiffers\@:
        PASS
        jmp     .Lslots\@
.Lnext\@:
        OVERFLOW
        jne     .Lbucket\@
.Lnone\@:
        movq    gohmap_zero_val@GOTPCREL(%rip), %rax
        .if     \two
        xorl    %edx, %edx
        .endif
        ret

        /* A single bucket: slots that are not empty, before the first emptyRest, and have the key's length. Keys of 32 bytes
         * and more are compared otherwise. */
.Lsmall\@:
        testl   %ecx, %ecx
        jne     .Lslow\@                        /* no healthy map is so large */
        leaq    -4(%r9), %rax
        cmpq    $27, %rax
        ja      .Lslow\@
        cmpl    $16, %r9d
        jb      1f
        movdqu  (%rdx), %xmm6
        movdqu  -16(%rdx,%r9), %xmm7
1:      movq    HMAP_BUCKETS(%rsi), %r8
        movq    %r9, %xmm1
        punpcklqdq %xmm1, %xmm1
        .irp    pair, 2, 3, 4, 5
        movq    32*(\pair-2)+16(%r8), %xmm\pair
        movhps  32*(\pair-2)+32(%r8), %xmm\pair
        pcmpeqq %xmm1, %xmm\pair
        .endr
        packssdw %xmm3, %xmm2
        packssdw %xmm5, %xmm4
        packssdw %xmm4, %xmm2
        packsswb %xmm2, %xmm2                   /* of that length */
        movq    (%r8), %xmm3
        movdqa  .Lones(%rip), %xmm4
        pxor    %xmm5, %xmm5
        pminub  %xmm3, %xmm4
        pcmpeqb %xmm3, %xmm5                    /* emptyRest */
        pcmpeqb %xmm3, %xmm4                    /* empty */
        pmovmskb %xmm5, %eax
        pandn   %xmm2, %xmm4
        BELOW
        pmovmskb %xmm4, %ecx
        andl    %ecx, %eax
.Lsmallslots\@:
        testb   %al, %al
        je      .Lnone\@
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        SAME    .Lsmalldiffers\@
        jmp     .Lfound\@
.Lsmalldiffers\@:
        PASS
        jmp     .Lsmallslots\@

.Lslow\@:
        movq    %r9, %rcx
        jmp     \slow
        FIXUP   .Lbegin\@, .Lslow\@, .Lslow\@
END \name
        .endm

        MAPACCESS gohmap_mapaccess1_faststr_sse41, gohmap_slow_mapaccess1_faststr, 0
        MAPACCESS gohmap_mapaccess2_faststr_sse41, gohmap_slow_mapaccess2_faststr, 1

ENTRY gohmap_mapassign_faststr_sse41
        movq    %rcx, %r9
.Lbegin:
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow                          /* growing: evacuation work to do */
        cmpq    $0, HMAP_BUCKETS(%rsi)
        je      .Lslow                          /* first bucket still to be made */
        movzbl  HMAP_B(%rsi), %ecx
        cmpl    $63, %ecx
        ja      .Lslow
        HASH    .Lslow
        BUCKET
        MARK
        START_WRITING .Lslow
.Lflagged:
        movq    (%r8), %xmm2
        pxor    %xmm3, %xmm3
        pcmpeqb %xmm2, %xmm3
        pmovmskb %xmm3, %eax                    /* emptyRest, and all bits above */
        movl    %eax, %r10d
        movdqa  %xmm2, %xmm3
        pcmpeqb %xmm8, %xmm3
        BELOW
        pmovmskb %xmm3, %ecx
        andl    %ecx, %eax
.Lslots:
        testb   %al, %al
        je      .Labsent
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Ldiffers
        movd    %r10d, %xmm9
        SAME    .Lother
.Lhit:
        movq    %rdx, 8(%r8,%rcx)               /* the old bytes need not be kept */
.Lelem:
        ELEM
        END_WRITING .Lleave
        ret
.Lother:
        movd    %xmm9, %r10d
.Ldiffers:
        PASS
        jmp     .Lslots

        /* Not in this bucket. An emptyRest ends the search. */
.Labsent:
        testb   %r10b, %r10b
        je      .Lchain
        movdqa  .Lones(%rip), %xmm3
        pminub  %xmm2, %xmm3
        pcmpeqb %xmm2, %xmm3
        pmovmskb %xmm3, %eax
        tzcntl  %eax, %r10d                     /* the first free slot */
        movzbl  HMAP_B(%rsi), %ecx
        testl   %ecx, %ecx
        je      .Lsmall
        movswq  HMAP_NOVERFLOW(%rsi), %rax      /* as ROOM of sse41.inc */
        movq    HMAP_COUNT(%rsi), %r11
        sarq    %cl, %rax
        testq   %rax, %rax
        jne     .Lundo
        decl    %ecx
        shrq    %cl, %r11
        cmpq    MAPTYPE_LOAD_NUM(%rdi), %r11
        jae     .Lundo
.Linsert:
        movd    %xmm8, %eax
        movzbl  (%r8,%r10), %r11d
        movq    %rdx, %xmm1
        movq    %r9, %xmm2
        movl    %r10d, %ecx
        punpcklqdq %xmm2, %xmm1
        shll    $4, %ecx
        movb    %al, (%r8,%r10)
.Lkey:
        movdqu  %xmm1, 8(%r8,%rcx)
.Lcount:
        incq    HMAP_COUNT(%rsi)
        jmp     .Lelem
.Lsmall:
        cmpq    $8, HMAP_COUNT(%rsi)
        jae     .Lundo
        cmpw    $0, HMAP_NOVERFLOW(%rsi)
        je      .Linsert
        jmp     .Lundo

        /* In the rest of a chain only a hit is a fast case. */
.Lchain:
        OVERFLOW
        je      .Lundo
        movq    (%r8), %xmm2
        pxor    %xmm3, %xmm3
        pcmpeqb %xmm2, %xmm3
        pcmpeqb %xmm8, %xmm2
        pmovmskb %xmm3, %eax
        movl    %eax, %r10d
        BELOW
        pmovmskb %xmm2, %ecx
        andl    %ecx, %eax
.Lchainslots:
        testb   %al, %al
        je      .Lchainend
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Lchaindiffers
        movd    %r10d, %xmm9
        SAME    .Lchainother
        jmp     .Lhit
.Lchainother:
        movd    %xmm9, %r10d
.Lchaindiffers:
        PASS
        jmp     .Lchainslots
.Lchainend:
        testb   %r10b, %r10b
        je      .Lchain
        jmp     .Lundo

.Lunkey:
        movb    %r11b, (%r8,%r10)
.Lundo:
        andb    $~FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow:
        movq    %r9, %rcx
        jmp     gohmap_slow_mapassign_faststr
.Lleave:
        END_WRITING_FLAGS .Lraced
        ret
.Lraced:
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    gohmap_concurrent_map_writes
        ud2
        FIXUP   .Lkey, .Lcount, .Lunkey
        FIXUP   .Lbegin, .Lflagged, .Lslow
        FIXUP   .Lflagged, .Lelem, .Lundo
        FIXUP   .Lother, .Lkey, .Lundo
        FIXUP   .Lsmall, .Lunkey, .Lundo
END gohmap_mapassign_faststr_sse41
