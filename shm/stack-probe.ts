/**
 * Probing the stack: is there room left for the engine's deepest chain of calls (SM-L7)?
 *
 * A stack overflow inside a critical section would cost the whole handle, so the room is checked on entry, where an
 * overflow is an ordinary error. JavaScript has no cheap way to ask. A WebAssembly function has: V8 compares its whole
 * frame with the stack's limit before it enters it, and does not touch the frame. So a tiny module is made whose
 * function keeps SLOTS values alive across a call, on a path that is never taken:
 *
 *   (func (export "probe") (param i32)
 *     (if (local.get 0) (then global.get 0, global.get 1, ... call $f, i64.add, i64.add, ... global.set 0)))
 *
 * The call might change the globals, so what was read of them has to be kept over it, each value in its own slot.
 * Calling it with 0 costs about as much as any call and throws RangeError when PROBED_BYTES do not fit any more.
 */

/** V8 refuses to compile a function at its first call with less than 40 KiB left; the rest is for the calls themselves. */
const PROBED_KIB = 64;
/** Room that is known to be there after probeStack() returned. */
export const PROBED_BYTES = PROBED_KIB * 1024;
const SLOTS = PROBED_BYTES / 8;

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
  const I64 = 0x7e;
  const body = [0x00, 0x20, 0x00, 0x04, 0x40];
  for (let slot = 0; slot < SLOTS; slot++) body.push(0x23, ...leb(slot));
  body.push(0x10, 0x00);
  for (let slot = 1; slot < SLOTS; slot++) body.push(0x7c);
  body.push(0x24, 0x00, 0x0b, 0x0b);
  // Mutable, 0 at the start.
  const globals = leb(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) globals.push(I64, 1, 0x42, 0x00, 0x0b);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // Types: 0 = () -> (), 1 = (i32) -> ().
    ...section(1, [2, 0x60, 0, 0, 0x60, 1, 0x7f, 0]),
    // Import "m" "f", function of type 0; one function of type 1, exported as "probe".
    ...section(2, [1, 1, 0x6d, 1, 0x66, 0x00, 0]),
    ...section(3, [1, 1]),
    ...section(6, globals),
    ...section(7, [1, 5, 0x70, 0x72, 0x6f, 0x62, 0x65, 0x00, 1]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

function makeProbe(): (taken: number) => void {
  const wasm = (globalThis as unknown as { WebAssembly: WasmEnvironment }).WebAssembly;
  const instance = new wasm.Instance(new wasm.Module(moduleBytes()), { m: { f: () => undefined } });
  return instance.exports.probe;
}

const probe = makeProbe();
// The first call compiles the function, which must not happen where the stack is short.
probe(0);

/** Throws RangeError unless PROBED_BYTES of stack are left. */
export function probeStack(): void {
  probe(0);
}
