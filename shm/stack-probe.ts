/**
 * Probing the stack: is there room left for the engine's deepest chain of calls (SM-L7)?
 *
 * A stack overflow inside a critical section would cost the whole handle, so the room is checked on entry, where an
 * overflow is an ordinary error. JavaScript has no cheap way to ask. A WebAssembly function has: V8 compares its whole
 * frame with the stack's limit before it enters it, and does not touch the frame. So a tiny module is made whose
 * function keeps SLOTS values alive across a call, on a path that is never taken, and otherwise calls itself:
 *
 *   (func $probe (export "probe") (param $frames i32)
 *     (if (i32.lt_s (local.get $frames) (i32.const 0))
 *       (then global.get 0, global.get 1, ... (call $probe (local.get $frames)), i64.add, i64.add, ... global.set 0))
 *     (if (local.get $frames) (then (call $probe (i32.sub (local.get $frames) (i32.const 1))))))
 *
 * The call might change the globals, so what was read of them has to be kept over it, each value in its own slot.
 * Calling it with FRAMES - 1 costs about 40 ns and throws RangeError when PROBED_BYTES do not fit any more. Several
 * middling frames, because one of the full size cost 12 MiB of memory to compile; not many small ones, because V8 may
 * put small functions into each other, and because each costs its call.
 */

/** V8 refuses to compile a function at its first call with less than 40 KiB left; the rest is for the calls themselves. */
const PROBED_KIB = 64;
/** Room that is known to be there after probeStack() returned. */
export const PROBED_BYTES = PROBED_KIB * 1024;
const FRAMES = 4;
const SLOTS = PROBED_BYTES / FRAMES / 8;

interface WasmEnvironment {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { probe: (frames: number) => void } };
}

/** Room for the module: each slot takes at most nine bytes of code and globals. */
const MODULE_BYTES = SLOTS * 10 + 256;

/** Writes the module into one array. Lengths are LEB128 of a fixed five bytes, so that they can be filled in afterwards. */
class ModuleWriter {
  readonly #bytes = new Uint8Array(MODULE_BYTES);
  #length = 0;

  put(...bytes: number[]): void {
    for (let index = 0; index < bytes.length; index++) this.#bytes[this.#length++] = bytes[index];
  }

  number(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** Leaves room for a length; endLength() fills it in. */
  startLength(): number {
    this.#length += 5;
    return this.#length;
  }

  endLength(start: number): void {
    const length = this.#length - start;
    for (let index = 0; index < 5; index++) {
      this.#bytes[start - 5 + index] = ((length >>> (7 * index)) & 0x7f) | (index < 4 ? 0x80 : 0);
    }
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

function moduleBytes(): Uint8Array {
  const out = new ModuleWriter();
  out.put(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  // Types: 0 = (i32) -> ().
  out.put(1, 5, 1, 0x60, 1, 0x7f, 0);
  // One function of type 0.
  out.put(3, 2, 1, 0);
  out.put(6);
  putGlobals(out);
  // Exported as "probe".
  out.put(7, 9, 1, 5, 0x70, 0x72, 0x6f, 0x62, 0x65, 0x00, 0);
  out.put(10);
  const section = out.startLength();
  out.put(1);
  putBody(out);
  out.endLength(section);
  return out.finish();
}

/** SLOTS mutable i64, 0 at the start. */
function putGlobals(out: ModuleWriter): void {
  const section = out.startLength();
  out.number(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) {
    out.number(0x7e);
    out.number(1);
    out.number(0x42);
    out.number(0x00);
    out.number(0x0b);
  }
  out.endLength(section);
}

function putBody(out: ModuleWriter): void {
  const body = out.startLength();
  out.put(0x00);
  // if frames < 0
  out.put(0x20, 0x00, 0x41, 0x00, 0x48, 0x04, 0x40);
  for (let slot = 0; slot < SLOTS; slot++) {
    out.number(0x23);
    out.number(slot);
  }
  out.put(0x20, 0x00, 0x10, 0x00);
  for (let slot = 1; slot < SLOTS; slot++) out.number(0x7c);
  out.put(0x24, 0x00, 0x0b);
  // if frames: probe(frames - 1)
  out.put(0x20, 0x00, 0x04, 0x40, 0x20, 0x00, 0x41, 0x01, 0x6b, 0x10, 0x00, 0x0b);
  out.put(0x0b);
  out.endLength(body);
}

function makeProbe(): (frames: number) => void {
  const wasm = (globalThis as unknown as { WebAssembly: WasmEnvironment }).WebAssembly;
  const instance = new wasm.Instance(new wasm.Module(moduleBytes()), {});
  return instance.exports.probe;
}

const probe = makeProbe();
// The first call compiles the function, which must not happen where the stack is short.
probe(FRAMES - 1);

/** Throws RangeError unless PROBED_BYTES of stack are left. */
export function probeStack(): void {
  probe(FRAMES - 1);
}
