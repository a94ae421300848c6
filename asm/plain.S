/*
 * runtime.mapaccess1, mapaccess2, mapassign and mapdelete for keys that are plain memory of 9 to 32 bytes and lie in the
 * bucket (MapType::plain_key), for every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapaccess1_sse41(rdi = *const MapType, rsi = *const Hmap, rdx = address of the key)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_sse41(…)  ->  the same in rax, and in rdx whether there is such a key
 *   usize gohmap_mapassign_sse41(…)  ->  address of the element
 *   void gohmap_mapdelete_sse41(…)
 *
 * The fast cases: a map that is not growing, a key whose hash need not be taken at the end of a page; an assign finds the
 * key, or a free slot in a table with room; a delete is of elements of 8 bytes, and neither of the last entry nor one that
 * changes marks in more than one bucket. All others jump to the portable functions with the arguments as they came and
 * nothing modified, and so does a fault. Without a frame; no callee-saved register is touched.
 *
 * Twins: src/map/access.rs, assign.rs and delete.rs. Like them, marks are compared before keys, and nothing behind an
 * emptyRest is looked at.
 *
 * Registers and macros are those of faststr.inc, but ecx is a slot. r11 has the slots that are emptyRest.
 */
        .include "base.inc"
        .include "faststr.inc"
        .include "delete.inc"

/* On, when the slot in ecx has the key, else to `differs`; r10 = where the slot's key is, or was. Scratches xmm4, xmm5. */
        .macro  SAME_PLAIN differs
        movl    %ecx, %r10d
        imulq   %r9, %r10
        leaq    8(%r8,%r10), %r10
        cmpl    $16, %r9d
        jb      .Lshort\@
        movdqu  (%r10), %xmm4
        movdqu  -16(%r10,%r9), %xmm5
        pcmpeqb %xmm6, %xmm4
        pcmpeqb %xmm7, %xmm5
        pand    %xmm5, %xmm4
        jmp     .Lcompared\@
.Lshort\@:
        movq    (%r10), %xmm4
        movq    (%rdx), %xmm5
        movhps  -8(%r10,%r9), %xmm4
        movhps  -8(%rdx,%r9), %xmm5
        pcmpeqb %xmm5, %xmm4
.Lcompared\@:
        pmovmskb %xmm4, %r10d
        cmpl    $0xffff, %r10d
        jne     \differs
        .endm

/* eax = slots of the bucket at r8 that have the mark and lie before the first emptyRest; xmm2 = all marks */
        .macro  MARKED
        movq    (%r8), %xmm2
        pxor    %xmm3, %xmm3
        pcmpeqb %xmm2, %xmm3
        pmovmskb %xmm3, %eax
        movdqa  %xmm2, %xmm3
        movl    %eax, %r11d
        leal    -1(%rax), %ecx
        notl    %eax
        andl    %ecx, %eax
        pcmpeqb %xmm8, %xmm3
        pmovmskb %xmm3, %ecx
        andl    %ecx, %eax
        .endm

/* rax = address of the element of the slot in ecx */
        .macro  ELEM_PLAIN
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imulq   %rcx, %rax
        leaq    (%rax,%r9,8), %rax
        leaq    8(%r8,%rax), %rax
        .endm

        .macro  OVERFLOW_PLAIN
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %r9d
        movq    -8(%r8,%r9), %r9
        .endm

        .macro  ACCESS_PLAIN name, slow, two
ENTRY \name
        testq   %rsi, %rsi
        je      .Lnone\@
        cmpq    $0, HMAP_COUNT(%rsi)
        je      .Lnone\@
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     .Lslow\@                        /* concurrent map read and map write */
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow\@
        movzbl  HMAP_B(%rsi), %ecx
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r9d
        cmpl    $63, %ecx
        ja      .Lslow\@                        /* no healthy map is so large */
        HASH    .Lslow\@
        BUCKET
        MARK
.Lbucket\@:
        MARKED
.Lslots\@:
        testb   %al, %al
        je      .Lnext\@
        tzcntl  %eax, %ecx
        SAME_PLAIN .Ldiffers\@
        ELEM_PLAIN
        .if     \two
        movl    $1, %edx
        .endif
        ret
.Ldiffers\@:
        PASS
        jmp     .Lslots\@
.Lnext\@:
        testb   %r11b, %r11b
        jne     .Lnone\@
        OVERFLOW
        jne     .Lbucket\@
.Lnone\@:
        movq    gohmap_zero_val@GOTPCREL(%rip), %rax
        .if     \two
        xorl    %edx, %edx
        .endif
        ret
.Lslow\@:
        jmp     \slow
        FIXUP   \name, .Lslow\@, .Lslow\@
END \name
        .endm

        ACCESS_PLAIN gohmap_mapaccess1_sse41, gohmap_slow_mapaccess1, 0
        ACCESS_PLAIN gohmap_mapaccess2_sse41, gohmap_slow_mapaccess2, 1

ENTRY gohmap_mapassign_sse41
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Lslow                          /* growing: evacuation work to do */
        movzbl  HMAP_B(%rsi), %ecx
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r9d
        cmpl    $63, %ecx
        ja      .Lslow
        HASH    .Lslow
        cmpq    $0, HMAP_BUCKETS(%rsi)
        je      .Lfirst
        BUCKET
        MARK
        START_WRITING .Lflags
.Lflagged:
        MARKED
.Lslots:
        testb   %al, %al
        je      .Labsent
        tzcntl  %eax, %ecx
        SAME_PLAIN .Ldiffers
.Lelem:
        ELEM_PLAIN
        END_WRITING .Lleave
        ret
.Ldiffers:
        PASS
        jmp     .Lslots

        /* Not in this bucket. An emptyRest ends the search, and so does the end of the chain. */
.Labsent:
        testb   %r11b, %r11b
        je      .Lchain
.Lfree:
        FREE    .Lsmall, .Lundo
.Linsert:
        movl    %r10d, %r11d
        movq    %xmm2, %rax
        imulq   %r9, %r11
        leal    (,%r10,8), %ecx
        cmpl    $16, %r9d
        jb      1f
        movdqu  (%rdx), %xmm4
        movdqu  -16(%rdx,%r9), %xmm5
        leaq    8(%r8,%r11), %r11
        movdqu  %xmm4, (%r11)
        movdqu  %xmm5, -16(%r11,%r9)
        jmp     2f
1:      movq    (%rdx), %xmm4
        movq    -8(%rdx,%r9), %xmm5
        leaq    8(%r8,%r11), %r11
        movq    %xmm4, (%r11)
        movq    %xmm5, -8(%r11,%r9)
2:      movl    $0xff, %r11d
        movq    %xmm8, %xmm4
        shlq    %cl, %r11
        movl    %r10d, %ecx
        movq    %xmm4, %r10
        xorq    %rax, %r10
        andq    %r11, %r10
        xorq    %rax, %r10
        movq    %r10, (%r8)                     /* all marks, for they are loaded at once */
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
        SAME_PLAIN .Lchaindiffers
        jmp     .Lelem
.Lchaindiffers:
        PASS
        jmp     .Lchainslots
.Lchainend:
        testb   %r11b, %r11b
        jne     .Lundo
        OVERFLOW
        jne     .Lnext
        jmp     .Lundo

        /* The first bucket of a small map. */
.Lfirst:
        FIRST_BUCKET .Lslow, .Lundo
.Lmade:
        MARK
        jmp     .Lflagged

.Lflags:
        START_WRITING_FLAGS .Lslow, .Lflagged
.Lleave:
        END_WRITING_FLAGS .Lraced
        ret
.Lundo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow:
        jmp     gohmap_slow_mapassign
.Lraced:
        RACED
        FIXUP   gohmap_mapassign_sse41, .Lflagged, .Lslow
        FIXUP   .Lflagged, .Lcount, .Lundo
        FIXUP   .Lsmall, .Lfirst, .Lundo
        FIXUP   .Lfirst, .Lmade, .Lslow
        FIXUP   .Lflags, .Lleave, .Lslow
END gohmap_mapassign_sse41

ENTRY gohmap_mapdelete_sse41
        testq   %rsi, %rsi
        je      .Lnothing
        cmpq    $1, HMAP_COUNT(%rsi)
        jbe     .Lfew
        cmpb    $8, MAPTYPE_ELEMSIZE(%rdi)
        jne     .Ldelslow
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        jne     .Ldelslow
        movzbl  HMAP_B(%rsi), %ecx
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r9d
        cmpl    $63, %ecx
        ja      .Ldelslow
        HASH    .Ldelslow
        BUCKET
        MARK
        START_WRITING .Ldelflags
.Ldelflagged:
        movq    %r8, %xmm9
.Ldelbucket:
        MARKED
.Ldelslots:
        testb   %al, %al
        je      .Ldelnext
        tzcntl  %eax, %ecx
        SAME_PLAIN .Ldeldiffers
        leaq    8(%r8,%r9,8), %r10              /* the elements */
        shll    $3, %ecx
        movq    (%r8), %rax
        movl    %ecx, %r11d
        EMPTIED OVERFLOW_PLAIN, FIRST_STR, .Ldelundo
        movq    $0, (%r10,%r11)
        movq    %r9, (%r8)
.Ldelcount:
        decq    HMAP_COUNT(%rsi)
.Ldone:
        END_WRITING .Ldelleave
        ret
.Ldeldiffers:
        PASS
        jmp     .Ldelslots
.Ldelnext:
        testb   %r11b, %r11b
        jne     .Ldone
        OVERFLOW
        jne     .Ldelbucket
        jmp     .Ldone

.Ldelleave:
        END_WRITING_FLAGS .Ldelraced
        ret
.Ldelflags:
        START_WRITING_FLAGS .Ldelslow, .Ldelflagged
.Lfew:
        je      .Ldelslow
.Lnothing:
        ret
.Ldelundo:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Ldelslow:
        jmp     gohmap_slow_mapdelete
.Ldelraced:
        RACED
        FIXUP   gohmap_mapdelete_sse41, .Ldelflagged, .Ldelslow
        FIXUP   .Ldelflagged, .Ldone, .Ldelundo
        FIXUP   .Ldeldiffers, .Ldelleave, .Ldelundo
        FIXUP   .Ldelflags, .Lfew, .Ldelslow
END gohmap_mapdelete_sse41
