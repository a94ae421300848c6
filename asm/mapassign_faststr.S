/*
 * runtime.mapassign_faststr.
 *
 *   usize gohmap_mapassign_faststr_sse41(rdi = *const MapType, rsi = *mut Hmap, rdx = bytes of the key, rcx = their number)
 *         ->  address of the element; the key's bytes live as long as the map
 *
 * The fast cases, besides what is told in faststr.inc: the key is there, or there is a free slot, in a map that is not
 * growing and has room. Twin: src/map/faststr.rs.
 */
        .include "base.inc"
        .include "faststr.inc"

ENTRY gohmap_mapassign_faststr_sse41
        movq    %rcx, %r9
.Lbegin:
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow                          /* growing: evacuation work to do */
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
        MARKED
.Lslots:
        testb   %al, %al
        je      .Labsent
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Ldiffers
        SAME    .Ldiffers
.Lhit:
        movq    %rdx, 8(%r8,%rcx)               /* the old bytes need not be kept */
.Lelem:
        ELEM
        END_WRITING .Lleave
        ret
.Ldiffers:
        PASS
        jmp     .Lslots

        /* Not in this bucket. An emptyRest ends the search, and so does the end of the chain. */
.Labsent:
        RESTS
        je      .Lchain
.Lfree:
        FREE    .Lsmall, .Lundo
.Linsert:
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
.Lkey:
        movdqu  %xmm1, 8(%r8,%rcx)
.Lcount:
        incq    HMAP_COUNT(%rsi)
        jmp     .Lelem
.Lsmall:
        ROOM_SMALL .Linsert, .Lundo

        /* In the rest of a chain only a hit is a fast case. */
.Lchain:
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        movq    -8(%r8,%rcx), %rax
        testq   %rax, %rax
        je      .Lfree
        movq    %rax, %r8
.Lnext:
        MARKED
.Lchainslots:
        testb   %al, %al
        je      .Lchainend
        tzcntl  %eax, %ecx
        shll    $4, %ecx
        cmpq    %r9, 16(%r8,%rcx)
        jne     .Lchaindiffers
        SAME    .Lchaindiffers
        jmp     .Lhit
.Lchaindiffers:
        PASS
        jmp     .Lchainslots
.Lchainend:
        RESTS
        jne     .Lundo
        OVERFLOW
        jne     .Lnext
        jmp     .Lundo

.Lunkey:
        movq    %rax, (%r8)
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

.Lflags:
        START_WRITING_FLAGS .Lslow, .Lflagged
.Lleave:
        END_WRITING_FLAGS .Lraced
        ret
.Lraced:
        RACED
        FIXUP   .Lkey, .Lcount, .Lunkey
        FIXUP   .Lbegin, .Lflagged, .Lslow
        FIXUP   .Lflagged, .Lelem, .Lundo
        FIXUP   .Ldiffers, .Lkey, .Lundo
        FIXUP   .Lsmall, .Lunkey, .Lundo
        FIXUP   .Lfirst, .Lmade, .Lslow
        FIXUP   .Lflags, .Lleave, .Lslow
END gohmap_mapassign_faststr_sse41
