/**
 * The table of reserved runs. Every function here is called under the space latch, but for reservationLength() and
 * isReserved(), by which a thread asks about its own.
 */

import type { PageId, ThreadNumber } from '../../../shm/types.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import type { Space } from './space.ts';
import {
  RESERVATION_BYTES,
  reservationCount,
  reservationFirst,
  reservationThread,
  setReservationCount,
  setReservationFirst,
  setReservationThread,
  setSpaceSharedReservations,
  spaceSharedReservations,
} from './space.layout.gen.ts';
import { RESERVATIONS } from './space.layout.ts';

const entryAt = (space: Space, index: number): number => space.reservations + index * RESERVATION_BYTES;

/** End of the last reservation that meets [first, first + count), or -1 when none does. */
export function reservationEnd(space: Space, first: PageId, count: number): PageId {
  const i32 = space.shm.i32;
  const used = spaceSharedReservations(i32, space.shared);
  let end = -1;
  for (let index = 0; index < used; index++) {
    const entry = entryAt(space, index);
    const length = reservationCount(i32, entry);
    const start = reservationFirst(i32, entry);
    if (length !== 0 && start < first + count && first < start + length && start + length > end) end = start + length;
  }
  return end;
}

/** Enters a run; false when the table is full. */
export function tryAddReservation(space: Space, first: PageId, count: number): boolean {
  const i32 = space.shm.i32;
  let index = 0;
  while (index < RESERVATIONS && reservationCount(i32, entryAt(space, index)) !== 0) index++;
  if (index === RESERVATIONS) return false;
  const entry = entryAt(space, index);
  setReservationFirst(i32, entry, first);
  setReservationThread(i32, entry, space.shm.thread + 1);
  setReservationCount(i32, entry, count);
  if (index >= spaceSharedReservations(i32, space.shared)) setSpaceSharedReservations(i32, space.shared, index + 1);
  return true;
}

/** Takes the run out that begins with this page. */
export function endReservation(space: Space, first: PageId): void {
  const i32 = space.shm.i32;
  const entry = findOwn(space, first);
  if (entry >= 0) setReservationCount(i32, entry, 0);
  let used = spaceSharedReservations(i32, space.shared);
  while (used > 0 && reservationCount(i32, entryAt(space, used - 1)) === 0) used--;
  setSpaceSharedReservations(i32, space.shared, used);
}

function findOwn(space: Space, first: PageId): number {
  const i32 = space.shm.i32;
  const used = spaceSharedReservations(i32, space.shared);
  for (let index = 0; index < used; index++) {
    const entry = entryAt(space, index);
    const own = reservationThread(i32, entry) === space.shm.thread + 1;
    if (own && reservationCount(i32, entry) !== 0 && reservationFirst(i32, entry) === first) return entry;
  }
  return -1;
}

/** Length of the own run that begins with this page, 0 when there is none. */
export function reservationLength(space: Space, first: PageId): number {
  const entry = findOwn(space, first);
  return entry < 0 ? 0 : reservationCount(space.shm.i32, entry);
}

/** True when the own run that begins with `first` is at least `count` long. */
export const isReserved = (space: Space, first: PageId, count: number): boolean =>
  count > 0 && reservationLength(space, first) >= count;

/** What a dead thread had reserved: it will not allocate it. What it has allocated is marked in the bitmaps. */
export function forgetReservationsOf(space: Space, thread: ThreadNumber): void {
  const i32 = space.shm.i32;
  acquireLatch(space.shm, space.shared);
  for (let index = 0; index < RESERVATIONS; index++) {
    const entry = entryAt(space, index);
    if (reservationThread(i32, entry) === thread + 1) setReservationCount(i32, entry, 0);
  }
  releaseLatch(space.shm, space.shared);
}
