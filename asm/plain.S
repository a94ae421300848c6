/*
 * runtime.mapaccess1, mapaccess2, mapassign and mapdelete for keys that are plain memory, or a float, and lie in the bucket
 * (MapType::plain_key), for every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapaccess1_sse41(rdi = *const MapType, rsi = *const Hmap, rdx = address of the key)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_sse41(…)  ->  the same in rax, and in rdx whether there is such a key
 *   usize gohmap_mapassign_sse41(…)  ->  address of the element
 *   void gohmap_mapdelete_sse41(…)
 *
 * The fast cases: a map that is not growing; an assign finds the key, or a free slot in a table with room; a delete is of
 * elements of 8 bytes, and neither of the last entry nor one that changes marks in more than one bucket. All others jump to
 * the portable functions with the arguments as they came and nothing modified, and so does a fault. Without a frame; no
 * callee-saved register is touched.
 *
 * Twins: src/map/access.rs, assign.rs and delete.rs. Like them, marks are compared before keys, and nothing behind an
 * emptyRest is looked at.
 *
 * Registers and macros are those of faststr.inc, but ecx is a slot.
 */
        .include "base.inc"
        .include "faststr.inc"
        .include "delete.inc"

/* r9d = the bytes of a key. A float must not be hashed as its bytes when it is zero or no number: to `slow`. Scratches rax
 * and rcx. */
        .macro  SIZE slow
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r9d
        testb   $NEED_KEY_UPDATE, MAPTYPE_FLAGS(%rdi)
        je      .Lsized\@
        cmpl    $4, %r9d
        je      .Lsingle\@
        movq    (%rdx), %rax
        movabsq $0xffe0000000000000, %rcx       /* infinity without its sign */
        addq    %rax, %rax
        decq    %rax
        cmpq    %rcx, %rax
        jae     \slow
        jmp     .Lsized\@
.Lsingle\@:
        movl    (%rdx), %eax
        addl    %eax, %eax
        decl    %eax
        cmpl    $0xff000000, %eax
        jae     \slow
.Lsized\@:
        .endm

/* For HASH; xmm7 = a mask of the key's bytes. A key that was stored a moment ago is loaded in the parts in which compilers
 * store one: a load of more would wait for the stores. */
        .macro  FEW_EXACT slow
        leaq    .Lmask+16(%rip), %rax
        subq    %r9, %rax
        movdqu  (%rax), %xmm7
        cmpl    $8, %r9d
        jb      .Lfew\@
        movq    (%rdx), %xmm6
        je      .Lloaded\@
        cmpl    $12, %r9d
        je      .Ltwelve\@
        movl    $16, %eax
        movq    -8(%rdx,%r9), %xmm5
        subl    %r9d, %eax
        shll    $3, %eax
        movd    %eax, %xmm4
        psrlq   %xmm4, %xmm5                    /* what the first load has, too */
        punpcklqdq %xmm5, %xmm6
        jmp     .Lloaded\@
.Ltwelve\@:
        movd    8(%rdx), %xmm5
        punpcklqdq %xmm5, %xmm6
        jmp     .Lloaded\@
.Lfew\@:
        cmpl    $4, %r9d
        jb      .Lfewer\@
        movd    (%rdx), %xmm6
        je      .Lloaded\@
        cmpl    $6, %r9d
        je      .Lsix\@
        pinsrb  $4, 4(%rdx), %xmm6
        jb      .Lloaded\@
        pinsrw  $2, 4(%rdx), %xmm6
        pinsrb  $6, 6(%rdx), %xmm6
        jmp     .Lloaded\@
.Lsix\@:
        pinsrw  $2, 4(%rdx), %xmm6
        jmp     .Lloaded\@
.Lfewer\@:
        movzbl  (%rdx), %eax
        movd    %eax, %xmm6
        cmpl    $2, %r9d
        jb      .Lloaded\@
        pinsrb  $1, 1(%rdx), %xmm6
        je      .Lloaded\@
        pinsrb  $2, 2(%rdx), %xmm6
.Lloaded\@:
        .endm

/* On, when the slot in ecx has the key, else to `differs`; r10 = where the slot's key is, or was. Scratches r11, xmm4, xmm5. */
        .macro  SAME_PLAIN differs
        movl    %ecx, %r10d
        imulq   %r9, %r10
        leaq    8(%r8,%r10), %r10
        SAME_BYTES \differs, SAME_MASKED
        .endm

/* What is loaded lies in the bucket, though not all in the slot. */
        .macro  SAME_MASKED differs
        cmpl    $8, %r9d
        jb      .Lfew\@
        movdqu  (%r10), %xmm4
        jmp     1f
.Lfew\@:
        movq    (%r10), %xmm4
1:      pand    %xmm7, %xmm4
        pxor    %xmm6, %xmm4
        ptest   %xmm4, %xmm4
        jne     \differs
        .endm

/* eax = slots of the bucket at r8 that have the mark and lie before the first emptyRest; xmm2 = all marks */
        .macro  MARKED
        movq    (%r8), %xmm2
        pxor    %xmm3, %xmm3
        pcmpeqb %xmm2, %xmm3
        pmovmskb %xmm3, %eax
        movdqa  %xmm2, %xmm3
        leal    -1(%rax), %ecx
        notl    %eax
        andl    %ecx, %eax
        pcmpeqb %xmm8, %xmm3
        pmovmskb %xmm3, %ecx
        andl    %ecx, %eax
        .endm

/* Clears ZF when there is an emptyRest among the marks xmm2; scratches r11, xmm3 */
        .macro  RESTS
        pxor    %xmm3, %xmm3
        pcmpeqb %xmm2, %xmm3
        pmovmskb %xmm3, %r11d
        testb   %r11b, %r11b
        .endm

/* rax = address of the element of the slot in ecx */
        .macro  ELEM_PLAIN
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imulq   %rcx, %rax
        leaq    (%rax,%r9,8), %rax
        leaq    8(%r8,%rax), %rax
        .endm

/* Stores the key at r11, its first bytes first, as Go does; scratches rax, rcx and xmm4. */
        .macro  STORE
        cmpl    $16, %r9d
        jb      .Lshort\@
        cmpl    $32, %r9d
        ja      .Llong\@
        movdqu  %xmm6, (%r11)
        movdqu  %xmm7, -16(%r11,%r9)
        jmp     .Lstored\@
.Llong\@:
        leal    -16(%r9), %ecx
        xorl    %eax, %eax
1:      movdqu  (%rdx,%rax), %xmm4
        movdqu  %xmm4, (%r11,%rax)
        addl    $16, %eax
        cmpl    %ecx, %eax
        jb      1b
        movdqu  (%rdx,%rcx), %xmm4
        movdqu  %xmm4, (%r11,%rcx)
        jmp     .Lstored\@
.Lshort\@:
        movq    %xmm6, %rax
        cmpl    $8, %r9d
        jb      .Lfew\@
        movq    %rax, (%r11)
        je      .Lstored\@
        cmpl    $12, %r9d
        je      .Ltwelve\@
        movq    -8(%rdx,%r9), %rax
        movq    %rax, -8(%r11,%r9)
        jmp     .Lstored\@
.Ltwelve\@:
        pextrd  $2, %xmm6, 8(%r11)
        jmp     .Lstored\@
.Lfew\@:
        cmpl    $4, %r9d
        jb      .Lfewer\@
        movl    %eax, (%r11)
        leal    -32(,%r9,8), %ecx
        shrq    %cl, %rax
        movl    %eax, -4(%r11,%r9)
        jmp     .Lstored\@
.Lfewer\@:
        movb    %al, (%r11)
        cmpl    $1, %r9d
        je      .Lstored\@
        leal    -16(,%r9,8), %ecx
        shrq    %cl, %rax
        movw    %ax, -2(%r11,%r9)
.Lstored\@:
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
        SIZE    .Lslow\@
        movzbl  HMAP_B(%rsi), %ecx
        cmpl    $63, %ecx
        ja      .Lslow\@                        /* no healthy map is so large */
        HASH    .Lslow\@, FEW_EXACT
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
        RESTS
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
        SIZE    .Lslow
        movzbl  HMAP_B(%rsi), %ecx
        cmpl    $63, %ecx
        ja      .Lslow
        HASH    .Lslow, FEW_EXACT
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
.Lhit:
        testb   $NEED_KEY_UPDATE, MAPTYPE_FLAGS(%rdi)
        jne     .Lupdate
.Lelem:
        ELEM_PLAIN
        END_WRITING .Lleave
        ret
.Ldiffers:
        PASS
        jmp     .Lslots
.Lupdate:
        movq    %r10, %r11
        movd    %ecx, %xmm9
        STORE
        movd    %xmm9, %ecx
        jmp     .Lelem

        /* Not in this bucket. An emptyRest ends the search, and so does the end of the chain. */
.Labsent:
        RESTS
        je      .Lchain
.Lfree:
        FREE    .Lsmall, .Lundo
.Linsert:
        movl    %r10d, %r11d
        imulq   %r9, %r11
        leaq    8(%r8,%r11), %r11
        STORE
        leal    (,%r10,8), %ecx
        movl    $0xff, %r11d
        movq    %xmm2, %rax
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
        SIZE    .Ldelslow
        movzbl  HMAP_B(%rsi), %ecx
        cmpl    $63, %ecx
        ja      .Ldelslow
        HASH    .Ldelslow, FEW_EXACT
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
        RESTS
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
