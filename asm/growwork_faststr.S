/*
 * runtime.growWork_faststr, for the routines that write.
 *
 *   u64 gohmap_growwork_faststr(rdi = *const MapType, rsi = *mut Hmap, rdx unused, rcx = number of the bucket)
 *       ->  1, 2 when the growth has ended, or 0 when some work is still to be done
 *
 * Keeps all registers but rax, rcx, r8, r10, r11 and the vectors from xmm1 on. How it works is told in growwork.inc. Slow cases
 * besides those told there: keys without a fast hash (faststr.inc). Twin: growWork_faststr in src/map/faststr.rs.
 */
        .include "base.inc"
        .include "faststr.inc"
        .include "evacuate.inc"
        .include "growwork.inc"
        .include "evacuate_any.inc"

        .set    LEADS, 0

        .macro  SLOT_HASH slow
        movq    8(%rdx), %r9
        movq    (%rdx), %rdx
        HASH    \slow
        .endm

        LAYOUT_ANY 16
        GROWWORK any, faststr, BUCKET_SIZE(%rsp)
