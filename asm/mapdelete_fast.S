/*
 * runtime.mapdelete_fast64 and mapdelete_fast32, for elements of 8 bytes.
 *
 *   void gohmap_mapdelete_fast64_ISA(rdi = *const MapType, rsi = *mut Hmap, rdx = key)
 *   void gohmap_mapdelete_fast64_words_ISA: the same for buckets of 144 bytes
 *   void gohmap_mapdelete_fast64_pointers_ISA: the same for keys that are pointers, which are cleared too
 *   void gohmap_mapdelete_fast32_ISA: the same for keys of four bytes, zero extended; _words: for buckets of 112 bytes
 *
 * Slow cases: a write under way, the last entry (which draws a new hash0), marks to be changed in more than two buckets,
 * elements of other sizes; and every fault. Evacuation work comes first (growwork_fast.S). Twins: mapdelete_fast64 in
 * src/map/fast64.rs, mapdelete_fast32 in src/map/fast32.rs.
 *
 * Registers besides those of sse41.inc: r10 is 0 while r8 is the first bucket, else xmm9 is the one before; r11 is eight times
 * the slot.
 */
        .include "base.inc"
        .include "sse41.inc"
        .include "avx512.inc"
        .include "sse41x32.inc"
        .include "avx512x32.inc"
        .include "delete.inc"

        .macro  OVERFLOW
        movq    OVER(%r8), %r9
        .endm

        .macro  FIRST before
        testl   %r10d, %r10d
        jne     \before
        .endm

/* Clears the entry and stores the marks; POINTERS: the key too, which UNKEY puts back at `unkey` after a fault. */
        .macro  GONE marks, unkey, undo
        movq    $0, ELEMS(%r8,%r11)
        movq    \marks, (%r8)
        .endm

        .set    POINTERS, 0
        .set    POINTERS_POINTERS, 1

        .macro  GONE_POINTERS marks, unkey, undo
        movq    $0, 8(%r8,%r11)
.Lkeyless\@:
        GONE    \marks
.Lgone\@:
        FIXUP   .Lkeyless\@, .Lgone\@, \unkey
        .endm

        .macro  UNKEY_POINTERS
        movq    %rdx, 8(%r8,%r11)
        .endm

/* Deletes the key from the chain of the bucket at r8. `pointers`: nothing, or _POINTERS. */
        .macro  DELETE_FROM isa, narrow, undo, raced, pointers
        xorl    %r10d, %r10d
.Lbucket\@:
        .if     \narrow
        LOOK_NARROW_\isa
        .else
        LOOK_\isa
        .endif
.Lslots\@:
        testb   %al, %al
        je      .Lnext\@
        tzcntl  %eax, %ecx
        cmpb    $EMPTY_ONE, (%r8,%rcx)
        jbe     .Lempty\@
        .if     MASKS_\isa && !\narrow && POINTERS\pointers == 0
        blsil   %eax, %r9d
        .endif
        shll    $3, %ecx
        movl    %ecx, %r11d
        movq    (%r8), %rax                     /* the marks */
        .if     MASKS_\isa && !\narrow && POINTERS\pointers == 0
        cmpl    $56, %ecx
        je      1f
        testl   %r10d, %r10d
        je      .Lfirst\@
1:
        .endif
        EMPTIED OVERFLOW, FIRST, .Lbefore\@
        GONE\pointers %r9, .Lunkey\@
.Lcount\@:
        decq    HMAP_COUNT(%rsi)
.Ldone\@:
        END_WRITING .Lleave\@
        ret

        .if     MASKS_\isa && !\narrow && POINTERS\pointers == 0
        /* A slot but the last of the first bucket. Whether the next one is emptyRest is anybody's guess, and the marks may
         * have to come from memory: by arithmetic. */
.Lfirst\@:
        movabsq $0x0101010101010101, %rcx
        kmovb   %r9d, %k1
        bzhiq   %r11, %rax, %r10                /* the slots before this one */
        bzhiq   %r11, %rcx, %rcx
        vpxor   %xmm2, %xmm2, %xmm2
        xorq    %r10, %rcx
        movl    $64, %r9d
        lzcntq  %rcx, %rcx
        andl    $~7, %ecx
        subl    %ecx, %r9d
        bzhiq   %r9, %r10, %rcx                 /* without those right before this one that are emptyOne */
        btsq    %r11, %r10                      /* this one emptyOne */
        shrxq   %r11, %rax, %r9
        shrq    $8, %r9
        testb   %r9b, %r9b
        cmovneq %r10, %rcx
        shlxq   %r11, %r9, %r9
        shlq    $8, %r9
        orq     %r9, %rcx
        vmovdqu64 %zmm2, ELEMS(%r8){%k1}
        movq    %rcx, (%r8)
.Lcounted\@:
        decq    HMAP_COUNT(%rsi)
        END_WRITING .Lleave\@
        ret
        FIXUP   .Lfirst\@, .Lcounted\@, \undo
        .endif

.Lempty\@:
        leal    -1(%rax), %ecx                  /* it was the key's: on to the next slot that has it */
        andl    %ecx, %eax
        jmp     .Lslots\@
.Lnext\@:
        movq    %r8, %xmm9
        movq    OVER(%r8), %r8
        incl    %r10d
        testq   %r8, %r8
        jne     .Lbucket\@
        jmp     .Ldone\@

.Lleave\@:
        END_WRITING_FLAGS \raced
        ret
.Lbefore\@:
        BEFORE  GONE\pointers, UNKEY\pointers, .Lcount\@, \undo
.Lbegun\@:
        FIXUP   .Lbefore\@, .Lbegun\@, \undo
        .ifnb   \pointers
.Lunkey\@:
        UNKEY\pointers
        jmp     \undo
        .endif
        FIXUP   .Lbucket\@, .Lcount\@, \undo
        FIXUP   .Lempty\@, .Lleave\@, \undo
        .endm

/* The routine `name` and `name`_words, for buckets with elements of 8 bytes; `family` is what ends them, and Rust's functions are
 * `slow` and `worked`. `pointers`: nothing, or _POINTERS. */
        .macro  MAPDELETE isa, family, name, slow, worked, pointers
ENTRY \name\()_\family
        testq   %rsi, %rsi
        je      1f
        cmpq    $0, HMAP_COUNT(%rsi)
        je      1f
        cmpl    $SLOTS, MAPTYPE_KEYSIZE(%rdi)
        je      \name\()_words_\family
        jmp     \slow
1:      ret
        FIXUP   \name\()_\family, 1b, \slow
END \name\()_\family

ENTRY \name\()_words_\family
        testq   %rsi, %rsi
        je      .Lnothing\@
        cmpq    $1, HMAP_COUNT(%rsi)
        jbe     .Lfew\@
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lgrowing\@
        KEY_\isa
        movq    HMAP_BUCKETS(%rsi), %r8
        movzbl  HMAP_B(%rsi), %ecx
        leal    -1(%rcx), %eax
        cmpl    $62, %eax
        ja      .Lsmall\@
        HASH_\isa
        KEYS_\isa
        START_WRITING .Lflags\@
.Lflagged\@:
        INDEX_\isa
        BUCKET_OF 1
        prefetchw OVER(%r8)
.Lfrom\@:
        DELETE_FROM \isa, 0, .Lundo\@, .Lraced\@, \pointers

        /* A single bucket. What was stored a moment ago is loaded as wide as it was stored. */
.Lsmall\@:
        testl   %ecx, %ecx
        jne     .Lslow\@                        /* no healthy map is so large */
        START_WRITING .Lsmallflags\@
.Lsmallflagged\@:
        TWICE_\isa
        DELETE_FROM \isa, 1, .Lundo\@, .Lraced\@, \pointers

.Lgrowing\@:
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Lslow\@
        movzbl  HMAP_B(%rsi), %ecx
        KEY_\isa
        HASH_\isa
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lwork\@:
        GROW_WORK \isa, .Lundo\@, .Lflagged\@
.Lworking\@:
        DELETE_FROM \isa, 0, .Lworked\@, .Lraced\@, \pointers

.Lflags\@:
        START_WRITING_FLAGS .Lslow\@, .Lflagged\@
.Lsmallflags\@:
        START_WRITING_FLAGS .Lslow\@, .Lsmallflagged\@
.Lfew\@:
        jb      .Lnothing\@
        jmp     .Lslow\@
.Lnothing\@:
        ret

.Lworked\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jmp     \worked
.Lundo\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow\@:
        jmp     \slow
.Lraced\@:
        RACED
        FIXUP   \name\()_words_\family, .Lflagged\@, .Lslow\@
        FIXUP   .Lflagged\@, .Lfrom\@, .Lundo\@
        FIXUP   .Lsmall\@, .Lsmallflagged\@, .Lslow\@
        FIXUP   .Lgrowing\@, .Lwork\@, .Lslow\@
        FIXUP   .Lwork\@, .Lworking\@, .Lundo\@
        FIXUP   .Lflags\@, .Lfew\@, .Lslow\@
END \name\()_words_\family
        .endm

        LAYOUT  8
        MAPDELETE sse41, sse41, gohmap_mapdelete_fast64, gohmap_slow_mapdelete_fast64_sse41, gohmap_worked_mapdelete_fast64
        MAPDELETE avx512, avx512, gohmap_mapdelete_fast64, gohmap_slow_mapdelete_fast64_avx512, gohmap_worked_mapdelete_fast64
        MAPDELETE sse41, sse41, gohmap_mapdelete_fast64_pointers, gohmap_slow_mapdelete_fast64_sse41, gohmap_worked_mapdelete_fast64, _POINTERS
        MAPDELETE avx512, avx512, gohmap_mapdelete_fast64_pointers, gohmap_slow_mapdelete_fast64_avx512, gohmap_worked_mapdelete_fast64, _POINTERS

        LAYOUT  4
        MAPDELETE sse41x32, sse41, gohmap_mapdelete_fast32, gohmap_slow_mapdelete_fast32, gohmap_worked_mapdelete_fast32
        MAPDELETE avx512x32, avx512, gohmap_mapdelete_fast32, gohmap_slow_mapdelete_fast32, gohmap_worked_mapdelete_fast32
