        // m[k] = v, in the place of a call of gohmap_mapset_fast64_words_avx512. rdx key, xmm12 to xmm14 the key schedule,
        // xmm15 ones. What is not the fast case lies within, so that unwinders know the way from there; r10 and r11 are kept,
        // for loops around this text are in need of them.
2:      cmpq    $0, {oldbuckets}({h})
        jne     {slow}
        movq    {buckets}({h}), %r8
        testq   %r8, %r8
        je      {slow}
        movzbl  {b}({h}), %ecx
        vmovq   %rdx, %xmm1
        leal    -1(%rcx), %eax
        cmpl    $62, %eax
        ja      7f
        GOHMAP_HASH
        cmpb    $0, {flags}({h})
        jne     5f
        movb    ${writing}, {flags}({h})
3:      vmovq   %xmm0, %rax
        bzhiq   %rcx, %rax, %rax
        imulq   $144, %rax, %rax
        addq    %rax, %r8
        prefetchw 136(%r8)
        vmovq   (%r8), %xmm2
        vpcmpub $6, %xmm15, %xmm2, %k2          // a key is there
        vptestnmb %xmm2, %xmm2, %k3             // emptyRest
        vpcmpeqq 8(%r8), %zmm16, %k1{{%k2}}
        kmovb   %k1, %eax
        korb    %k1, %k3, %k3
        kmovb   %k3, %ecx
        subl    $1, %eax
        jc      6f
        testl   %ecx, %eax
        jne     {undo}
32:     vpbroadcastq {value}, %zmm17
        cmpb    ${writing}, {flags}({h})
        je      4f
        testb   ${writing}, {flags}({h})
        je      {raced}
        andb    $~{writing}, {flags}({h})
        jmp     8f
5:      testb   ${writing}, {flags}({h})
        jne     {slow}
        xorb    ${writing}, {flags}({h})
        jmp     3b
6:      movzbl  {b}({h}), %eax
        vmovq   %r10, %xmm18
        vmovq   %r11, %xmm19
        movq    {t}, %rdi
        movq    {h}, %rsi
        movq    {value}, %r9
        leal    -1(%rax), %r10d
        call    {absent}
        jmp     22f
        // A single bucket. What was stored a moment ago is loaded as wide as it was stored.
7:      testl   %ecx, %ecx
        jne     {slow}                          // no healthy map is so large
        cmpb    $0, {flags}({h})
        jne     25f
        movb    ${writing}, {flags}({h})
23:     vmovddup %xmm1, %xmm0
        vmovq   8(%r8), %xmm5
        vmovq   24(%r8), %xmm6
        vmovq   40(%r8), %xmm7
        vmovq   56(%r8), %xmm8
        vmovhps 16(%r8), %xmm5, %xmm5
        vmovhps 32(%r8), %xmm6, %xmm6
        vmovhps 48(%r8), %xmm7, %xmm7
        vmovhps 64(%r8), %xmm8, %xmm8
        vpcmpeqq %xmm0, %xmm5, %xmm5
        vpcmpeqq %xmm0, %xmm6, %xmm6
        vpcmpeqq %xmm0, %xmm7, %xmm7
        vpcmpeqq %xmm0, %xmm8, %xmm8
        vpackssdw %xmm6, %xmm5, %xmm5
        vpackssdw %xmm8, %xmm7, %xmm7
        vmovq   (%r8), %xmm2
        vpackssdw %xmm7, %xmm5, %xmm5
        vpcmpub $6, %xmm15, %xmm2, %k2
        vpacksswb %xmm5, %xmm5, %xmm5
        vptestnmb %xmm2, %xmm2, %k3
        vptestmb %xmm5, %xmm5, %k1{{%k2}}
        kmovb   %k1, %eax
        korb    %k1, %k3, %k3
        kmovb   %k3, %ecx
        subl    $1, %eax
        jc      24f
        testl   %ecx, %eax
        je      32b
        jmp     {undo}
24:     vmovq   %r10, %xmm18
        vmovq   %r11, %xmm19
        movq    {t}, %rdi
        movq    {h}, %rsi
        movq    {value}, %r9
        call    {single}
22:     vmovq   %xmm18, %r10
        vmovq   %xmm19, %r11
        testl   %eax, %eax
        je      9f
        cmpl    $2, %eax
        je      {raced}
        jmp     {slow}
25:     testb   ${writing}, {flags}({h})
        jne     {slow}
        xorb    ${writing}, {flags}({h})
        jmp     23b
4:      movb    $0, {flags}({h})
8:      vmovdqu64 %zmm17, 72(%r8){{%k1}}
9:      .pushsection gohmap_fixups, "aR", @progbits
        .p2align 2
        .long   2b - ., 3b - ., {slow} - .
        .long   3b - ., 5b - ., {undo} - .
        .long   5b - ., 6b - ., {slow} - .
        .long   6b - ., 7b - ., {undo} - .
        .long   7b - ., 23b - ., {slow} - .
        .long   23b - ., 24b - ., {undo} - .
        .long   25b - ., 4b - ., {slow} - .
        .long   4b - ., 8b - ., {undo} - .
        .long   8b - ., 9b - ., {slow} - .
        .popsection
        .purgem GOHMAP_HASH
