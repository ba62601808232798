/**
 * Bodies for the order of stores and loads (shm/in-order.ts): who announces something and then looks whether another one has announced
 * something needs a fence in between, and gets it from the read-modify-write that comes with the announcement.
 */

import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { loadInOrder, storeInOrder } from '../../shm/in-order.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { storeGuarded53 } from '../../shm/shared53.ts';
import type { SharedMemory } from '../../shm/shared-memory.ts';
import { threadSlot } from '../../shm/shared-memory.ts';
import { THREAD_EPOCH } from '../../shm/control.layout.gen.ts';

type Numbers = Record<string, number>;

/** Words of 'words': each side's announcement, count of rounds, and what it announces by. */
const SHOWN = 0;
const ROUND = 64;
const COUNTED = 128;
const LATCH = 192;
const GUARDED = 256;

/** What the two sides of a round do; true: it has seen nothing of the other. */
type Side = (shm: SharedMemory, first: number, self: number) => boolean;

/** A look, a plain store, an addition to another word, and the same look again: as publishUse() of table locks. */
const byAddition: Side = (shm, first, self) => {
  const own = first + SHOWN + self * 16;
  const other = first + SHOWN + (1 - self) * 16;
  if (loadInOrder(shm.i32, other) !== 0) return false;
  storeInOrder(shm.i32, own, 1);
  shm.atomic.add((first + COUNTED + self * 16) << 2, 1);
  return loadInOrder(shm.i32, other) === 0;
};

/** Plain stores behind a latch: the release is the fence, as at a commit. */
const byRelease: Side = (shm, first, self) => {
  const latch = (first + LATCH + self * 16) << 2;
  acquireLatch(shm, latch);
  storeGuarded53(shm.i32, (first + GUARDED + self * 16) << 2, 1);
  storeInOrder(shm.i32, first + SHOWN + self * 16, 1);
  releaseLatch(shm, latch);
  return loadInOrder(shm.i32, first + SHOWN + (1 - self) * 16) === 0;
};

/** The entry into the engine shows an epoch, and what is looked at behind it are plain loads. The other thread looks at the epoch. */
const byEntry: Side = (shm, first, self) => {
  const other = first + SHOWN + (1 - self) * 16;
  if (self === 0) {
    Atomics.store(shm.i32, first + SHOWN, 1);
    const slot = threadSlot(shm, Atomics.load(shm.i32, first + COUNTED + 16) - 1);
    return Atomics.load(shm.i32, (slot + THREAD_EPOCH) >>> 2) === 0;
  }
  enterEngine(shm);
  return shm.i32[other] === 0;
};

const SIDES: Side[] = [byAddition, byRelease, byEntry];

/** Rounds of two threads that announce themselves at a time. Returns which rounds it has seen nothing of the other in. */
export function announce(shm: SharedMemory, { rounds, self, kind }: Numbers): Uint8Array {
  const first = shm.regions.words >>> 2;
  const { i32 } = shm;
  const side = SIDES[kind];
  const unseen = new Uint8Array(rounds);
  Atomics.store(i32, first + COUNTED + self * 16, shm.thread + 1);
  for (let round = 0; round < rounds; round++) {
    // Both are ready; whoever comes later is a little ahead in half of the rounds.
    meet(i32, first, self, round * 2 + 1);
    for (let pause = (round >> self) & 7; pause > 0; pause--) Atomics.load(i32, first + ROUND);
    if (side(shm, first, self)) unseen[round] = 1;
    meet(i32, first, self, round * 2 + 2);
    if (kind === 2 && self === 1) leaveEngine(shm, undefined);
    Atomics.store(i32, first + SHOWN + self * 16, 0);
  }
  return unseen;
}

function meet(i32: Int32Array, first: number, self: number, round: number): void {
  Atomics.store(i32, first + ROUND + self * 16, round);
  for (let turn = 0; Atomics.load(i32, first + ROUND + (1 - self) * 16) < round; turn++) {
    if (turn < 2000) Atomics.pause();
    else Atomics.wait(i32, first + ROUND + (1 - self) * 16, round - 1, 1);
  }
}
