/*
 * runtime.growWork_fast64 and growWork_fast32. For the routines that write, and with keys and elements of 8 bytes for the portable
 * functions.
 *
 *   u64 gohmap_growwork_ISA(rdi = *const MapType, rsi = *mut Hmap, rdx unused, rcx = number of the bucket)
 *       ->  1, 2 when the growth has ended, or 0 when some work is still to be done
 *   gohmap_growwork_ISAx32(…): the same with keys of 4 bytes
 *   gohmap_growwork_fast64(…), gohmap_growwork_fast32(…): the same with elements of any size; the others are for 8 bytes
 *
 * They keep all registers but rax, rcx, r8, r10, r11 and the vectors xmm2 to xmm15 and zmm16 up. How they work is told in
 * growwork.inc. Twins: growWork_fast64 in src/map/fast64.rs, growWork_fast32 in src/map/fast32.rs.
 */
        .include "base.inc"
        .include "evacuate.inc"
        .include "growwork.inc"
        .include "evacuate_any.inc"

        LAYOUT  8
        GROWWORK sse41, sse41
        GROWWORK avx512, avx512

        LAYOUT  4
        GROWWORK sse41, sse41x32
        GROWWORK avx512, avx512x32

        LAYOUT_ANY 8
        GROWWORK sized, fast64, BUCKET_SIZE(%rsp)

        LAYOUT_ANY 4
        GROWWORK sized, fast32, BUCKET_SIZE(%rsp)
