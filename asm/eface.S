/*
 * runtime.mapaccess1, mapaccess2, mapassign and mapdelete for keys that are interfaces without methods (Generic::Eface), for
 * every x86-64 with AES and SSE4.1.
 *
 *   usize gohmap_mapaccess1_eface_sse41(rdi = *const MapType, rsi = *const Hmap, rdx = address of the key)
 *         ->  address of the element, or of zeroes
 *   {usize, u64} gohmap_mapaccess2_eface_sse41(…)  ->  the same in rax, and in rdx whether there is such a key
 *   usize gohmap_mapassign_eface_sse41(…)  ->  address of the element
 *   void gohmap_mapdelete_eface_sse41(…)
 *   u64 gohmap_growwork_eface(rdi, rsi, rdx unused, rcx = number of the bucket)  ->  as told in growwork_faststr.S
 *
 * generic.inc has what they do. Besides what is told there, slow cases are nil, and values that are no plain memory, pointer or
 * string (TypeWord::form says which).
 *
 * Here ecx is 16 times a slot, and r9 the value, if it is a word; otherwise rdx has its bytes and r9 their number, or those
 * of the string. What there are no registers for lies below the stack pointer (System V ABI, 3.2.2: a signal leaves 128
 * bytes there alone), and is lost in a call but for one of gohmap_strhash_long.
 */
        .include "base.inc"
        .include "generic.inc"
        .include "evacuate.inc"
        .include "growwork.inc"
        .include "evacuate_any.inc"

        .set    KEPT, 1
        .set    TYPE, -24                       /* its type word */
        .set    FORM, -32                       /* the type's form */

/* src/types/word.rs */
        .set    TYPEWORD_SIZE, 0
        .set    TYPEWORD_MARK, 48
        .set    TYPEWORD_FORM, 56
        .set    FORM_DIRECT, 1                  /* the data word is the value */
        .set    FORM_WORD, 2                    /* 8 bytes of plain memory */
        .set    FORM_HALF, 3                    /* 4 */
        .set    FORM_BYTES, 4                   /* any other number */
        .set    FORM_STRING, 5

/* Scratches rax and r10. What is no descriptor of this program has not its mark. */
        .macro  VALUE_eface slow
        movq    (%rdx), %r10
        testq   %r10, %r10
        je      \slow
        movq    TYPEWORD_MARK(%r10), %rax
        xorq    %r10, %rax
        cmpq    MAPTYPE_SECRET(%rdi), %rax
        jne     \slow
        movl    TYPEWORD_FORM(%r10), %eax
        testl   %eax, %eax
        je      \slow
        movq    %r10, TYPE(%rsp)
        movl    %eax, FORM(%rsp)
        movq    8(%rdx), %rdx
        cmpl    $FORM_HALF, %eax
        jae     .Lmore\@
        movq    %rdx, %r9
        cmpl    $FORM_DIRECT, %eax
        je      .Lvalue\@
        movq    (%rdx), %r9
        jmp     .Lvalue\@
.Lmore\@:
        je      .Lhalf\@
        cmpl    $FORM_STRING, %eax
        je      .Lstring\@
        movl    TYPEWORD_SIZE(%r10), %r9d
        jmp     .Lvalue\@
.Lhalf\@:
        movl    (%rdx), %r9d
        jmp     .Lvalue\@
.Lstring\@:
        movq    8(%rdx), %r9
        movq    (%rdx), %rdx
.Lvalue\@:
        .endm

/* nilinterhash: of the value, with a seed and a factor of its own. */
        .macro  HASH_eface slow
        movabsq $33054211828000289, %rax
        movl    HMAP_HASH0(%rsi), %r11d
        xorq    %r11, %rax
        movq    %rax, %xmm0
        cmpl    $FORM_HALF, FORM(%rsp)
        ja      .Lbytes\@
        movq    %r9, %xmm1
        punpcklqdq %xmm1, %xmm0
        aesenc  MAPTYPE_KEYS(%rdi), %xmm0
        aesenc  MAPTYPE_KEYS+16(%rdi), %xmm0
        aesenc  MAPTYPE_KEYS+32(%rdi), %xmm0
        jmp     .Lmix\@
.Lbytes\@:
        HASH    \slow, FEW_MASKED, SEED_GIVEN
.Lmix\@:
        movq    %xmm0, %rax
        movabsq $23344194077549503, %r11
        imulq   %r11, %rax
        movq    %rax, %xmm0
        .endm

/* Scratches r10, r11, xmm4 and xmm5. */
        .macro  SAME_eface differs
        shll    $4, %ecx
        movq    8(%r8,%rcx), %r10
        cmpq    TYPE(%rsp), %r10
        jne     \differs
        movq    16(%r8,%rcx), %r10
        cmpl    $FORM_HALF, FORM(%rsp)
        jae     .Lmore\@
        cmpl    $FORM_DIRECT, FORM(%rsp)
        je      .Ldirect\@
        movq    (%r10), %r10
.Ldirect\@:
        cmpq    %r9, %r10
        jne     \differs
        jmp     .Lsame\@
.Lmore\@:
        je      .Lhalf\@
        cmpl    $FORM_STRING, FORM(%rsp)
        jne     .Lbytes\@
        cmpq    %r9, 8(%r10)
        jne     \differs
        movq    (%r10), %r10
.Lbytes\@:
        cmpq    %rdx, %r10
        je      .Lsame\@
        SAME_BYTES \differs
        jmp     .Lsame\@
.Lhalf\@:
        cmpl    %r9d, (%r10)
        jne     \differs
.Lsame\@:
        .endm

        .macro  ELEM_eface
        ELEM
        .endm

        .macro  SLOT_eface
        movl    %r10d, %ecx
        shll    $4, %ecx
        .endm

        .macro  AGAIN_eface undo
        VALUE_eface \undo
        cmpl    $FORM_HALF, FORM(%rsp)
        jbe     .Lagain\@
        ENDS
.Lagain\@:
        .endm

        .macro  STORE_eface undo
        movl    %r10d, %r11d
        movq    KEY(%rsp), %rcx
        shll    $4, %r11d
        movq    TYPE(%rsp), %rax
        movq    8(%rcx), %rcx
        movq    %rax, 8(%r8,%r11)
        movq    %rcx, 16(%r8,%r11)
        .endm

        .macro  HIT_eface undo
        movq    KEY(%rsp), %r10
        movq    TYPE(%rsp), %r11
        movq    8(%r10), %r10
        movq    %r11, 8(%r8,%rcx)
        movq    %r10, 16(%r8,%rcx)
        .endm

        .macro  ELEMS_eface
        leaq    ELEMS_STR(%r8), %r10
        shrl    %ecx
        .endm

        .macro  CLEAR_eface undo
        movl    %r11d, %ecx
        ONE_PAGE \undo
        movq    $0, 8(%r8,%rcx,2)
        movq    $0, 16(%r8,%rcx,2)
        movl    %ecx, %r11d
        .endm

        ACCESS_KEYS eface, gohmap_mapaccess1_eface_sse41, gohmap_slow_mapaccess1, 0
        ACCESS_KEYS eface, gohmap_mapaccess2_eface_sse41, gohmap_slow_mapaccess2, 1
        ASSIGN_KEYS eface, gohmap_mapassign_eface_sse41
        DELETE_KEYS eface, gohmap_mapdelete_eface_sse41

        .set    LEADS, 8
        GROW_KEYS eface, 16
