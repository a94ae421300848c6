/*
 * Behind the text of m[k] = v that lies where it is called (call_site/mapset_fast64_avx512.s): what that leaves to others.
 *
 *   u32 gohmap_mapset_fast64_absent_avx512   the key is not in its first bucket: on where SEARCH_BUCKET stops
 *   u32 gohmap_mapset_fast64_single_avx512   the same in a map with a single bucket
 *   0: it is done; 2: somebody else has cleared hashWriting; else the routine for all cases must do it, from the start
 *
 *   void gohmap_mapset_fast64_raced()        dies of that
 *
 * Called from there with its registers: rdi map type, rsi header, rdx key, r9 value; these stay, as do xmm12 to xmm15. r8 is the
 * bucket, ecx is 0 when no mark there is emptyRest.
 */
        .include "base.inc"
        .include "sse41.inc"
        .include "avx512.inc"
        .include "assign.inc"

        LAYOUT  8

/* The ends of such a routine. */
        .macro  ENDS undo, slow, raced
\undo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
\slow:
        movl    $1, %eax
        ret
\raced:
        movl    $2, %eax
        ret
        .endm

ENTRY gohmap_mapset_fast64_absent_avx512
        SEARCH_CHAIN avx512, 1, 1, 0, .Labsentundo, .Labsentraced, .Labsentundo, 1
        ENDS    .Labsentundo, .Labsentslow, .Labsentraced
END gohmap_mapset_fast64_absent_avx512

ENTRY gohmap_mapset_fast64_single_avx512
        testl   %ecx, %ecx
        jne     .Lfree
        SEARCH_ONE avx512, 1, 1, .Lundo, .Lraced, .Lundo, .Lfree
        ENDS    .Lundo, .Lslow, .Lraced
END gohmap_mapset_fast64_single_avx512

ENTRY gohmap_mapset_fast64_raced
        RACED
END gohmap_mapset_fast64_raced
