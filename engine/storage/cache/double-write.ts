/**
 * The double-write file: the batch of pages that is being written in place, written and synced before the first of them is
 * touched, so that a page torn by a crash is still whole here (SM-W5).
 *
 *   | header: page ids and checksums of the batch | image 0 | image 1 | ... | image count - 1 |
 *
 *   writer    header and images, sync, pages in place, sync; only then is the file used again
 *   recovery  for each entry whose image is whole: is the page in place sound? If not, the image is written there
 *
 * A header or image that is damaged belongs to a batch that was cut off before its first sync: then no page in place was
 * touched by it, and those of the batch before are safe on disk. Runs before redo; meta pages never go through here.
 */

import { crc32 } from 'node:zlib';
import { dataDamaged } from '../../../shm/errors.ts';
import { PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import type { DatabaseFiles } from '../database-files.ts';
import type { ByteViews } from '../rows/byte-views.ts';
import { privateViews } from '../rows/byte-views.ts';
import { pageChecksum, pagePageId } from '../page.layout.gen.ts';
import {
  DOUBLE_WRITE_BYTES,
  DOUBLE_WRITE_ENTRIES,
  doubleWriteChecksum,
  doubleWriteCount,
  doubleWriteDatabaseHigh,
  doubleWriteDatabaseLow,
  doubleWriteMagic,
  setDoubleWriteBatch,
  setDoubleWriteBoot,
  setDoubleWriteChecksum,
  setDoubleWriteCount,
  setDoubleWriteDatabaseHigh,
  setDoubleWriteDatabaseLow,
  setDoubleWriteMagic,
} from './cache.layout.gen.ts';
import { BATCH_PAGES, DOUBLE_WRITE_MAGIC } from './cache.layout.ts';
import { checkedPart, IMAGE_SOUND, imageState, pagePosition } from './page-image.ts';

/** Who writes the batch. */
export interface BatchOrigin {
  databaseHigh: number;
  databaseLow: number;
  boot: number;
  batch: number;
}

/** Makes the header at byte offset `header` for `count` sealed images that lie one after the other from `images` on. */
export function formatBatchHeader(views: ByteViews, header: number, images: number, count: number, origin: BatchOrigin): void {
  const { u32, i32 } = views;
  u32.fill(0, header >>> 2, (header + DOUBLE_WRITE_BYTES) >>> 2);
  setDoubleWriteMagic(u32, header, DOUBLE_WRITE_MAGIC);
  setDoubleWriteDatabaseHigh(i32, header, origin.databaseHigh);
  setDoubleWriteDatabaseLow(i32, header, origin.databaseLow);
  setDoubleWriteBoot(u32, header, origin.boot);
  setDoubleWriteBatch(u32, header, origin.batch);
  setDoubleWriteCount(u32, header, count);
  for (let index = 0; index < count; index++) {
    const image = images + index * PAGE_BYTES;
    const entry = (header + DOUBLE_WRITE_ENTRIES + index * 8) >>> 2;
    u32[entry] = pagePageId(u32, image);
    u32[entry + 1] = pageChecksum(u32, image);
  }
  setDoubleWriteChecksum(u32, header, crc32(checkedPart(views.bytesView, header)));
}

/**
 * Puts pages right that a crash left half-written, before recovery reads any. Returns their ids. XX001 when the file is another
 * database's.
 */
export function repairFromDoubleWrite(files: DatabaseFiles, databaseHigh: number, databaseLow: number): PageId[] {
  const views = privateViews((BATCH_PAGES + 2) * PAGE_BYTES);
  const count = readBatch(files, views, databaseHigh, databaseLow);
  const inPlace = (BATCH_PAGES + 1) * PAGE_BYTES;
  const repaired: PageId[] = [];
  for (let index = 0; index < count; index++) {
    const image = (index + 1) * PAGE_BYTES;
    const entry = (DOUBLE_WRITE_ENTRIES + index * 8) >>> 2;
    const pageId = views.u32[entry] as PageId;
    const whole = imageState(views, image, pageId, checkedPart(views.bytesView, image)) === IMAGE_SOUND;
    if (!whole || pageChecksum(views.u32, image) !== views.u32[entry + 1]) continue;
    if (isSoundInPlace(files, views, inPlace, pageId)) continue;
    files.data.write(pagePosition(pageId), views.bytesView, image, PAGE_BYTES);
    repaired.push(pageId);
  }
  if (repaired.length > 0) files.data.sync();
  return repaired;
}

/** Reads the file; returns how many entries its header has, 0 when it holds no complete header. */
function readBatch(files: DatabaseFiles, views: ByteViews, databaseHigh: number, databaseLow: number): number {
  const length = (BATCH_PAGES + 1) * PAGE_BYTES;
  const got = files.doubleWrite.read(0, views.bytesView, 0, length);
  views.u8.fill(0, got, length);
  if (doubleWriteMagic(views.u32, 0) !== DOUBLE_WRITE_MAGIC) return 0;
  if (doubleWriteChecksum(views.u32, 0) !== crc32(checkedPart(views.bytesView, 0))) return 0;
  if (doubleWriteDatabaseHigh(views.i32, 0) !== databaseHigh || doubleWriteDatabaseLow(views.i32, 0) !== databaseLow) {
    const expected = idText(databaseHigh, databaseLow);
    const actual = idText(doubleWriteDatabaseHigh(views.i32, 0), doubleWriteDatabaseLow(views.i32, 0));
    throw dataDamaged({ file: files.doubleWrite.path, offset: 8, what: 'double-write header (database id)', expected, actual });
  }
  return Math.min(doubleWriteCount(views.u32, 0), BATCH_PAGES);
}

const idText = (high: number, low: number): string =>
  (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');

function isSoundInPlace(files: DatabaseFiles, views: ByteViews, at: number, pageId: PageId): boolean {
  const got = files.data.read(pagePosition(pageId), views.bytesView, at, PAGE_BYTES);
  if (got < PAGE_BYTES) return false;
  return imageState(views, at, pageId, checkedPart(views.bytesView, at)) === IMAGE_SOUND;
}
