/**
 * Probing the stack: is there room left for the engine's deepest chain of calls (SM-L7)?
 *
 * A stack overflow inside a critical section would cost the whole handle, so the room is checked on entry, where an
 * overflow is an ordinary error. JavaScript has no cheap way to ask. A WebAssembly function has: V8 compares its whole
 * frame with the stack's limit before it enters it, and does not touch the frame. So a tiny module is made whose
 * function keeps SLOTS results alive across calls, on a path that is never taken:
 *
 *   (func (export "probe") (param i32)
 *     (if (local.get 0) (then call $zero, call $zero, ... SLOTS times, f64.add, f64.add, ... drop)))
 *
 * Calling it with 0 costs about as much as any call and throws RangeError when PROBED_BYTES do not fit any more.
 */

const SLOTS = 4000;
/** Room that is known to be there after probeStack() returned. */
export const PROBED_BYTES = SLOTS * 8;

interface WasmEnvironment {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { probe: (taken: number) => void } };
}

/** LEB128, as WebAssembly writes numbers. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) {
      bytes.push(rest);
      return bytes;
    }
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];

function moduleBytes(): Uint8Array {
  const CALL_ZERO = [0x10, 0x00];
  const F64_ADD = 0xa0;
  const body = [0x00, 0x20, 0x00, 0x04, 0x40];
  for (let slot = 0; slot < SLOTS; slot++) body.push(...CALL_ZERO);
  for (let slot = 1; slot < SLOTS; slot++) body.push(F64_ADD);
  body.push(0x1a, 0x0b, 0x0b);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // Types: 0 = () -> f64, 1 = (i32) -> ().
    ...section(1, [2, 0x60, 0, 1, 0x7c, 0x60, 1, 0x7f, 0]),
    // Import "m" "z", function of type 0; one function of type 1, exported as "probe".
    ...section(2, [1, 1, 0x6d, 1, 0x7a, 0x00, 0]),
    ...section(3, [1, 1]),
    ...section(7, [1, 5, 0x70, 0x72, 0x6f, 0x62, 0x65, 0x00, 1]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

function makeProbe(): (taken: number) => void {
  const wasm = (globalThis as unknown as { WebAssembly: WasmEnvironment }).WebAssembly;
  const instance = new wasm.Instance(new wasm.Module(moduleBytes()), { m: { z: () => 0 } });
  return instance.exports.probe;
}

const probe = makeProbe();
// The first call compiles the function, which must not happen where the stack is short.
probe(0);

/** Throws RangeError unless PROBED_BYTES of stack are left. */
export function probeStack(): void {
  probe(0);
}
