/** Calls to the system that a server is better with: another descriptor of a socket, and a thread that stays on one processor. */

interface Functions {
  dup(descriptor: number): number;
  sched_setaffinity(thread: number, bytes: bigint, mask: bigint): number;
}

interface ForeignFunctions {
  dlopen(path: string, functions: object): { functions: Functions };
  getRawPointer(buffer: ArrayBufferLike): bigint;
}

interface Native {
  /** A second descriptor of the same socket; -1: none left. */
  duplicate(descriptor: number): number;
  /** The calling thread runs on this processor only from now on. */
  pin(processor: number): boolean;
}

let found: Native | null | undefined;

/** Null: another system, or the permission model forbids it. */
export function native(): Native | null {
  if (found === undefined) found = process.platform === 'linux' ? lookUp() : null;
  return found;
}

const MASK_BYTES = 128;

function lookUp(): Native | null {
  const warn = process.emitWarning;
  // Loading it warns that it is experimental: there is a way without it.
  process.emitWarning = () => {};
  try {
    const ffi = process.getBuiltinModule('node:ffi' as 'node:fs') as unknown as ForeignFunctions | undefined;
    if (ffi === undefined) return null;
    const { functions } = ffi.dlopen('libc.so.6', {
      dup: { arguments: ['i32'], return: 'i32' },
      sched_setaffinity: { arguments: ['i32', 'u64', 'pointer'], return: 'i32' },
    });
    const mask = Buffer.alloc(MASK_BYTES);
    return {
      duplicate: (descriptor) => functions.dup(descriptor),
      pin: (processor) => {
        mask.fill(0);
        mask[processor >> 3] = 1 << (processor & 7);
        return functions.sched_setaffinity(0, BigInt(MASK_BYTES), ffi.getRawPointer(mask.buffer) + BigInt(mask.byteOffset)) === 0;
      },
    };
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  } finally {
    process.emitWarning = warn;
  }
}
