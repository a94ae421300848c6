/*
 * runtime.mapassign_fast64, and the whole of m[k] = v for elements of 8 bytes; runtime.mapassign_fast32 and
 * mapassign_fast64ptr.
 *
 *   usize gohmap_mapassign_fast64_ISA(rdi = *const MapType, rsi = *mut Hmap, rdx = key)  ->  address of the element
 *   usize gohmap_mapassign_fast64_words_ISA(…)  ->  the same for buckets of 144 bytes with elements of 8
 *   usize gohmap_mapset_fast64_words_ISA(…, rcx = value)  ->  0, or the address where the value is still to be stored
 *   usize gohmap_mapassign_fast32_ISA(…)  ->  as the first; the key is zero extended
 *   usize gohmap_mapassign_fast32_words_ISA(…)  ->  the same for buckets of 112 bytes with elements of 8
 *   usize gohmap_mapassign_fast64ptr_ISA(…)  ->  as the first; gohmap_mapassign_fast64ptr_words_ISA: as the second
 *
 * The fast cases: the key is in the chain, or a slot is free and the table need not grow; evacuation work comes first
 * (growwork_fast.S); a new overflow bucket, or a growth, is Rust's. Every other case (nil map, a write under way) jumps to the
 * portable function with the arguments as they came and nothing modified but for evacuation work that is done, and so
 * does a fault. Without a frame; no callee-saved register is touched.
 *
 * Twin: mapassign_fast64 in src/map/fast64.rs. Like it (and unlike the generic path) they compare keys, not hash bytes
 * of tophash: a map whose tophash bytes were tampered with is searched as Go searches it.
 */
        .include "base.inc"
        .include "sse41.inc"
        .include "avx512.inc"
        .include "sse41x32.inc"
        .include "avx512x32.inc"
        .include "assign.inc"

/* The whole routine, for buckets with elements of 8 bytes (`fixed`) or any. From `undo` the portable function does it all, from
 * `worked` what comes after growWork; Rust's `absent` finds a place for a key that has none. */
        .macro  ASSIGN isa, fixed, set, slow, undo, worked, raced, absent
.Lbegin\@:
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lgrowing\@
        movq    HMAP_BUCKETS(%rsi), %r8
        testq   %r8, %r8
        je      .Lfirst\@
        movzbl  HMAP_B(%rsi), %ecx
        KEY_\isa
        leal    -1(%rcx), %r10d
        cmpl    $62, %r10d
        ja      .Lsmall\@
        HASH_\isa
        KEYS_\isa
        START_WRITING .Lflags\@
.Lflagged\@:
        INDEX_\isa
        BUCKET_OF \fixed
        .if     \fixed
        prefetchw OVER(%r8)
        .endif
.Lsearch\@:
        SEARCH_CHAIN \isa, \fixed, \set, 0, \undo, \raced, .Labsent\@

        /* A single bucket. */
.Lsmall\@:
        testl   %ecx, %ecx
        jne     \slow                           /* no healthy map is so large */
        START_WRITING .Lsmallflags\@
.Lsmallflagged\@:
        SEARCH_ONE \isa, \fixed, \set, \undo, \raced, .Labsent\@, .Lsmallfree\@

.Lflags\@:
        START_WRITING_FLAGS \slow, .Lflagged\@
.Lsmallflags\@:
        START_WRITING_FLAGS \slow, .Lsmallflagged\@
.Lleave\@:
        END_WRITING_FLAGS \raced
        RETURN  \isa, \set

        /* The first bucket of a small map. */
.Lfirst\@:
        FIRST_BUCKET \slow, \undo
        KEY_\isa
        jmp     .Lsmallflagged\@

.Lgrowing\@:
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     \slow
        movzbl  HMAP_B(%rsi), %ecx
        KEY_\isa
        HASH_\isa
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lwork\@:
        GROW_WORK \isa, \undo, .Lended\@, \fixed
.Lworked\@:
        SEARCH_CHAIN \isa, \fixed, \set, 1, \worked, \raced, .Labsent\@

        /* An overflow bucket for the key, or a growth begins, and there is evacuation work. */
.Labsent\@:
        movq    %xmm0, %rcx
        CALL_RUST \absent
        testq   %rax, %rax
        je      .Lgrown\@
        ret
.Lgrown\@:
        movzbl  HMAP_B(%rsi), %ecx
        jmp     .Lwork\@
.Lended\@:
        leal    -1(%rcx), %r10d
        jmp     .Lflagged\@
        FIXUP   .Lgrowing\@, .Lwork\@, \slow
        FIXUP   .Lwork\@, .Lworked\@, \undo
        FIXUP   .Lbegin\@, .Lflagged\@, \slow
        FIXUP   .Lsmall\@, .Lsmallflagged\@, \slow
        FIXUP   .Lflags\@, .Lleave\@, \slow
        FIXUP   .Lflagged\@, .Lsearch\@, \undo
        .endm

/* What ASSIGN needs around it, and how it ends. */
        .macro  ASSIGN_ALL isa, fixed, set, fn, slow
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow\@
        .if     \set
        movq    %rcx, %r9
        .endif
        ASSIGN  \isa, \fixed, \set, .Lslow\@, .Lundo\@, .Lworked\@, .Lraced\@, gohmap_absent_\fn
.Lworked\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jmp     gohmap_worked_\fn
.Lundo\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow\@:
        jmp     \slow
.Lraced\@:
        RACED
        .endm

/* One routine for buckets with elements of 8 bytes. */
        .macro  WORDS name, isa, set, fn, slow
ENTRY \name
        ASSIGN_ALL \isa, 1, \set, \fn, \slow
END \name
        .endm

        .macro  MAPASSIGN_FAST64 isa
        WORDS   gohmap_mapassign_fast64_words_\isa, \isa, 0, mapassign_fast64, gohmap_slow_mapassign_fast64_\isa
        WORDS   gohmap_mapset_fast64_words_\isa, \isa, 1, mapassign_fast64, gohmap_slow_mapassign_fast64_\isa
        MAPASSIGN gohmap_mapassign_fast64_\isa, \isa, mapassign_fast64, gohmap_slow_mapassign_fast64_\isa, gohmap_mapassign_fast64_words_\isa
        .endm

        .macro  MAPASSIGN_FAST64PTR isa
        WORDS   gohmap_mapassign_fast64ptr_words_\isa, \isa, 0, mapassign_fast64ptr, gohmap_slow_mapassign_fast64ptr
        MAPASSIGN gohmap_mapassign_fast64ptr_\isa, \isa, mapassign_fast64ptr, gohmap_slow_mapassign_fast64ptr, gohmap_mapassign_fast64ptr_words_\isa
        .endm

/* A routine for elements of any size. Maps with those of 8 bytes go on in `words`. */
        .macro  MAPASSIGN name, isa, fn, slow, words
ENTRY \name
        cmpl    $SLOTS, MAPTYPE_KEYSIZE(%rdi)
        je      \words
        ASSIGN_ALL \isa, 0, 0, \fn, \slow
END \name
        .endm

        LAYOUT  8
        MAPASSIGN_FAST64 sse41
        MAPASSIGN_FAST64 avx512
        MAPASSIGN_FAST64PTR sse41
        MAPASSIGN_FAST64PTR avx512

        LAYOUT  4
        WORDS   gohmap_mapassign_fast32_words_sse41, sse41x32, 0, mapassign_fast32, gohmap_slow_mapassign_fast32
        WORDS   gohmap_mapassign_fast32_words_avx512, avx512x32, 0, mapassign_fast32, gohmap_slow_mapassign_fast32
        MAPASSIGN gohmap_mapassign_fast32_sse41, sse41x32, mapassign_fast32, gohmap_slow_mapassign_fast32, gohmap_mapassign_fast32_words_sse41
        MAPASSIGN gohmap_mapassign_fast32_avx512, avx512x32, mapassign_fast32, gohmap_slow_mapassign_fast32, gohmap_mapassign_fast32_words_avx512
