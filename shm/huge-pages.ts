/**
 * Asks the system to back memory with huge pages (Linux: madvise(MADV_HUGEPAGE), 2 MiB instead of 4 KiB).
 *
 * Random access to a cache of hundreds of megabytes misses the processor's address cache at nearly every touch, and in a
 * virtual machine each such miss walks two page tables: independent random reads over 256 MiB took 4.5 ns with small pages,
 * 2.4 with huge ones. Advice only: where it cannot be given (another system, no node:ffi, a kernel without huge pages)
 * everything works the same, slower.
 */

import { systemCalls } from './system-calls.ts';

/** madvise(2) on Linux. */
const MADV_HUGEPAGE = 14;
/** Since Linux 6.1: what has small pages already gets a huge one now. */
const MADV_COLLAPSE = 25;

/** Gives the advice for a whole buffer, whose used parts get huge pages at once. True if the system took it. */
export function adviseHugePages(buffer: ArrayBufferLike): boolean {
  const call = systemCalls();
  if (call === null) return false;
  const [at, bytes] = [call.pointer(buffer), BigInt(buffer.byteLength)];
  if (call.madvise(at, bytes, MADV_HUGEPAGE) !== 0) return false;
  // Where it fails the system does the same by and by.
  call.madvise(at, bytes, MADV_COLLAPSE);
  return true;
}
