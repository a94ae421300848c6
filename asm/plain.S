/*
 * runtime.mapaccess1, mapaccess2, mapassign and mapdelete for keys that are plain memory, or a float, and lie in the bucket
 * (Generic::Plain), for every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapaccess1_plain_sse41(rdi = *const MapType, rsi = *const Hmap, rdx = address of the key)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_plain_sse41(…)  ->  the same in rax, and in rdx whether there is such a key
 *   usize gohmap_mapassign_plain_sse41(…)  ->  address of the element
 *   void gohmap_mapdelete_plain_sse41(…)
 *   u64 gohmap_growwork_plain(rdi, rsi, rdx unused, rcx = number of the bucket)  ->  as told in growwork_faststr.S
 *
 * generic.inc has what they do. Here ecx is a slot, r9 the bytes of a key, xmm6 and xmm7 its first and last sixteen; or
 * xmm6 all of them, where they are fewer, and xmm7 their mask.
 */
        .include "base.inc"
        .include "generic.inc"
        .include "evacuate.inc"
        .include "growwork.inc"
        .include "evacuate_any.inc"

        .set    KEPT, 0

/* r9d = the bytes of a key. A float must not be hashed as its bytes when it is zero or no number: to `slow`. Scratches rax
 * and rcx. */
        .macro  VALUE_plain slow
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

/* On, when the slot in ecx has the key, else to `differs`; r10 = where the slot's key is, or was. Scratches r11, xmm4, xmm5. */
        .macro  SAME_plain differs
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

        .macro  ELEM_plain
        ELEM_SIZED
        .endm

/* Stores the key at r11, its first bytes first, as Go does; scratches rax, rcx and xmm4. */
        .macro  STORE_BYTES
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

        .macro  HASH_plain slow
        HASH    \slow, FEW_EXACT
        .endm

/* What a call has taken: xmm6 and xmm7. */
        .macro  AGAIN_plain undo
        cmpl    $16, %r9d
        jb      .Lfew\@
        movdqu  (%rdx), %xmm6
        movdqu  -16(%rdx,%r9), %xmm7
        jmp     .Lagain\@
.Lfew\@:
        FEW_EXACT \undo
.Lagain\@:
        .endm

/* Stores the key to the slot in r10d. */
        .macro  STORE_plain undo
        movl    %r10d, %r11d
        imulq   %r9, %r11
        leaq    8(%r8,%r11), %r11
        STORE_BYTES
        .endm

/* The slot in r10d to ecx. */
        .macro  SLOT_plain
        movl    %r10d, %ecx
        .endm

/* Of these keys only floats are stored again; with what bits they have, though those are the same. */
        .macro  HIT_plain undo
        testb   $NEED_KEY_UPDATE, MAPTYPE_FLAGS(%rdi)
        je      .Lkept\@
        movq    %r10, %r11
        movd    %ecx, %xmm9
        STORE_BYTES
        movd    %xmm9, %ecx
.Lkept\@:
        .endm

/* r10 = the elements of the bucket, of 8 bytes each; ecx = eight times the slot */
        .macro  ELEMS_plain
        leaq    8(%r8,%r9,8), %r10
        shll    $3, %ecx
        .endm

/* Keys without pointers stay where they are. */
        .macro  CLEAR_plain undo
        .endm

        ACCESS_KEYS plain, gohmap_mapaccess1_plain_sse41, gohmap_slow_mapaccess1, 0
        ACCESS_KEYS plain, gohmap_mapaccess2_plain_sse41, gohmap_slow_mapaccess2, 1
        ASSIGN_KEYS plain, gohmap_mapassign_plain_sse41
        DELETE_KEYS plain, gohmap_mapdelete_plain_sse41

        .set    LEADS, -1
        GROW_KEYS plain, 0
