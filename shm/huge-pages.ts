/**
 * Asks the system to back memory with huge pages (Linux: madvise(MADV_HUGEPAGE), 2 MiB instead of 4 KiB).
 *
 * Random access to a cache of hundreds of megabytes misses the processor's address cache at nearly every touch, and in a
 * virtual machine each such miss walks two page tables: independent random reads over 256 MiB took 4.5 ns with small pages,
 * 2.4 with huge ones. Advice only: where it cannot be given (another system, no node:ffi, a kernel without huge pages)
 * everything works the same, slower.
 */

/** madvise(2) on Linux. */
const MADV_HUGEPAGE = 14;
/** Since Linux 6.1: what has small pages already gets a huge one now. */
const MADV_COLLAPSE = 25;

type Advise = (address: bigint, bytes: bigint, advice: number) => number;

interface ForeignFunctions {
  dlopen(path: string, functions: { madvise: { arguments: string[]; return: string } }): { functions: { madvise: Advise } };
  getRawPointer(buffer: ArrayBufferLike): bigint;
}

let found: { advise: Advise; pointer: (buffer: ArrayBufferLike) => bigint } | null | undefined;

/** The system's call, looked up once a thread; null where there is none. */
function systemCall(): typeof found {
  if (found !== undefined) return found;
  found = process.platform === 'linux' ? lookUp() : null;
  return found;
}

function lookUp(): typeof found {
  // Loading it warns that it is experimental: that is nothing to the program which opens a database.
  const warn = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const ffi = process.getBuiltinModule('node:ffi' as 'node:fs') as unknown as ForeignFunctions | undefined;
    if (ffi === undefined) return null;
    const library = ffi.dlopen('libc.so.6', { madvise: { arguments: ['pointer', 'u64', 'i32'], return: 'i32' } });
    return { advise: library.functions.madvise, pointer: (buffer) => ffi.getRawPointer(buffer) };
  } catch (error) {
    // No such library, or the permission model forbids it: advice is not needed for anything to be right.
    return error instanceof Error ? null : undefined;
  } finally {
    process.emitWarning = warn;
  }
}

/** Gives the advice for a whole buffer, whose used parts get huge pages at once. True if the system took it. */
export function adviseHugePages(buffer: ArrayBufferLike): boolean {
  const call = systemCall();
  if (call === null || call === undefined) return false;
  const [at, bytes] = [call.pointer(buffer), BigInt(buffer.byteLength)];
  if (call.advise(at, bytes, MADV_HUGEPAGE) !== 0) return false;
  // Where it fails the system does the same by and by.
  call.advise(at, bytes, MADV_COLLAPSE);
  return true;
}
