/** The order of a tree: key, then row id (page unsigned, slot). For keys outside pages; row ids in i32[2], i32[3]. */

import type { KeyScratch } from '../rows/runtime.ts';
import { KIND_BYTES } from './node.layout.ts';

/** Sign of a against b in an index of this kind. */
export function compareKeys(kind: number, a: KeyScratch, b: KeyScratch): number {
  if (kind === KIND_BYTES) {
    const common = a.length < b.length ? a.length : b.length;
    for (let i = 0; i < common; i++) if (a.u8[i] !== b.u8[i]) return a.u8[i] - b.u8[i];
    if (a.length !== b.length) return a.length - b.length;
  } else {
    if (a.i32[0] !== b.i32[0]) return a.i32[0] < b.i32[0] ? -1 : 1;
    if (kind === 2 && a.i32[1] !== b.i32[1]) return a.i32[1] >>> 0 < b.i32[1] >>> 0 ? -1 : 1;
  }
  if (a.i32[2] !== b.i32[2]) return a.i32[2] >>> 0 < b.i32[2] >>> 0 ? -1 : 1;
  return a.i32[3] - b.i32[3];
}
