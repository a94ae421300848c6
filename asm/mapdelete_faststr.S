/*
 * runtime.mapdelete_faststr for elements of 8 bytes.
 *
 *   void gohmap_mapdelete_faststr_sse41(rdi = *const MapType, rsi = *mut Hmap, rdx = bytes of the key, rcx = their number)
 *
 * Slow cases, besides those told in faststr.inc: a write under way, the last entry (which draws a new hash0), marks to be
 * changed in more than two buckets, elements of other sizes. Evacuation work comes first (growwork_faststr.S). Twin:
 * src/map/faststr.rs.
 *
 * Registers besides those of faststr.inc: xmm9 is the bucket before, or the first one; xmm10 is the length of the key;
 * r11 is eight times the slot.
 */
        .include "base.inc"
        .include "faststr.inc"
        .include "delete.inc"

        .macro  OVERFLOW_STR
        movq    OVER_STR_8(%r8), %r9
        .endm

/* Clears the entry and stores the marks; r10 is the pointer of the key, which UNKEY_STR puts back at `unkey` after a fault. */
        .macro  GONE_STR marks, unkey, undo
        movq    $0, 8(%r8,%r11,2)
.Lkeyless\@:
        movq    $0, ELEMS_STR(%r8,%r11)
        movq    \marks, (%r8)
.Lgone\@:
        FIXUP   .Lkeyless\@, .Lgone\@, \unkey
        .endm

        .macro  UNKEY_STR
        movq    %r10, 8(%r8,%r11,2)
        .endm

/* The search of the chain of the bucket at r8, and the end of the deletion; xmm8 is the mark. To `undo` in slow cases. */
        .macro  SEARCH undo, leave
.Lsearch\@:
        movq    %r8, %xmm9
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
        SAME    .Ldiffers\@                    /* r10: the pointer there */
        movq    %r9, %xmm10
.Lhere\@:
        shrl    %ecx
        movq    (%r8), %rax
        movl    %ecx, %r11d
        EMPTIED OVERFLOW_STR, FIRST_STR, .Lbefore\@
        GONE_STR %r9, .Lunkey\@
.Lcount\@:
        decq    HMAP_COUNT(%rsi)
.Ldone\@:
        END_WRITING \leave
        ret
.Ldiffers\@:
        PASS
        jmp     .Lslots\@
.Lnext\@:
        movq    %r8, %xmm9
        movq    OVER_STR_8(%r8), %r8
        testq   %r8, %r8
        jne     .Lbucket\@
        jmp     .Ldone\@
.Lbefore\@:
        BEFORE  GONE_STR, UNKEY_STR, .Lcount\@, .Lundokey\@
.Lunkey\@:
        UNKEY_STR
.Lundokey\@:
        movq    %xmm10, %r9
        jmp     \undo
        FIXUP   .Lhere\@, .Lcount\@, .Lundokey\@
        FIXUP   .Lbefore\@, .Lunkey\@, .Lundokey\@
        FIXUP   .Lsearch\@, .Ldone\@, \undo
        FIXUP   .Ldiffers\@, .Lbefore\@, \undo
        .endm

ENTRY gohmap_mapdelete_faststr_sse41
        movq    %rcx, %r9
.Lbegin:
        testq   %rsi, %rsi
        je      .Lnothing
        cmpq    $1, HMAP_COUNT(%rsi)
        jbe     .Lfew
        cmpl    $SLOTS_16_8_208, MAPTYPE_KEYSIZE(%rdi)
        jne     .Lslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lgrowing
        movzbl  HMAP_B(%rsi), %ecx
        cmpl    $63, %ecx
        ja      .Lslow
        HASH    .Lslow
        BUCKET
        MARK
        START_WRITING .Lflags
.Lflagged:
        SEARCH  .Lundo, .Lleave
.Lundo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow:
        movq    %r9, %rcx
        jmp     gohmap_slow_mapdelete_faststr

.Lgrowing:
        START_GROWING .Lslow, HASH
.Lwork:
        GROW_WORK_STR .Lundo, .Lflagged
.Lworked:
        SEARCH  .Lundoworked, .Lleave
.Lundoworked:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        movq    %r9, %rcx
        jmp     gohmap_worked_mapdelete_faststr

.Lleave:
        END_WRITING_FLAGS .Lraced
        ret
.Lflags:
        START_WRITING_FLAGS .Lslow, .Lflagged
.Lfew:
        je      .Lslow
.Lnothing:
        ret
.Lraced:
        RACED
        FIXUP   .Lbegin, .Lflagged, .Lslow
        FIXUP   .Lgrowing, .Lwork, .Lslow
        FIXUP   .Lwork, .Lworked, .Lundo
        FIXUP   .Lflags, .Lfew, .Lslow
END gohmap_mapdelete_faststr_sse41
