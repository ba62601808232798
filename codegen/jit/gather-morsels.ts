/** What a thread does with its morsels of a stage that is spread: the leader and its helpers alike (gather-stage.ts). */

import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import type { GatherShape } from './gather-stage.ts';
import { nextMorsel, type Progress } from './gather-task.ts';
import type { RowShare, SharedSteps } from './row-share.ts';
import type { ScanReader } from './scan-source.ts';
import { look } from './stage-run.ts';
import type { State } from './state.ts';

const testing = TESTING;

const ROWS_A_PAGE = 512;

/** Morsels are at their end; the statement is to pause; what is filled does not fit. */
export const MORSELS_DONE = 0;
export const MORSELS_PAUSED = 1;
export const MORSELS_FULL = 2;

/** Takes morsels until none is left. */
export function runMorsels(
  c: State,
  words: Int32Array,
  pages: number,
  size: number,
  shape: GatherShape,
  progress: Progress,
  between: () => void,
): number {
  const { drain, room, reader: part } = shape.scan;
  const reader = c.parts[part] as ScanReader;
  const morsels = Math.ceil(pages / size);
  for (let moved = false; ; moved = true) {
    if (reader.taken < c.count) {
      room.reserve(c, c.count);
      reader.taken = drain(c, c.copies, reader.taken, c.count);
      continue;
    }
    if (look(c, moved)) return MORSELS_PAUSED;
    room.reserve(c, ROWS_A_PAGE);
    if (progress.morsel >= 0) {
      if (reader.nextPage(c)) {
        room.look(c);
        continue;
      }
      progress.marks.push(progress.morsel, shape.fill.count(c, progress.morsel));
      if (shape.fill.isFull(c)) return MORSELS_FULL;
      between();
    }
    if (testing) yieldPoint('gather.morsel');
    progress.morsel = nextMorsel(words, morsels);
    if (progress.morsel < 0) return MORSELS_DONE;
    reader.window(progress.morsel * size, Math.min(pages, (progress.morsel + 1) * size));
  }
}

/** Goes through all pages, and with the rows of its morsels further on. */
export function runShared(c: State, pages: number, shape: GatherShape, { part }: SharedSteps): number {
  const { drain, room, reader: scanned } = shape.scan;
  const reader = c.parts[scanned] as ScanReader;
  const share = c.parts[part] as RowShare;
  if (!share.isBegun) reader.window(0, pages);
  share.isBegun = true;
  for (let moved = false; ; moved = true) {
    if (reader.taken < c.count) {
      room.reserve(c, c.count);
      reader.taken = drain(c, c.copies, reader.taken, c.count);
      continue;
    }
    if (look(c, moved)) return MORSELS_PAUSED;
    room.reserve(c, ROWS_A_PAGE);
    if (!reader.nextPage(c)) break;
    room.look(c);
  }
  share.end(c);
  return shape.fill.isFull(c) ? MORSELS_FULL : MORSELS_DONE;
}
