/*
 * runtime.mapassign_faststr.
 *
 *   usize gohmap_mapassign_faststr_sse41(rdi = *const MapType, rsi = *mut Hmap, rdx = bytes of the key, rcx = their number)
 *         ->  address of the element; the key's bytes live as long as the map
 *
 * The fast cases, besides what is told in faststr.inc: the key is there, or there is a free slot, in a map that has room. Evacuation
 * work comes first (growwork_faststr.S); a new overflow bucket, or a growth, is Rust's. Twin: src/map/faststr.rs.
 */
        .include "base.inc"
        .include "faststr.inc"

/* The search of the chain of the bucket at r8, and the end of the assign; xmm8 is the mark. On at `absent` when the chain or the table
 * must grow: the bucket of the first free slot, or the last one, is in r8, and the slot, or 8, in r10d. To `undo` after a fault. A
 * growing map needs no room, but mostly has it, so that is no case of its own. */
        .macro  SEARCH undo, absent, leave
.Lsearch\@:
        MARKED
.Lslots\@:
        testb   %al, %al
        je      .Labsent\@
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Ldiffers\@
        SAME    .Ldiffers\@
.Lhit\@:
        movq    %rdx, 8(%r8,%rcx)               /* the old bytes need not be kept */
.Lelem\@:
        ELEM
        END_WRITING \leave
        ret
.Ldiffers\@:
        PASS
        jmp     .Lslots\@

        /* Not in this bucket. An emptyRest ends the search, and so does the end of the chain. */
.Labsent\@:
        RESTS
        je      .Lchain\@
.Lfree\@:
        FREE    \absent
.Lroom\@:
        ROOM    .Lsmall\@, \absent
.Linsert\@:
        movq    %xmm2, %rax
        movq    %xmm8, %r11
        leal    (,%r10,8), %ecx
        xorq    %rax, %r11
        movl    $0xff, %r10d
        movq    %rdx, %xmm1
        shlq    %cl, %r10
        movq    %r9, %xmm2
        andq    %r10, %r11
        punpcklqdq %xmm2, %xmm1
        xorq    %rax, %r11
        addl    %ecx, %ecx
        movq    %r11, (%r8)                     /* all marks, for they are loaded at once */
.Lkey\@:
        movdqu  %xmm1, 8(%r8,%rcx)
.Lcount\@:
        incq    HMAP_COUNT(%rsi)
        jmp     .Lelem\@
.Lsmall\@:
        ROOM_SMALL .Linsert\@, \absent
.Lchain\@:
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        movq    -8(%r8,%rcx), %rax
        testq   %rax, %rax
        je      .Lfree\@
        movq    %r8, %xmm9
        movq    %rax, %r8
.Lnext\@:
        MARKED
.Lchainslots\@:
        testb   %al, %al
        je      .Lchainend\@
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Lchaindiffers\@
        SAME    .Lchaindiffers\@
        jmp     .Lhit\@
.Lchaindiffers\@:
        PASS
        jmp     .Lchainslots\@
.Lchainend\@:
        RESTS
        jne     .Lfirst\@
        OVERFLOW
        jne     .Lnext\@

        /* The first free slot, once more from the beginning. */
.Lfirst\@:
        FREE_OF_CHAIN .Lroom\@, \absent

.Lunkey\@:
        movq    %rax, (%r8)
        jmp     \undo
        FIXUP   .Lkey\@, .Lcount\@, .Lunkey\@
        FIXUP   .Lsearch\@, .Lelem\@, \undo
        FIXUP   .Ldiffers\@, .Lkey\@, \undo
        FIXUP   .Lsmall\@, .Lunkey\@, \undo
        .endm

ENTRY gohmap_mapassign_faststr_sse41
        movq    %rcx, %r9
.Lbegin:
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lgrowing
        cmpq    $0, HMAP_BUCKETS(%rsi)
        je      .Lfirst
        movzbl  HMAP_B(%rsi), %ecx
        cmpl    $63, %ecx
        ja      .Lslow
        HASH    .Lslow
        BUCKET
        MARK
        START_WRITING .Lflags
.Lflagged:
        SEARCH  .Lundo, .Labsent, .Lleave

.Lundo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow:
        movq    %r9, %rcx
        jmp     gohmap_slow_mapassign_faststr

        /* The first bucket of a small map; where the key cannot be hashed there is none. */
.Lfirst:
        HASH    .Lslow
        FIRST_BUCKET .Lslow, .Lundo
.Lmade:
        MARK
        jmp     .Lflagged

.Lgrowing:
        START_GROWING .Lslow, HASH
.Lwork:
        GROW_WORK_STR .Lundo, .Lflagged
.Lworked:
        SEARCH  .Lundoworked, .Labsent, .Lleave
.Lundoworked:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        movq    %r9, %rcx
        jmp     gohmap_worked_mapassign_faststr

        /* An overflow bucket for the key, or a growth begins, and there is evacuation work. */
.Labsent:
        movq    %xmm0, %rcx
        movl    %r10d, %eax
        CALL_RUST gohmap_absent_mapassign_faststr, 1
        testq   %rax, %rax
        je      .Lgrown
        ret
.Lgrown:
        movzbl  HMAP_B(%rsi), %ecx
        jmp     .Lwork

.Lflags:
        START_WRITING_FLAGS .Lslow, .Lflagged
.Lleave:
        END_WRITING_FLAGS .Lraced
        ret
.Lraced:
        RACED
        FIXUP   .Lbegin, .Lflagged, .Lslow
        FIXUP   .Lfirst, .Lmade, .Lslow
        FIXUP   .Lgrowing, .Lwork, .Lslow
        FIXUP   .Lwork, .Lworked, .Lundo
        FIXUP   .Lflags, .Lleave, .Lslow
END gohmap_mapassign_faststr_sse41
