/**
 * Calls to the system that Node has no function for, through node:ffi: looked up once a thread, null where there are none (another
 * system than Linux with glibc, no node:ffi, a permission model that forbids it). Nothing may depend on them but speed.
 */

/** madvise(2); fallocate(2), which returns -1 for any failure; what says and decides which processors a thread runs on. */
interface Functions {
  madvise: (address: bigint, bytes: bigint, advice: number) => number;
  fallocate: (descriptor: number, mode: number, position: bigint, bytes: bigint) => number;
  sched_getcpu: () => number;
  sched_getaffinity: (thread: number, bytes: bigint, mask: bigint) => number;
  sched_setaffinity: (thread: number, bytes: bigint, mask: bigint) => number;
}

export interface SystemCalls extends Functions {
  readonly pointer: (buffer: ArrayBufferLike) => bigint;
}

type Signature = { arguments: string[]; return: string };

interface ForeignFunctions {
  dlopen(path: string, functions: Record<keyof Functions, Signature>): { functions: Functions };
  getRawPointer(buffer: ArrayBufferLike): bigint;
}

let found: SystemCalls | null | undefined;

/** The calls, or null. */
export function systemCalls(): SystemCalls | null {
  if (found === undefined) found = process.platform === 'linux' ? lookUp() : null;
  return found;
}

function lookUp(): SystemCalls | null {
  // Loading it warns that it is experimental: that is nothing to the program which opens a database.
  const warn = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const ffi = process.getBuiltinModule('node:ffi' as 'node:fs') as unknown as ForeignFunctions | undefined;
    if (ffi === undefined) return null;
    const { functions } = ffi.dlopen('libc.so.6', {
      madvise: { arguments: ['pointer', 'u64', 'i32'], return: 'i32' },
      fallocate: { arguments: ['i32', 'i32', 'i64', 'i64'], return: 'i32' },
      sched_getcpu: { arguments: [], return: 'i32' },
      sched_getaffinity: { arguments: ['i32', 'u64', 'pointer'], return: 'i32' },
      sched_setaffinity: { arguments: ['i32', 'u64', 'pointer'], return: 'i32' },
    });
    const { madvise, fallocate, sched_getcpu, sched_getaffinity, sched_setaffinity } = functions;
    const pointer = (buffer: ArrayBufferLike): bigint => ffi.getRawPointer(buffer);
    return { madvise, fallocate, sched_getcpu, sched_getaffinity, sched_setaffinity, pointer };
  } catch (error) {
    // No such library, or the permission model forbids it.
    if (error instanceof Error) return null;
    throw error;
  } finally {
    process.emitWarning = warn;
  }
}
