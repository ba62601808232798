/**
 * Read-modify-write of words of the control segment, for the hot paths: latches, the log's tail.
 *
 * `Atomics.compareExchange` and its like are calls of some sixty instructions in V8, which look at the array and the index each
 * time: 9 ns where the processor needs 2. The same instruction in a WebAssembly function over the segment's memory is called in
 * 3 ns, for V8 puts such calls into the code around them. Where the segment is no WebAssembly memory (segment.ts), or none can be
 * made, it is Atomics after all.
 */

import type { ByteOffset } from './types.ts';
import type { Segment } from './segment.ts';

/** All offsets are bytes from the start of the control segment, multiples of 4. What stood there before is returned. */
export interface AtomicWords {
  compareExchange(at: ByteOffset, expected: number, value: number): number;
  exchange(at: ByteOffset, value: number): number;
  add(at: ByteOffset, delta: number): number;
}

/**
 *   (module (import "shm" "memory" (memory 1 65536 shared))
 *     (func (export "compareExchange") (param i32 i32 i32) (result i32)
 *       local.get 0  local.get 1  local.get 2  i32.atomic.rmw.cmpxchg)
 *     (func (export "exchange") (param i32 i32) (result i32)  local.get 0  local.get 1  i32.atomic.rmw.xchg)
 *     (func (export "add") (param i32 i32) (result i32)  local.get 0  local.get 1  i32.atomic.rmw.add))
 */
function moduleBytes(pages: number): Uint8Array<ArrayBuffer> {
  const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
  const section = (id: number, ...body: number[]): number[] => [id, ...unsigned(body.length), ...body];
  const code = (...body: number[]): number[] => [body.length + 2, 0, ...body, END];
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, FUNCTION, 3, I32, I32, I32, 1, I32, FUNCTION, 2, I32, I32, 1, I32),
    ...section(2, 1, ...text('shm'), ...text('memory'), MEMORY, SHARED_WITH_MAXIMUM, ...unsigned(pages), ...unsigned(pages)),
    ...section(3, 3, 0, 1, 1),
    ...section(7, 3, ...text('compareExchange'), 0, 0, ...text('exchange'), 0, 1, ...text('add'), 0, 2),
    ...section(
      10,
      3,
      ...code(...get(0), ...get(1), ...get(2), ATOMIC, COMPARE_EXCHANGE, ALIGN_4, 0),
      ...code(...get(0), ...get(1), ATOMIC, EXCHANGE, ALIGN_4, 0),
      ...code(...get(0), ...get(1), ATOMIC, ADD, ALIGN_4, 0),
    ),
  );
}

const FUNCTION = 0x60;
const I32 = 0x7f;
const MEMORY = 2;
const SHARED_WITH_MAXIMUM = 3;
const END = 0x0b;
const ATOMIC = 0xfe;
const ADD = 0x1e;
const EXCHANGE = 0x41;
const COMPARE_EXCHANGE = 0x48;
const ALIGN_4 = 2;

const get = (local: number): number[] => [0x20, local];

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** The calls for this thread. */
export function atomicWords({ memory, i32, bytes }: Segment): AtomicWords {
  if (memory !== null) {
    const module = new WebAssembly.Module(moduleBytes(bytes / 65536));
    return new WebAssembly.Instance(module, { shm: { memory } }).exports as unknown as AtomicWords;
  }
  return {
    compareExchange: (at, expected, value) => Atomics.compareExchange(i32, at >>> 2, expected, value),
    exchange: (at, value) => Atomics.exchange(i32, at >>> 2, value),
    add: (at, delta) => Atomics.add(i32, at >>> 2, delta),
  };
}
