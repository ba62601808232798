/** What a thread does with its morsels of a stage that is spread: the leader and its helpers alike (gather-stage.ts). */

import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import type { GatherShape, ScanParts } from './gather-stage.ts';
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

/** Goes through the pages that the reader is at, to their end. False: it is to pause first. */
function throughPages(c: State, { drain, room, reader: part }: ScanParts): boolean {
  const reader = c.parts[part] as ScanReader;
  for (let moved = false; ; moved = true) {
    if (reader.taken < c.count) {
      room.reserve(c, c.count);
      reader.taken = drain(c, c.copies, reader.taken, c.count);
      continue;
    }
    if (look(c, moved)) return false;
    room.reserve(c, ROWS_A_PAGE);
    if (!reader.nextPage(c)) return true;
    room.look(c);
  }
}

/** Takes morsels until none is left. */
export function runMorsels(
  c: State,
  words: Int32Array,
  pages: number,
  size: number,
  { scan, fill }: GatherShape,
  progress: Progress,
  between: () => void,
): number {
  const reader = c.parts[scan.reader] as ScanReader;
  const morsels = Math.ceil(pages / size);
  for (;;) {
    if (progress.morsel >= 0) {
      if (!throughPages(c, scan)) return MORSELS_PAUSED;
      progress.marks.push(progress.morsel, fill.count(c, progress.morsel));
      if (fill.isFull(c)) return MORSELS_FULL;
      between();
    }
    if (testing) yieldPoint('gather.morsel');
    progress.morsel = nextMorsel(words, morsels);
    if (progress.morsel < 0) return MORSELS_DONE;
    reader.window(progress.morsel * size, Math.min(pages, (progress.morsel + 1) * size));
  }
}

/** Goes through all pages, and with the rows of its morsels further on. */
export function runShared(c: State, pages: number, { scan, fill }: GatherShape, { part }: SharedSteps): number {
  const share = c.parts[part] as RowShare;
  if (!share.isBegun) (c.parts[scan.reader] as ScanReader).window(0, pages);
  share.isBegun = true;
  if (!throughPages(c, scan)) return MORSELS_PAUSED;
  share.end(c);
  return fill.isFull(c) ? MORSELS_FULL : MORSELS_DONE;
}
