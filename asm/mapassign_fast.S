/*
 * runtime.mapassign_fast64, and the whole of m[k] = v for elements of 8 bytes; runtime.mapassign_fast32 and
 * mapassign_fast64ptr.
 *
 *   usize gohmap_mapassign_fast64_ISA(rdi = *const MapType, rsi = *mut Hmap, rdx = key)  ->  address of the element
 *   usize gohmap_mapassign_fast64_words_ISA(…)  ->  the same for buckets of 144 bytes with elements of 8
 *   usize gohmap_mapset_fast64_words_ISA(…, rcx = value)  ->  0, or the address where the value is still to be stored
 *   usize gohmap_mapassign_fast32_sse41(…)  ->  as the first; the key is zero extended
 *   usize gohmap_mapassign_fast64ptr_ISA(…)  ->  as the first
 *
 * The fast cases: the key is in the chain, or a slot is free and the table need not grow; evacuation work comes first
 * (growwork_fast64.S). Every other case (nil map, a write under way, no buckets, about to grow, chain full) jumps to the
 * portable function with the arguments as they came and nothing modified but for evacuation work that is done, and so
 * does a fault. Without a frame; no callee-saved register is touched.
 *
 * Twin: mapassign_fast64 in src/map/fast64.rs. Like it (and unlike the generic path) they compare keys, not hash bytes
 * of tophash: a map whose tophash bytes were tampered with is searched as Go searches it.
 *
 * Registers besides those of sse41.inc: r10 bucket of the free slot found first, r11 its number.
 */
        .include "base.inc"
        .include "sse41.inc"
        .include "avx512.inc"
        .include "sse41x32.inc"

/* rax = address of element `slot` of the bucket at `b`; scratches rcx and `slot` */
        .macro  ELEM fixed, b, slot
        .if     \fixed
        leaq    72(\b,\slot,8), %rax
        .else
        movzbl  MAPTYPE_ELEMSIZE(%rdi), %eax
        imulq   \slot, %rax
        leaq    ELEMS(\b,%rax), %rax
        .endif
        .endm

/* rax = the overflow bucket; sets ZF when there is none */
        .macro  OVERFLOW fixed
        .if     \fixed
        movq    136(%r8), %rax
        .else
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %eax
        movq    -8(%r8,%rax), %rax
        .endif
        testq   %rax, %rax
        .endm

/* The end of an assign: the element is at rax. */
        .macro  LEAVE isa, set, flags
        END_WRITING \flags
        RETURN  \isa, \set
        .endm

        .macro  RETURN isa, set
        .if     \set
.Lput\@:
        movq    %r9, (%rax)
.Lhere\@:
        xorl    %eax, %eax
        FIXUP   .Lput\@, .Lhere\@, .Lhome\@
.Lhome\@:
        .endif
        ret
        .endm

/* The end of an assign whose element is that of slot rcx, the lowest bit of al, in the bucket at r8. */
        .macro  HIT_sse41 fixed, set, flags, raced
        ELEM    \fixed, %r8, %rcx
        LEAVE   sse41, \set, \flags
        .endm

        .macro  HIT_avx512 fixed, set, flags, raced
        .if     \fixed && \set
        blsil   %eax, %ecx
        kmovb   %ecx, %k1
        PUT_avx512 \raced
        .else
        ELEM    \fixed, %r8, %rcx
        LEAVE   avx512, \set, \flags
        .endif
        .endm

/* The search of the bucket at r8, of 144 bytes, and the end of the assign if the key is there; xmm2 = its marks, k2 = its slots
 * with keys. On at `full` when neither the key nor emptyRest is there, at `rest` when emptyRest is; to `undo` when the map is not
 * healthy, with the key twice or after emptyRest. */
        .macro  SEARCH_BUCKET_avx512 set, flags, raced, full, rest, undo
        vmovq   (%r8), %xmm2
        vpcmpub $6, .Lones(%rip), %xmm2, %k2    /* a key is there */
        vptestnmb %xmm2, %xmm2, %k3             /* emptyRest */
        vpcmpeqq 8(%r8), %zmm16, %k1{%k2}
        kmovb   %k1, %eax
        korb    %k1, %k3, %k3
        kmovb   %k3, %ecx
        subl    $1, %eax
        jc      .Labsent\@
        testl   %ecx, %eax
        jne     \undo
        .if     \set
        PUT_avx512 \raced
        .else
        notl    %eax
        tzcntl  %eax, %ecx
        ELEM    1, %r8, %rcx
        LEAVE   avx512, 0, \flags
        .endif
.Labsent\@:
        testl   %ecx, %ecx
        jne     \rest
        jmp     \full
        .endm

/* The end of an assign whose element is that of the slot in k1, in the bucket at r8. Later loads wait for the address of a
 * store, not for what is stored: this stores to the bucket, and a mask says to which element of it. */
        .macro  PUT_avx512 raced
        vpbroadcastq %r9, %zmm17
        END_WRITING .Lputflags\@
.Lput\@:
        vmovdqu64 %zmm17, 72(%r8){%k1}
.Lhere\@:
        xorl    %eax, %eax
        ret
.Lputflags\@:
        END_WRITING_FLAGS \raced
        jmp     .Lput\@
.Lhome\@:
        kmovb   %k1, %eax
        tzcntl  %eax, %ecx
        ELEM    1, %r8, %rcx
        ret
        FIXUP   .Lput\@, .Lhere\@, .Lhome\@
        .endm

/* The key is nowhere in its chain, and the bucket at r8, of 144 bytes, whose marks are xmm2 and whose slots with keys k2, has the
 * first free slot: takes it. r10d is B - 1 unless the map is growing; to `roomless` when the table must grow.
 * Here too all stores are to the bucket, under a mask: that their addresses are known early is worth a sixth of an insert that waits
 * for memory. No constants are loaded: in caches, a load more or less counts for more than arithmetic. */
        .macro  TAKE_avx512 set, growing, roomless, flags, undo, raced
        .if     \growing == 0
        ROOM_BEFORE \roomless
        .endif
        TOPHASH_avx512
        kmovb   %k2, %ecx
        vpbroadcastb %eax, %xmm3
        xorl    $0xff, %ecx
        blsil   %ecx, %eax
        kmovb   %eax, %k1
        vmovdqu8 %xmm3, (%r8){%k1}
.Lkey\@:
        vmovdqu64 %zmm16, 8(%r8){%k1}
.Lcount\@:
        incq    HMAP_COUNT(%rsi)
        .if     \set
        PUT_avx512 \raced
        .else
        tzcntl  %eax, %ecx
        ELEM    1, %r8, %rcx
        LEAVE   avx512, 0, \flags
        .endif
.Lunkey\@:
        vmovdqu8 %xmm2, (%r8){%k1}
        jmp     \undo
        FIXUP   .Lkey\@, .Lcount\@, .Lunkey\@
        .endm

/* To `to` unless one more entry fits (overLoadFactor), or when tooManyOverflowBuckets; r10d = B - 1, scratch rax. A number
 * of overflow buckets from 1 << 15 on is negative here: too many for every B. */
        .macro  ROOM_BEFORE to
        shrxq   %r10, HMAP_COUNT(%rsi), %rax
        cmpq    MAPTYPE_LOAD_NUM(%rdi), %rax
        jae     \to
        movswq  HMAP_NOVERFLOW(%rsi), %rax
        sarxq   %r10, %rax, %rax
        cmpq    $1, %rax
        ja      \to
        .endm

/* Looks for the key in the chain of the bucket at r8, and else takes a free slot; to `undo` when there is none. Unless the
 * map is `growing`, there must be room in the table. Where the table or the chain must grow, on at `absent` (with buckets of
 * 144 bytes: what is known then is in r8 and eax). */
        .macro  SEARCH_CHAIN isa, fixed, set, growing, undo, raced, absent
.Lsearch\@:
        .ifc    \isa\fixed, avx5121
        SEARCH_BUCKET_avx512 \set, .Lleave\@, \raced, .Lfull\@, .Lrest\@, \undo
.Lhit\@:
        HIT_avx512 1, \set, .Lleave\@, \raced

.Lrestofchain\@:
        vpcmpub $6, .Lones(%rip), %xmm2, %k2
        .if     \growing == 0
        movzbl  HMAP_B(%rsi), %r10d
        decl    %r10d
        .endif
.Lrest\@:
        TAKE_avx512 \set, \growing, .Lroomlesshere\@, .Lleave\@, \undo, \raced
.Lroomlesshere\@:
        kmovb   %k2, %ecx
        notl    %ecx
        tzcntl  %ecx, %eax
        jmp     \absent

        .else
        STOP_\isa
.Lstops\@:
        testb   %al, %al
        je      .Lfull\@
        tzcntl  %eax, %ecx
        cmpb    $EMPTY_ONE, (%r8,%rcx)
        jbe     .Lempty\@
.Lhit\@:
        HIT_\isa \fixed, \set, .Lleave\@, \raced

.Lempty\@:
        jb      .Lrestofchain\@                 /* emptyRest */
        leal    -1(%rax), %ecx                  /* it was the key's: on to the next stop */
        andl    %ecx, %eax
        jmp     .Lstops\@
.Lrestofchain\@:
        movq    %r8, %r10
        EMPTY_\isa
        tzcntl  %ecx, %r11d
        .endif

.Linsert\@:
        .if     \growing == 0
        ROOM_\isa .Lroomless\@
        .endif
        TOPHASH_\isa
        movzbl  (%r10,%r11), %r8d
        movb    %al, (%r10,%r11)
.Lkey\@:
        STORE_KEY_\isa %r10, %r11
.Lcount\@:
        incq    HMAP_COUNT(%rsi)
        ELEM    \fixed, %r10, %r11
        LEAVE   \isa, \set, .Lleave\@

        /* Neither the key nor emptyRest: on through the chain, with an eye to its first free slot, by arithmetic: whether a
         * bucket has one is anybody's guess. */
.Lfull\@:
        xorl    %r10d, %r10d
.Lnext\@:
        EMPTY_\isa
        movl    $0, %eax                        /* keeps ZF */
        cmovneq %r8, %rax
        tzcntl  %ecx, %ecx
        testq   %r10, %r10
        cmovel  %ecx, %r11d
        cmoveq  %rax, %r10
        OVERFLOW \fixed
        je      .Lend\@
        movq    %rax, %r8
        STOP_\isa
.Lstop\@:
        testb   %al, %al
        je      .Lnext\@
        tzcntl  %eax, %ecx
        cmpb    $EMPTY_ONE, (%r8,%rcx)
        ja      .Lhit\@
        jb      1f
        leal    -1(%rax), %ecx
        andl    %ecx, %eax
        jmp     .Lstop\@
1:      testq   %r10, %r10
        jne     .Linsert\@
        jmp     .Lrestofchain\@
.Lend\@:
        testq   %r10, %r10
        jne     .Linsert\@
        movl    $8, %eax                        /* no free slot in the whole chain */
        jmp     \absent
.Lroomless\@:
        movq    %r10, %r8
        movl    %r11d, %eax
        jmp     \absent
.Lleave\@:
        END_WRITING_FLAGS \raced
        RETURN  \isa, \set
.Lunkey\@:
        movb    %r8b, (%r10,%r11)
        jmp     \undo

        FIXUP   .Lsearch\@, .Lkey\@, \undo
        FIXUP   .Lkey\@, .Lcount\@, .Lunkey\@
        FIXUP   .Lfull\@, .Lleave\@, \undo
        .endm

/* The whole routine, for buckets of 144 bytes with elements of 8 (`fixed`) or any. From `undo` the portable function does
 * it all, from `worked` what comes after growWork. */
        .macro  ASSIGN isa, fixed, set, slow, undo, worked, raced
.Lbegin\@:
        cmpq    $0, HMAP_OLDBUCKETS(%rsi)
        .if     \fixed
        jne     .Lgrowing\@
        .else
        jne     \slow                           /* growing: evacuation work to do */
        .endif
        movq    HMAP_BUCKETS(%rsi), %r8
        testq   %r8, %r8
        je      .Lfirst\@
        movzbl  HMAP_B(%rsi), %ecx
        KEY_\isa
        leal    -1(%rcx), %r10d
        cmpl    $62, %r10d
        ja      .Lsmall\@
        HASH_\isa
        KEYS_\isa
        START_WRITING .Lflags\@
.Lflagged\@:
        INDEX_\isa
        .if     \fixed
        imulq   $144, %rax, %rax
        addq    %rax, %r8
        prefetchw 136(%r8)
        .else
        movzwl  MAPTYPE_BUCKETSIZE(%rdi), %ecx
        imulq   %rcx, %rax
        addq    %rax, %r8
        .endif
.Lsearch\@:
        .if     \fixed
        SEARCH_CHAIN \isa, 1, \set, 0, \undo, \raced, .Labsent\@
        .else
        SEARCH_CHAIN \isa, 0, \set, 0, \undo, \raced, \undo
        .endif

        /* A single bucket. What was stored a moment ago is loaded as wide as it was stored. */
.Lsmall\@:
        testl   %ecx, %ecx
        jne     \slow                           /* no healthy map is so large */
        START_WRITING .Lsmallflags\@
.Lsmallflagged\@:
        TWICE_\isa
        STOP_NARROW_\isa
        testb   %al, %al
        je      2f
.Lsmallstop\@:
        tzcntl  %eax, %ecx
        cmpb    $EMPTY_ONE, (%r8,%rcx)
        jb      3f
        je      .Lsmallempty\@
        HIT_\isa \fixed, \set, .Lleave\@, \raced
.Lsmallempty\@:
        leal    -1(%rax), %ecx                  /* it was the key's: on to the next stop */
        andb    %cl, %al
        jne     .Lsmallstop\@
2:      OVERFLOW \fixed
        jne     \undo
        EMPTY_\isa
        jne     3f
        .if     \fixed
        HASH_\isa
        movl    $8, %eax
        jmp     .Labsent\@
        .else
        jmp     \undo
        .endif
        /* The first mark that is 0 or 1, by arithmetic: the next insert waits for the marks of this one. */
3:      HASH_\isa
        cmpq    $8, HMAP_COUNT(%rsi)
        jae     \undo
        cmpw    $0, HMAP_NOVERFLOW(%rsi)
        jne     \undo
        movq    (%r8), %r10
        movabsq $0xfefefefefefefefe, %rax
        movabsq $-0x0101010101010101, %rcx
        andq    %r10, %rax
        addq    %rax, %rcx
        notq    %rax
        andq    %rax, %rcx
        movabsq $0x8080808080808080, %rax
        andq    %rax, %rcx                      /* the highest bit of that mark is the lowest here */
        je      \undo
        tzcntq  %rcx, %r11
        TOPHASH_\isa
        leal    -7(%r11), %ecx
        movq    %r10, %xmm9
        shlq    %cl, %rax
        btrq    %rcx, %r10                      /* it is 0 or 1 */
        orq     %rax, %r10
        movq    %r10, (%r8)
.Lsmallkey\@:
        STORE_SMALL_KEY_\isa
.Lsmallcount\@:
        incq    HMAP_COUNT(%rsi)
        .if     \fixed
        leaq    72(%r8,%rcx), %rax
        .else
        shrq    $3, %r11
        ELEM    \fixed, %r8, %r11
        .endif
        LEAVE   \isa, \set, .Lleave\@

.Lflags\@:
        START_WRITING_FLAGS \slow, .Lflagged\@
.Lsmallflags\@:
        START_WRITING_FLAGS \slow, .Lsmallflagged\@
.Lleave\@:
        END_WRITING_FLAGS \raced
        RETURN  \isa, \set
.Lunsmallkey\@:
        movq    %xmm9, (%r8)
        jmp     \undo

        /* The first bucket of a small map. */
.Lfirst\@:
        FIRST_BUCKET \slow, \undo
        KEY_\isa
        jmp     .Lsmallflagged\@

        .if     \fixed
.Lgrowing\@:
        testb   $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jne     \slow
        movzbl  HMAP_B(%rsi), %ecx
        KEY_\isa
        HASH_\isa
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lwork\@:
        GROW_WORK \isa, \undo, .Lended\@
.Lworked\@:
        SEARCH_CHAIN \isa, 1, \set, 1, \worked, \raced, .Labsent\@

        /* An overflow bucket for the key, or a growth begins, and there is evacuation work. */
.Labsent\@:
        movq    %xmm0, %rcx
        CALL_RUST gohmap_absent_mapassign_fast64
        testq   %rax, %rax
        je      .Lgrown\@
        ret
.Lgrown\@:
        movzbl  HMAP_B(%rsi), %ecx
        jmp     .Lwork\@
.Lended\@:
        leal    -1(%rcx), %r10d
        jmp     .Lflagged\@
        FIXUP   .Lgrowing\@, .Lwork\@, \slow
        FIXUP   .Lwork\@, .Lworked\@, \undo
        .endif

        FIXUP   .Lbegin\@, .Lflagged\@, \slow
        FIXUP   .Lflags\@, .Lleave\@, \slow
        FIXUP   .Lflagged\@, .Lsearch\@, \undo
        FIXUP   .Lsmall\@, .Lsmallflagged\@, \slow
        FIXUP   .Lsmallflagged\@, .Lsmallkey\@, \undo
        FIXUP   .Lsmallkey\@, .Lsmallcount\@, .Lunsmallkey\@
        .endm

/* One routine for buckets of 144 bytes with elements of 8. */
        .macro  WORDS name, isa, set
ENTRY \name
        testq   %rsi, %rsi                      /* assignment to entry in nil map */
        je      .Lslow\@
        .if     \set
        movq    %rcx, %r9
        .endif
        ASSIGN  \isa, 1, \set, .Lslow\@, .Lundo\@, .Lworked\@, .Lraced\@
.Lworked\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
        jmp     gohmap_worked_mapassign_fast64
.Lundo\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow\@:
        jmp     gohmap_slow_mapassign_fast64_\isa
.Lraced\@:
        RACED
END \name
        .endm

        .macro  MAPASSIGN_FAST64 isa
        WORDS   gohmap_mapassign_fast64_words_\isa, \isa, 0
        WORDS   gohmap_mapset_fast64_words_\isa, \isa, 1
        MAPASSIGN gohmap_mapassign_fast64_\isa, \isa, gohmap_slow_mapassign_fast64_\isa, gohmap_mapassign_fast64_words_\isa
        .endm

/* A routine without evacuation work, whose map is growing, or about to, in its slow cases. Maps of words go on in `words`, if
 * that is given. */
        .macro  MAPASSIGN name, isa, slow, words
ENTRY \name
        .ifnb   \words
        cmpl    $SLOTS_8_8_144, MAPTYPE_KEYSIZE(%rdi)
        je      \words
        .endif
        testq   %rsi, %rsi
        je      .Lslow\@
        ASSIGN  \isa, 0, 0, .Lslow\@, .Lundo\@, .Lundo\@, .Lraced\@
.Lundo\@:
        xorb    $FLAG_HASH_WRITING, HMAP_FLAGS(%rsi)
.Lslow\@:
        jmp     \slow
.Lraced\@:
        RACED
END \name
        .endm

        .set    ELEMS, ELEMS_64
        MAPASSIGN_FAST64 sse41
        MAPASSIGN_FAST64 avx512
        MAPASSIGN gohmap_mapassign_fast64ptr_sse41, sse41, gohmap_slow_mapassign_fast64ptr
        MAPASSIGN gohmap_mapassign_fast64ptr_avx512, avx512, gohmap_slow_mapassign_fast64ptr

        .set    ELEMS, ELEMS_32
        MAPASSIGN gohmap_mapassign_fast32_sse41, sse41x32, gohmap_slow_mapassign_fast32
