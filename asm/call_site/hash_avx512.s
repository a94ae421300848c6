        // xmm0 = the hash of the key in xmm1, with the schedule in xmm12 to xmm14; zmm16 = the key eight times. HASH and KEYS of
        // avx512.inc. Each text that begins with this ends the macro, for there is one assembler for all of them.
        .macro  GOHMAP_HASH
        vmovd   {hash0}({h}), %xmm0
        vpunpcklqdq %xmm1, %xmm0, %xmm0
        vaesenc %xmm12, %xmm0, %xmm0
        vaesenc %xmm13, %xmm0, %xmm0
        vaesenc %xmm14, %xmm0, %xmm0
        vpbroadcastq %xmm1, %zmm16
        .endm
