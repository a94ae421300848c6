/*
 * runtime.mapaccess1_fast64 and mapaccess2_fast64, mapaccess1_fast32 and mapaccess2_fast32.
 *
 *   usize gohmap_mapaccess1_fast64_ISA(rdi = *const MapType, rsi = *const Hmap, rdx = key)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_fast64_ISA(…)  ->  the same in rax, and in rdx whether there is such a key
 *   gohmap_mapaccess1_fast64_words_ISA, gohmap_mapaccess2_fast64_words_ISA: the same for buckets of 144 bytes with
 *   elements of 8; what is not asked leaves room for another lookup under way while this one waits for memory
 *
 *   gohmap_mapaccess1_fast32_ISA, gohmap_mapaccess2_fast32_ISA: the same for keys of four bytes, zero extended; _words: for
 *   buckets of 112 bytes
 *
 * The only slow case is a write under way; and every fault. Twins: mapaccess1_fast64 and mapaccess2_fast64 in
 * src/map/fast64.rs, which search all eight slots of every bucket of the chain, emptyRest or not; so do these.
 */
        .include "base.inc"
        .include "sse41.inc"
        .include "avx512.inc"
        .include "sse41x32.inc"
        .include "avx512x32.inc"

/* r8 = the bucket of the key. To `growing` when there are old buckets. */
        .macro  FIND isa, fixed, growing
        HASH_\isa
        KEYS_\isa
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     \growing
        INDEX_\isa
        .if     \fixed
        imulq   $SIZE, %rax, %r8
        .else
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %r8d
        imulq   %rax, %r8
        .endif
        addq    HMAP_BUCKETS(%rsi), %r8
        .endm

/* The end of a lookup whose key is in the bucket at r8; eax = slots that have it. To `empty` when the first of them is empty, with
 * its number in ecx; to `next` when there is none. */
        .macro  FOUND isa, fixed, two, empty, next
        SLOT_\isa \next
        cmpb    $EMPTY_ONE, (%r8,%rcx)
        jbe     \empty
        .if     \fixed
        leaq    ELEMS(%r8,%rcx,8), %rax
        .else
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imulq   %rcx, %rax
        leaq    ELEMS(%r8,%rax), %rax
        .endif
        .if     \two
        movl    $1, %edx
        .endif
        ret
        .endm

        .macro  ACCESS isa, fixed, two, slow, none
        leal    -1(%rcx), %eax
        .if     \fixed
        cmpl    $NEAR-1, %eax
        .else
        cmpl    $62, %eax
        .endif
        ja      .Lother\@
        FIND    \isa, \fixed, .Lgrowing\@
        .if     \fixed
        prefetcht0 MOST(%r8)
        .endif
.Lbucket\@:
        LOOK_\isa
.Lslots\@:
        FOUND   \isa, \fixed, \two, .Lempty\@, .Lnext\@

.Lempty\@:
        leal    -1(%rax), %ecx                  /* it was the key's: on to the next slot that has it */
        andl    %ecx, %eax
        jmp     .Lslots\@
.Lnext\@:
        .if     \fixed
        movq    OVER(%r8), %r8
        .else
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %eax
        movq    -8(%r8,%rax), %r8
        .endif
        testq   %r8, %r8
        jne     .Lbucket\@
        jmp     \none

.Lother\@:
        .if     \fixed
        cmpl    $62, %eax
        jbe     .Lfar\@
        .endif
        /* A single bucket, which is never an old one, is searched without hashing. */
        testl   %ecx, %ecx
        jne     \slow                           /* no healthy map is so large */
        KEYS_\isa
        movq    HMAP_BUCKETS(%rsi), %r8
        LOOK_\isa
        FOUND   \isa, \fixed, \two, .Lempty\@, .Lnext\@

        .if     \fixed
.Lfar\@:
        FIND    \isa, 1, .Lgrowing\@
        LOOK_FAR_\isa
        FOUND   \isa, 1, \two, .Lempty\@, .Lnext\@
        .endif

        /* The old bucket, unless its first mark says evacuated (2 to 4). */
.Lgrowing\@:
        INDEX_\isa
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %r10d
        movq    %rax, %r8
        imulq   %r10, %r8
        addq    HMAP_BUCKETS(%rsi), %r8
        prefetcht0 (%r8)
        prefetcht0 64(%r8)
        testb   $FLAG_SAME_SIZE_GROW, HMAP_FLAGS(%rsi)
        jne     1f
        decl    %ecx
        INDEX_\isa
1:      imulq   %r10, %rax
        addq    HMAP_OLDBUCKETS(%rsi), %rax
        movzbl  (%rax), %ecx
        subl    $2, %ecx
        cmpl    $3, %ecx
        cmovaeq %rax, %r8
        jmp     .Lbucket\@
        .endm

        .macro  BEGIN isa, slow, none
        testq   %rsi, %rsi
        je      \none
        cmpq    $0, HMAP_COUNT(%rsi)
        je      \none
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     \slow                           /* concurrent map read and map write */
        movzbl  HMAP_B(%rsi), %ecx
        KEY_\isa
        .endm

        .macro  NONE two
        movq    gohmap_zero_val@GOTPCREL(%rip), %rax
        .if     \two
        xorl    %edx, %edx
        .endif
        ret
        .endm

/* The routine `name`, for elements of any size, and `name`_words; `family` is what ends these. */
        .macro  MAPACCESS isa, family, two, name, slow
ENTRY \name\()_words_\family
        BEGIN   \isa, .Lslow\@, .Lnone\@
        ACCESS  \isa, 1, \two, .Lslow\@, .Lnone\@
.Lnone\@:
        NONE    \two
.Lslow\@:
        jmp     \slow
        FIXUP   \name\()_words_\family, .Lslow\@, .Lslow\@
END \name\()_words_\family

ENTRY \name\()_\family
        cmpl    $SLOTS, MAPTYPE_KEYSIZE(%rdi)
        je      \name\()_words_\family
        BEGIN   \isa, .Lotherslow\@, .Lothernone\@
        ACCESS  \isa, 0, \two, .Lotherslow\@, .Lothernone\@
.Lothernone\@:
        NONE    \two
.Lotherslow\@:
        jmp     \slow
        FIXUP   \name\()_\family, .Lotherslow\@, .Lotherslow\@
END \name\()_\family
        .endm

        LAYOUT  8
        MAPACCESS sse41, sse41, 0, gohmap_mapaccess1_fast64, gohmap_slow_mapaccess1_fast64_sse41
        MAPACCESS sse41, sse41, 1, gohmap_mapaccess2_fast64, gohmap_slow_mapaccess2_fast64_sse41
        MAPACCESS avx512, avx512, 0, gohmap_mapaccess1_fast64, gohmap_slow_mapaccess1_fast64_avx512
        MAPACCESS avx512, avx512, 1, gohmap_mapaccess2_fast64, gohmap_slow_mapaccess2_fast64_avx512

        LAYOUT  4
        MAPACCESS sse41x32, sse41, 0, gohmap_mapaccess1_fast32, gohmap_slow_mapaccess1_fast32
        MAPACCESS sse41x32, sse41, 1, gohmap_mapaccess2_fast32, gohmap_slow_mapaccess2_fast32
        MAPACCESS avx512x32, avx512, 0, gohmap_mapaccess1_fast32, gohmap_slow_mapaccess1_fast32
        MAPACCESS avx512x32, avx512, 1, gohmap_mapaccess2_fast32, gohmap_slow_mapaccess2_fast32
