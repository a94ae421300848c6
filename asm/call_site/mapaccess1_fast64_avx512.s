        // The address of m[k], or of zeroes, in rax, in the place of a call of gohmap_mapaccess1_fast64_words_avx512; 0 when that must
        // be called. rdx key, xmm12 to xmm14 the key schedule.
        // r8 = the bucket of the key; the line of most elements is asked for by `prefetch`.
        .macro  GOHMAP_FIND prefetch
        GOHMAP_HASH
        cmpq    $0, {oldbuckets}({h})
        jne     8f
        vmovq   %xmm0, %rax
        bzhiq   %rcx, %rax, %rax
        imulq   $144, %rax, %r8
        addq    {buckets}({h}), %r8
        \prefetch 96(%r8)
        .endm
        // The end of a lookup in the bucket at r8; what is not found in its first slot with the key goes on in the loop.
        .macro  GOHMAP_FOUND
        vpcmpeqq 8(%r8), %zmm16, %k1
        kmovb   %k1, %eax
        tzcntl  %eax, %ecx
        jc      5b
        cmpb    $1, (%r8,%rcx)
        ja      9f
        jmp     4b
        .endm
2:      cmpq    $0, {count}({h})
        je      6f
        testb   ${writing}, {flags}({h})
        jne     8f
        movzbl  {b}({h}), %ecx
        vmovq   %rdx, %xmm1
        leal    -1(%rcx), %eax
        cmpl    $17, %eax                       // near, as in mapaccess_fast.S
        ja      7f
        GOHMAP_FIND prefetcht0
3:      vpcmpeqq 8(%r8), %zmm16, %k1
        kmovb   %k1, %eax
4:      tzcntl  %eax, %ecx
        jc      5f
        cmpb    $1, (%r8,%rcx)
        ja      9f
        leal    -1(%rax), %ecx                  // it was the key's: on to the next slot that has it
        andl    %ecx, %eax
        jmp     4b
5:      movq    136(%r8), %r8
        testq   %r8, %r8
        jne     3b
6:      leaq    {zeroes}(%rip), %rax
        jmp     22f
7:      cmpl    $62, %eax
        ja      23f
        GOHMAP_FIND prefetcht1
        GOHMAP_FOUND
23:     testl   %ecx, %ecx
        jne     8f
        vpbroadcastq %xmm1, %zmm16
        movq    {buckets}({h}), %r8
        GOHMAP_FOUND
8:      xorl    %eax, %eax
        jmp     22f
9:      leaq    72(%r8,%rcx,8), %rax
22:
        .pushsection gohmap_fixups, "aR", @progbits
        .p2align 2
        .long   2b - ., 22b - ., 8b - .
        .popsection
        .purgem GOHMAP_FIND
        .purgem GOHMAP_FOUND
        .purgem GOHMAP_HASH
