/**
 * Probing the stack: is there room left for the engine's deepest chain of calls (SM-L7)?
 *
 * A stack overflow inside a critical section would cost the whole handle, so the room is checked on entry, where an
 * overflow is an ordinary error. JavaScript has no cheap way to ask. A WebAssembly function has: V8 compares its whole
 * frame with the stack's limit before it enters it, and does not touch the frame. So a tiny module is made whose
 * function keeps SLOTS values alive across a call, on a path that is never taken, and otherwise calls itself:
 *
 *   (func $probe (param $frames i32) (result i64)
 *     (if (i32.lt_s (local.get $frames) (i32.const 0))
 *       (then (call $probe (local.get $frames)), the same again, ... i64.add, i64.add, ... return))
 *     (if (local.get $frames) (then (drop (call $probe (i32.sub (local.get $frames) (i32.const 1))))))
 *     (i64.const 0))
 *   (func (export "probe") (param i32) (drop (call $probe (local.get 0))))
 *
 * Each call's result may be another, so each has to be kept, in a slot of its own, until the sum is made. Calling it with
 * FRAMES - 1 costs about 20 ns and throws RangeError when PROBED_BYTES do not fit any more. Several middling frames, because
 * one of the full size cost 12 MiB of memory to compile; not many small ones, because V8 may put small functions into each
 * other, and because each costs its call.
 */

/** V8 refuses to compile a function at its first call with less than 40 KiB left; the rest is for the calls themselves. */
const PROBED_KIB = 64;
/** Room that is known to be there after probeStack() returned. */
export const PROBED_BYTES = PROBED_KIB * 1024;
const FRAMES = 4;
const SLOTS = PROBED_BYTES / FRAMES / 8;

interface WasmEnvironment {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: { probe: (frames: number) => void } };
}

/** A number as LEB128, of a fixed five bytes. */
const leb = (value: number): Buffer =>
  Buffer.from([0, 7, 14, 21, 28].map((shift) => ((value >>> shift) & 0x7f) | (shift < 28 ? 0x80 : 0)));

const withLength = (bytes: Buffer): Buffer => Buffer.concat([leb(bytes.length), bytes]);

/** The long runs are filled in natively: loops that write them would be hot enough to wake V8's compilers, at every start. */
function moduleBytes(): Buffer {
  const probe = Buffer.concat([
    // No locals; if frames < 0.
    Buffer.from([0x00, 0x20, 0x00, 0x41, 0x00, 0x48, 0x04, 0x40]),
    Buffer.alloc(SLOTS * 4, Buffer.from([0x20, 0x00, 0x10, 0x00])),
    Buffer.alloc(SLOTS - 1, 0x7c),
    Buffer.from([0x0f, 0x0b]),
    // If frames: probe(frames - 1).
    Buffer.from([0x20, 0x00, 0x04, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x10, 0x00, 0x1a, 0x0b]),
    Buffer.from([0x42, 0x00, 0x0b]),
  ]);
  const exported = Buffer.from([0x00, 0x20, 0x00, 0x10, 0x00, 0x1a, 0x0b]);
  return Buffer.concat([
    Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]),
    // Types: 0 = (i32) -> i64, 1 = (i32) -> ().
    Buffer.from([1, 10, 2, 0x60, 1, 0x7f, 1, 0x7e, 0x60, 1, 0x7f, 0]),
    // Two functions, of type 0 and 1; the second is exported as "probe".
    Buffer.from([3, 3, 2, 0, 1]),
    Buffer.from([7, 9, 1, 5, 0x70, 0x72, 0x6f, 0x62, 0x65, 0x00, 1]),
    Buffer.from([10]),
    withLength(Buffer.concat([Buffer.from([2]), withLength(probe), withLength(exported)])),
  ]);
}

function makeProbe(): (frames: number) => void {
  const wasm = (globalThis as unknown as { WebAssembly: WasmEnvironment }).WebAssembly;
  return new wasm.Instance(new wasm.Module(moduleBytes())).exports.probe;
}

const probe = makeProbe();
// The first call compiles the functions, which must not happen where the stack is short.
probe(FRAMES - 1);

/** Throws RangeError unless PROBED_BYTES of stack are left. */
export function probeStack(): void {
  probe(FRAMES - 1);
}
