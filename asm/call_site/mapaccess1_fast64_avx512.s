        // A lookup, in the place of a call of gohmap_mapaccess1_fast64_words_avx512: m[k] in rax if `value` is 1, else the address of
        // it, or of zeroes. {slow} when that must be called, or when m[k] happens to be that. rdx key, xmm12 to xmm14 the key schedule,
        // xmm15 ones.
        // r8 = the bucket of the key; a line of it is asked for by `prefetch`.
        .macro  GOHMAP_FIND prefetch, line, growing
        GOHMAP_HASH
        cmpq    $0, {oldbuckets}({h})
        jne     \growing
        vmovq   %xmm0, %rax
        bzhiq   %rcx, %rax, %rax
        imulq   $144, %rax, %r8
        addq    {buckets}({h}), %r8
        \prefetch \line(%r8)
        .endm
        // ecx = the slot of the key in the bucket at r8; sets CF when it has none.
        .macro  GOHMAP_LOOK
        vmovq   (%r8), %xmm2
        vpcmpub $6, %xmm15, %xmm2, %k2          // a key is there
        vpcmpeqq 8(%r8), %zmm16, %k1{{%k2}}
        kmovb   %k1, %eax
        tzcntl  %eax, %ecx
        .endm
        // The same without the marks: sets ZF or CF when the first slot with such a key has none.
        .macro  GOHMAP_LOOK_FIRST bucket:vararg
        vpcmpeqq 8\bucket, %zmm16, %k1
        kmovb   %k1, %eax
        tzcntl  %eax, %ecx
        jc      5b
        cmpb    $1, (%r8,%rcx)
        .endm
2:      cmpq    $0, {count}({h})
        je      6f
        testb   ${writing}, {flags}({h})
        jne     8f
        movzbl  {b}({h}), %ecx
        vmovq   %rdx, %xmm1
        leal    -1(%rcx), %eax
        cmpl    ${near} - 1, %eax
        ja      7f
        GOHMAP_FIND prefetcht0, 96, 8f          // most elements
3:      GOHMAP_LOOK
        jnc     9f
5:      movq    136(%r8), %r8
        testq   %r8, %r8
        jne     3b
6:      .if     {value}
        xorl    %eax, %eax
        .else
        leaq    {zeroes}(%rip), %rax
        .endif
        jmp     22f
8:      movq    ${slow}, %rax
        jmp     22f
23:     GOHMAP_FIND prefetcht1, 64, 8b          // LOOK_FAR_avx512
        prefetcht1 136(%r8)
        movl    (%r8), %eax
        andl    $0, %eax
        GOHMAP_LOOK_FIRST (%r8,%rax)
        ja      9f
        jmp     3b
7:      cmpl    $62, %eax
        jbe     23b
        testl   %ecx, %ecx
        jne     8b
        vpbroadcastq %xmm1, %zmm16              // a single bucket
        movq    {buckets}({h}), %r8
        GOHMAP_LOOK_FIRST (%r8)
        jbe     3b
9:      .if     {value}
        movq    72(%r8,%rcx,8), %rax
        .else
        leaq    72(%r8,%rcx,8), %rax
        .endif
22:
        .pushsection gohmap_fixups, "aR", @progbits
        .p2align 2
        .long   2b - ., 22b - ., 8b - .
        .popsection
        .purgem GOHMAP_FIND
        .purgem GOHMAP_LOOK
        .purgem GOHMAP_LOOK_FIRST
        .purgem GOHMAP_HASH
