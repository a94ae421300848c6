/*
 * runtime.mapaccess1, mapaccess2, mapassign and mapdelete for keys whose parts are strings and plain memory (Generic::Fields:
 * structs for the most part, and arrays of strings), for every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapaccess1_fields_sse41(rdi = *const MapType, rsi = *const Hmap, rdx = address of the key)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_fields_sse41(…)  ->  the same in rax, and in rdx whether there is such a key
 *   usize gohmap_mapassign_fields_sse41(…)  ->  address of the element
 *   void gohmap_mapdelete_fields_sse41(…)
 *   u64 gohmap_growwork_fields(rdi, rsi, rdx unused, rcx = number of the bucket)  ->  as told in growwork_faststr.S
 *
 * generic.inc has what they do. Besides what is told there, slow cases are empty strings, and a key that is stored to a bucket
 * that lies on two pages.
 *
 * Here ecx is a slot. rdx and r9 are the bytes of a part and their number; the rest lies below the stack pointer, as in eface.S.
 */
        .include "base.inc"
        .include "generic.inc"
        .include "evacuate.inc"
        .include "growwork.inc"
        .include "evacuate_any.inc"

        .set    KEPT, 1
        .set    OTHER, -24                      /* address of the key in a slot */
        .set    LEFT, -32                       /* the slots in eax */
        .set    SLOT, -36                       /* ecx */

        .macro  VALUE_fields slow
        .endm

/* Part by part, each with the hash before as its seed. Scratches r8 and r10. */
        .macro  HASH_fields slow
        movd    HMAP_HASH0(%rsi), %xmm0
        movl    MAPTYPE_PARTS(%rdi), %r8d
        leaq    MAPTYPE_PART(%rdi), %r10
        leaq    (%r10,%r8,8), %r8
.Lpart\@:
        movl    (%r10), %edx
        addq    KEY(%rsp), %rdx
        movl    4(%r10), %r9d
        testl   %r9d, %r9d
        jne     1f
        movq    8(%rdx), %r9
        movq    (%rdx), %rdx
1:      HASH    \slow, FEW_EXACT, SEED_GIVEN
        movq    %xmm0, %xmm0
        addq    $8, %r10
        cmpq    %r8, %r10
        jb      .Lpart\@
        .endm

/* Scratches rdx, r9, r10, r11, xmm4 to xmm7. */
        .macro  SAME_fields differs
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r10d
        movl    %eax, LEFT(%rsp)
        imull   %ecx, %r10d
        movl    %ecx, SLOT(%rsp)
        leaq    8(%r8,%r10), %r10
        movl    MAPTYPE_PARTS(%rdi), %eax
        movq    %r10, OTHER(%rsp)
        leaq    MAPTYPE_PART(%rdi), %rcx
.Lpart\@:
        movl    (%rcx), %edx
        movq    OTHER(%rsp), %r10
        movl    4(%rcx), %r9d
        addq    %rdx, %r10
        addq    KEY(%rsp), %rdx
        testl   %r9d, %r9d
        jne     .Lbytes\@
        movq    8(%rdx), %r9
        cmpq    8(%r10), %r9
        jne     .Lother\@
        movq    (%rdx), %rdx
        movq    (%r10), %r10
        cmpq    %rdx, %r10
        je      .Lnext\@
.Lbytes\@:
        ENDS
        SAME_BYTES .Lother\@
.Lnext\@:
        addq    $8, %rcx
        decl    %eax
        jne     .Lpart\@
        movl    SLOT(%rsp), %ecx
        jmp     .Lsame\@
.Lother\@:
        movl    LEFT(%rsp), %eax
        jmp     \differs
.Lsame\@:
        .endm

        .macro  SLOT_fields
        movl    %r10d, %ecx
        .endm

        .macro  ELEM_fields
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r9d
        ELEM_SIZED
        .endm

        .macro  AGAIN_fields undo
        .endm

/* r11 = where the key of the slot in r10d or ecx is, rax = its bytes, a multiple of 8 */
        .macro  KEY_OF slot
        movzbl  MAPTYPE_KEYSIZE(%rdi), %eax
        movl    \slot, %r11d
        imull   %eax, %r11d
        leaq    8(%r8,%r11), %r11
        .endm

        .macro  STORE_KEY_FIELDS
        movq    KEY(%rsp), %rdx
1:      movq    -8(%rdx,%rax), %r9
        movq    %r9, -8(%r11,%rax)
        subl    $8, %eax
        ja      1b
        .endm

        .macro  STORE_fields undo
        ONE_PAGE \undo
        KEY_OF  %r10d
        STORE_KEY_FIELDS
        .endm

        .macro  HIT_fields undo
        testb   $NEED_KEY_UPDATE, MAPTYPE_FLAGS(%rdi)
        je      .Lkept\@
        ONE_PAGE \undo
        KEY_OF  %ecx
        STORE_KEY_FIELDS
.Lkept\@:
        .endm

        .macro  ELEMS_fields
        movzbl  MAPTYPE_KEYSIZE(%rdi), %r10d
        shll    $3, %ecx
        leaq    8(%r8,%r10,8), %r10
        .endm

        .macro  CLEAR_fields undo
        movl    %r11d, %ecx
        movl    %r11d, SLOT(%rsp)
        ONE_PAGE \undo
        cmpl    $0, MAPTYPE_PARTS+4(%rdi)       /* keys without pointers stay */
        je      .Lcleared\@
        shrl    $3, %ecx
        KEY_OF  %ecx
1:      movq    $0, -8(%r11,%rax)
        subl    $8, %eax
        ja      1b
.Lcleared\@:
        movl    SLOT(%rsp), %r11d
        .endm

        ACCESS_KEYS fields, gohmap_mapaccess1_fields_sse41, gohmap_slow_mapaccess1, 0
        ACCESS_KEYS fields, gohmap_mapaccess2_fields_sse41, gohmap_slow_mapaccess2, 1
        ASSIGN_KEYS fields, gohmap_mapassign_fields_sse41
        DELETE_KEYS fields, gohmap_mapdelete_fields_sse41

        .set    LEADS, -1
        GROW_KEYS fields, 0
