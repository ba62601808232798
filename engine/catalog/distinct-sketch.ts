/**
 * How many distinct values a column has, from all its rows in 4 KiB (HyperLogLog: Flajolet, Fusy, Gandouet, Meunier 2007): of each
 * value's hash the first bits choose a register, which keeps the longest run of zeros that the rest has begun with. The error is 1.6 %.
 */

import type { RowValue } from '../storage/rows/row-value.ts';

const BITS = 12;
const REGISTERS = 1 << BITS;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** 32 bits that all depend on all bits (MurmurHash3's last step). */
function mixed(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hashText(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) ^ (hash >>> 15);
  return mixed(hash);
}

function hashOf(value: RowValue): number {
  switch (typeof value) {
    case 'number':
      double[0] = value + 0;
      return mixed(mixed(words[0]) ^ Math.imul(words[1], 0x9e3779b1));
    case 'string':
      return hashText(value);
    case 'boolean':
      return mixed(value ? 1 : 2);
    default:
      return hashText(String(value));
  }
}

export class DistinctSketch {
  readonly #registers = new Uint8Array(REGISTERS);

  add(value: RowValue): void {
    const hash = hashOf(value);
    const register = hash >>> (32 - BITS);
    const zeros = Math.clz32((hash << BITS) | (1 << (BITS - 1))) + 1;
    if (zeros > this.#registers[register]) this.#registers[register] = zeros;
  }

  /** Values that were added, equal ones once; few are counted almost exactly. */
  count(): number {
    let sum = 0;
    let empty = 0;
    for (const register of this.#registers) {
      sum += 2 ** -register;
      if (register === 0) empty++;
    }
    const estimate = (ALPHA * REGISTERS * REGISTERS) / sum;
    if (estimate <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
    // Hashes of 32 bits meet each other.
    const all = 2 ** 32;
    return Math.round(estimate > all / 30 ? -all * Math.log(1 - estimate / all) : estimate);
  }
}
