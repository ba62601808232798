/**
 * The injected world: storage and time are reached only through these interfaces, given at open(). Tests hand in a
 * simulated disk, a clock moved by hand and a generator started from one seed.
 */

import type { Vfs } from './vfs/vfs.ts';

export interface Clock {
  /** Microseconds since the Unix epoch, an integer. May step back when the machine's clock is set (TX-T1 copes). */
  now(): number;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform over all signed 32-bit integers. */
  int32(): number;
}

export interface World {
  vfs: Vfs;
  clock: Clock;
  random: Random;
}
