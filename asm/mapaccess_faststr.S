/*
 * runtime.mapaccess1_faststr and mapaccess2_faststr; and a lookup for those who are about to assign.
 *
 *   usize gohmap_mapaccess1_faststr_ISA(rdi = *const MapType, rsi = *const Hmap, rdx = bytes of the key, rcx = their number)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_faststr_ISA(…)  ->  the same in rax, and in rdx whether there is such a key
 *   {usize, usize} gohmap_findkey_faststr_ISA(…)  ->  addresses of the element, and of the key; {1, 0} when there is no such
 *         key, and {0, 0} in all slow cases
 *
 * A growing map is a slow case, besides those told in faststr.inc. ISA is sse41, or avx512, which looks up keys in a
 * single bucket all at once.
 *
 * Twins: src/map/faststr.rs. Like them, a lookup in a single bucket compares lengths and bytes and no hash; everything else
 * compares marks, lengths and bytes.
 */
        .include "base.inc"
        .include "faststr.inc"

        .section .rodata, "a", @progbits
        .p2align 6
.Lpointers:
        .quad   0, 2, 4, 6, 8, 10, 12, 14
.Llengths:
        .quad   1, 3, 5, 7, 9, 11, 13, 15

/* k1 = the slots of the bucket at r8 that have a key of r9 bytes; zmm18 = where the keys' bytes are; ecx = the slots up to the
 * first emptyRest, which alone count. Scratches k3, zmm16, zmm17, zmm19, zmm20. */
        .macro  OF_LENGTH
        vmovdqu64 .Lpointers(%rip), %zmm18
        vmovdqu64 .Llengths(%rip), %zmm19
        vmovdqu64 8(%r8), %zmm16                /* pointer and length of four keys */
        vmovdqu64 72(%r8), %zmm17
        vmovq   (%r8), %xmm20
        vpcmpub $6, .Lones(%rip), %xmm20, %k1   /* not empty */
        vptestnmb %xmm20, %xmm20, %k3
        vpbroadcastq %r9, %zmm20
        vpermi2q %zmm17, %zmm16, %zmm18
        vpermi2q %zmm17, %zmm16, %zmm19
        vpcmpeqq %zmm19, %zmm20, %k1{%k1}
        kmovb   %k3, %ecx
        blsmskl %ecx, %ecx                      /* up to the first emptyRest */
        .endm

/* A lookup of a key of 8 to 31 bytes in the single bucket at r8 (others go to `few`). Which slot has the key is anybody's
 * guess, and comparing one after the other waits for a wrong one nearly every time; so the last eight bytes of all keys of
 * that length are compared at once, and one whole key. But first the first slot's, for maps with one hot key. To `found`
 * when that is the key; to `slots` with those left to compare in eax. Slots behind an emptyRest are read too, and ignored. */
        .macro  GATHER few, found, slots
        leaq    -8(%r9), %rax
        cmpq    $23, %rax
        ja      \few
        movq    HMAP_BUCKETS(%rsi), %r8
        ENDS
        xorl    %ecx, %ecx
        cmpb    $EMPTY_ONE, (%r8)
        jbe     .Lall\@
        cmpq    %r9, 16(%r8)
        jne     .Lall\@
        SAME    .Lall\@
        jmp     \found
.Lall\@:
        OF_LENGTH
        vpxorq  %xmm21, %xmm21, %xmm21
        kmovb   %k1, %k2
        vpgatherqq -8(%r9,%zmm18), %zmm21{%k2}
        vpcmpeqq -8(%rdx,%r9){1to8}, %zmm21, %k1{%k1}
        kmovb   %k1, %eax
        andl    %ecx, %eax
        jmp     \slots
        .endm

/* The same for keys of 32 bytes and more: eax = the slots with keys of that length and the same last four bytes. To `slow` with
 * shorter keys. */
        .macro  GATHER_LONG slow
        cmpq    $32, %r9
        jl      \slow
        movq    HMAP_BUCKETS(%rsi), %r8
        movdqu  (%rdx), %xmm6
        movdqu  -16(%rdx,%r9), %xmm7
        OF_LENGTH
        vpxorq  %xmm21, %xmm21, %xmm21
        kmovb   %k1, %k2
        vpgatherqd -4(%r9,%zmm18), %ymm21{%k2}
        vpcmpeqd -4(%rdx,%r9){1to8}, %ymm21, %k1{%k1}
        kmovb   %k1, %eax
        andl    %ecx, %eax
        .endm

/* The search for a key of 32 bytes and more in the slots in eax, as Go looks them up: a candidate has the key's first and last four
 * bytes, and is compared only if it is the only one; a slot with the key's own bytes needs no comparison. To `found`, to `none`,
 * to `slow` when the hash has to tell. No branch asks which slot is one. Scratches r10, r11, xmm4, xmm5. */
        .macro  LONG found, none, slow
        movd    (%rdx), %xmm4
        xorl    %r11d, %r11d                    /* how many candidates, from bit 16 on; 16 times the slot of one */
        pinsrd  $1, -4(%rdx,%r9), %xmm4
        testb   %al, %al
        je      \none
.Lslot\@:
        tzcntl  %eax, %ecx
        leal    -1(%rax), %r10d
        shll    $4, %ecx
        andl    %r10d, %eax
        movq    8(%r8,%rcx), %r10
        cmpq    %rdx, %r10
        je      .Lown\@
        movd    (%r10), %xmm5
        pinsrd  $1, -4(%r10,%r9), %xmm5
        addl    $0x10000, %ecx
        pcmpeqq %xmm4, %xmm5
        movd    %xmm5, %r10d
        andl    %ecx, %r10d
        addl    %r10d, %r11d
        testb   %al, %al
        jne     .Lslot\@
        movzwl  %r11w, %ecx
        shrl    $16, %r11d
        je      \none
        decl    %r11d
        jne     \slow
        SAME    \none
        jmp     \found
.Lown\@:
        cmpl    $0x20000, %r11d                 /* two candidates before it */
        jb      \found
        jmp     \slow
        .endm

/* `two`: 0 and 1 as in the names; 2 for findkey, with no `slow`. */
        .macro  MAPACCESS name, slow, two, gather
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
        .if     \two == 2
        leaq    8(%r8,%rcx), %rdx
        .endif
        ELEM
        .if     \two == 1
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
        .if     \two == 2
        movl    $1, %eax
        .else
        movq    gohmap_zero_val@GOTPCREL(%rip), %rax
        .endif
        .if     \two
        xorl    %edx, %edx
        .endif
        ret

        /* A single bucket: slots that are not empty, before the first emptyRest, and have the key's length. Keys of 32 bytes
         * and more are compared otherwise. */
.Lsmall\@:
        testl   %ecx, %ecx
        jne     .Lslow\@                        /* no healthy map is so large */
        .if     \gather
        GATHER  .Lfew\@, .Lfound\@, .Lsmallslots\@
.Lfew\@:
        .endif
        leaq    -1(%r9), %rax
        .if     \gather
        cmpq    $30, %rax
        ja      .Lmany\@
        .else
        cmpq    $0x7ffffffe, %rax
        ja      .Lslow\@
        .endif
        ENDS
        movq    HMAP_BUCKETS(%rsi), %r8
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
        .if     \gather == 0
        cmpl    $32, %r9d
        jae     .Lmany\@
        .endif
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

.Lmany\@:
        .if     \gather
        GATHER_LONG .Lslow\@
        .endif
        LONG    .Lfound\@, .Lnone\@, .Lslow\@

.Lslow\@:
        .if     \two == 2
        xorl    %eax, %eax
        xorl    %edx, %edx
        ret
        .else
        movq    %r9, %rcx
        jmp     \slow
        .endif
        FIXUP   .Lbegin\@, .Lslow\@, .Lslow\@
END \name
        .endm

        MAPACCESS gohmap_mapaccess1_faststr_sse41, gohmap_slow_mapaccess1_faststr, 0, 0
        MAPACCESS gohmap_mapaccess2_faststr_sse41, gohmap_slow_mapaccess2_faststr, 1, 0
        MAPACCESS gohmap_mapaccess1_faststr_avx512, gohmap_slow_mapaccess1_faststr, 0, 1
        MAPACCESS gohmap_mapaccess2_faststr_avx512, gohmap_slow_mapaccess2_faststr, 1, 1
        MAPACCESS gohmap_findkey_faststr_sse41, , 2, 0
        MAPACCESS gohmap_findkey_faststr_avx512, , 2, 1
