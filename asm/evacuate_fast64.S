/*
 * The work of runtime.evacuate_fast64 on one old bucket of a map[uint64]uint64 (8-byte keys and elements without write
 * barriers): hashes its keys, moves its entries to the two new buckets, marks them evacuated.
 *
 *   u64 gohmap_evacuate_fast64_ISA(rdi = *const MapType, rsi = *const Hmap, rdx = old bucket, rcx = *mut [Dst; 2],
 *                                  r8 = the hash bit that tells the halves apart)
 *       ->  1, or 0 when nothing is done: a mark that is no live entry's, no room, buckets that overlap, a fault
 *
 * A Dst is {bucket, next free slot}, for X and Y. Twin: move_bucket in src/map/grow.rs, which does what is left. It
 * touches memory slot by slot, and Go would fault in the middle; so each new bucket is written to at both ends, with
 * what is there, before anything changes.
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

/* To `to` when the buckets at a and b overlap; scratches rax. */
        .macro  APART a, b, to
        movq    \a, %rax
        subq    \b, %rax
        addq    $143, %rax
        cmpq    $286, %rax
        jbe     \to
        .endm

/* Faults unless the bucket at b can be written. */
        .macro  WRITABLE b
        movb    (\b), %al
        movb    %al, (\b)
        movb    143(\b), %al
        movb    %al, 143(\b)
        .endm

/* Entries of mask k to slots from i on, n of them, of the bucket at b; scratches rax, k5, zmm18 to zmm20. */
        .macro  MOVE k, b, i, n
        vpcompressb %xmm0, %xmm18{\k}{z}
        vpcompressq %zmm16, %zmm19{\k}{z}
        vpcompressq %zmm17, %zmm20{\k}{z}
        movl    $-1, %eax
        bzhil   \n, %eax, %eax
        kmovd   %eax, %k5
        vmovdqu8 %xmm18, (\b,\i){%k5}
        vmovdqu64 %zmm19, 8(\b,\i,8){%k5}
        vmovdqu64 %zmm20, 72(\b,\i,8){%k5}
        .endm

/* Saves nothing: r9, r10 counts; rdi, rsi the slots and r8, r11 the buckets of X and Y, once the hash is done. */
ENTRY gohmap_evacuate_fast64_avx512
        vmovq   (%rdx), %xmm0
        vpcmpub $6, .Lones(%rip), %xmm0, %k1    /* not empty */
        vpcmpub $5, .Lleast(%rip), %xmm0, %k2   /* alive */
        kxorb   %k1, %k2, %k2
        kortestb %k2, %k2
        jne     .Lno
        vmovdqu64 8(%rdx), %zmm16
        vmovdqu64 72(%rdx), %zmm17
        kxorb   %k3, %k3, %k3
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%rsi)
        jne     1f
        movq    MAPTYPE_KEYS(%rdi), %rax
        vmovd   HMAP_HASH0(%rsi), %xmm1
        vpbroadcastq %xmm1, %zmm18
        vbroadcasti32x4 (%rax), %zmm20
        vbroadcasti32x4 16(%rax), %zmm21
        vbroadcasti32x4 32(%rax), %zmm22
        vpunpcklqdq %zmm16, %zmm18, %zmm23      /* hash0, even key */
        vpunpckhqdq %zmm16, %zmm18, %zmm24      /* hash0, odd key */
        vaesenc %zmm20, %zmm23, %zmm23
        vaesenc %zmm20, %zmm24, %zmm24
        vaesenc %zmm21, %zmm23, %zmm23
        vaesenc %zmm21, %zmm24, %zmm24
        vaesenc %zmm22, %zmm23, %zmm23
        vaesenc %zmm22, %zmm24, %zmm24
        vpunpcklqdq %zmm24, %zmm23, %zmm23
        vpbroadcastq %r8, %zmm18
        vptestmq %zmm18, %zmm23, %k3{%k1}       /* to Y */
1:      kandnb  %k1, %k3, %k4                   /* to X */
        kmovb   %k4, %r9d
        kmovb   %k3, %r10d
        popcntl %r9d, %r9d
        popcntl %r10d, %r10d
        movq    (%rcx), %r8
        movq    8(%rcx), %rdi
        movq    16(%rcx), %r11
        movq    24(%rcx), %rsi
        leaq    (%rdi,%r9), %rax
        cmpq    $8, %rax
        ja      .Lno
        leaq    (%rsi,%r10), %rax
        cmpq    $8, %rax
        ja      .Lno
        APART   %r8, %rdx, .Lno
        APART   %r11, %rdx, .Lno
        APART   %r11, %r8, .Lno
        testl   %r9d, %r9d
        je      1f
        WRITABLE %r8
1:      testl   %r10d, %r10d
        je      1f
        WRITABLE %r11
1:      vmovdqa .Lempty(%rip), %xmm2
        vmovdqu8 .Lx(%rip), %xmm2{%k4}
        vmovdqu8 .Ly(%rip), %xmm2{%k3}
        vmovq   %xmm2, (%rdx)
.Lsure:
        MOVE    %k4, %r8, %rdi, %r9d
        MOVE    %k3, %r11, %rsi, %r10d
        addq    %r9, 8(%rcx)
        addq    %r10, 24(%rcx)
        movl    $1, %eax
        ret
.Lno:   xorl    %eax, %eax
        ret
        FIXUP   gohmap_evacuate_fast64_avx512, .Lsure, .Lno
END gohmap_evacuate_fast64_avx512
