/**
 * The meta pages: two copies of what a database must know before it can read anything else, written in turn, so that a write
 * that a crash tears leaves the other one whole (SM-W6). Not in the page cache, not in the double-write file.
 *
 *   sequence 6 -> page 0     sequence 7 -> page 1     sequence 8 -> page 0     of two sound ones the greater holds
 *
 * Both torn, or a sound one of another format: reported, never guessed.
 */

import { crc32 } from 'node:zlib';
import { dataDamaged, SQLSTATE, SqlError } from '../../shm/errors.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import { checkedPart, IMAGE_SOUND, imageDamaged, imageState, sealImage } from './cache/page-image.ts';
import type { DatabaseFiles } from './database-files.ts';
import {
  metaAllocationRoot,
  metaBoot,
  metaDurableLsn,
  metaCheckpointLsn,
  metaCleanShutdown,
  metaCreated,
  metaDatabaseHigh,
  metaDatabaseLow,
  metaFormatVersion,
  metaHighestStamp,
  metaHighestTransaction,
  metaLogSegment,
  metaLogSegmentBytes,
  metaMagic,
  metaSequence,
  metaServerId,
  metaTablesRoot,
  setMetaAllocationRoot,
  setMetaBoot,
  setMetaDurableLsn,
  setMetaCheckpointLsn,
  setMetaCleanShutdown,
  setMetaCreated,
  setMetaDatabaseHigh,
  setMetaDatabaseLow,
  setMetaFormatVersion,
  setMetaHighestStamp,
  setMetaHighestTransaction,
  setMetaLogSegment,
  setMetaLogSegmentBytes,
  setMetaMagic,
  setMetaSequence,
  setMetaServerId,
  setMetaTablesRoot,
} from './meta.layout.gen.ts';
import { FORMAT_VERSION, META_MAGIC } from './meta.layout.ts';
import { setPageBoot, setPagePageId, setPageType } from './page.layout.gen.ts';
import { PAGE_TYPE_META } from './page.layout.ts';
import { type ByteViews, privateViews } from './rows/byte-views.ts';
import { ALLOCATION_PAGE_AT, META_PAGES } from './space/geometry.ts';
import type { VfsFile } from './vfs/vfs.ts';

/** What meta.layout.ts declares, but for magic and format version. */
export interface Meta {
  sequence: number;
  databaseHigh: number;
  databaseLow: number;
  boot: number;
  cleanShutdown: boolean;
  checkpointLsn: number;
  durableLsn: number;
  logSegment: number;
  logSegmentBytes: number;
  tablesRoot: number;
  allocationRoot: number;
  highestTransaction: number;
  highestStamp: number;
  created: number;
  serverId: number;
}

/** The meta of a new database; the caller fills in what it knows better. */
export function newMeta(databaseHigh: number, databaseLow: number, created: number): Meta {
  return {
    sequence: 0,
    databaseHigh,
    databaseLow,
    boot: 0,
    cleanShutdown: true,
    checkpointLsn: 0,
    durableLsn: 0,
    logSegment: 0,
    logSegmentBytes: 0,
    tablesRoot: 0,
    allocationRoot: ALLOCATION_PAGE_AT,
    highestTransaction: 0,
    highestStamp: 0,
    created,
    serverId: 0,
  };
}

/**
 * The newest sound meta page. XX001 when both are damaged or what is sound makes no sense; 0A000 when it is of another format.
 */
export function readMeta(files: DatabaseFiles): Meta {
  const views = privateViews(PAGE_BYTES * META_PAGES);
  const got = files.data.read(0, views.bytesView, 0, PAGE_BYTES * META_PAGES);
  views.u8.fill(0, got);
  let newest: Meta | null = null;
  for (let number = 0; number < META_PAGES; number++) {
    const page = number * PAGE_BYTES;
    if (imageState(views, page, number, checkedPart(views.bytesView, page)) !== IMAGE_SOUND) continue;
    const meta = parseMeta(views, page, number, files.data);
    if (newest === null || meta.sequence > newest.sequence) newest = meta;
  }
  if (newest !== null) return newest;
  const state = imageState(views, 0, 0, checkedPart(views.bytesView, 0));
  throw imageDamaged(views, 0, 0, state, files.data.path);
}

/** Damage that a checksum does not show: a sound page that cannot be what we wrote. */
function parseMeta(views: ByteViews, page: number, number: number, file: VfsFile): Meta {
  const { u32, i32, f64 } = views;
  const reject = (what: string, field: number, expected: number, actual: number): never => {
    throw dataDamaged({ file: file.path, offset: page + field, what: `meta page ${number} (${what})`, expected, actual });
  };
  if (metaMagic(u32, page) !== META_MAGIC) reject('magic', 64, META_MAGIC, metaMagic(u32, page));
  const format = metaFormatVersion(u32, page);
  if (format !== FORMAT_VERSION) {
    throw new SqlError(
      SQLSTATE.feature_not_supported,
      `${file.path} has format ${format}; this program reads ${FORMAT_VERSION}`,
      {
        hint: 'open it with the program that wrote it, and load a dump of it here',
      },
    );
  }
  const sequence = metaSequence(f64, page);
  if (sequence % META_PAGES !== number) reject('sequence', 72, number, sequence % META_PAGES);
  if (metaAllocationRoot(u32, page) !== ALLOCATION_PAGE_AT) {
    reject('allocation root', 124, ALLOCATION_PAGE_AT, metaAllocationRoot(u32, page));
  }
  return {
    sequence,
    databaseHigh: metaDatabaseHigh(i32, page),
    databaseLow: metaDatabaseLow(i32, page),
    boot: metaBoot(u32, page),
    cleanShutdown: metaCleanShutdown(u32, page) === 1,
    checkpointLsn: metaCheckpointLsn(f64, page),
    durableLsn: metaDurableLsn(f64, page),
    logSegment: metaLogSegment(u32, page),
    logSegmentBytes: metaLogSegmentBytes(u32, page),
    tablesRoot: metaTablesRoot(u32, page),
    allocationRoot: metaAllocationRoot(u32, page),
    highestTransaction: metaHighestTransaction(u32, page),
    highestStamp: metaHighestStamp(f64, page),
    created: metaCreated(f64, page),
    serverId: metaServerId(u32, page),
  };
}

/**
 * Writes the next meta page and syncs: `meta.sequence` counts up. One thread at a time: who opens or closes the database, or
 * owns the checkpoint.
 */
export function writeMeta(files: DatabaseFiles, meta: Meta): void {
  meta.sequence++;
  const views = privateViews(PAGE_BYTES);
  fillMeta(views, meta);
  const number = meta.sequence % META_PAGES;
  setPagePageId(views.u32, 0, number);
  setPageType(views.u8, 0, PAGE_TYPE_META);
  setPageBoot(views.u32, 0, meta.boot);
  sealImage(views, 0);
  files.data.write(number * PAGE_BYTES, views.bytesView, 0, PAGE_BYTES);
  files.data.sync();
}

function fillMeta(views: ByteViews, meta: Meta): void {
  const { u32, i32, f64 } = views;
  setMetaMagic(u32, 0, META_MAGIC);
  setMetaFormatVersion(u32, 0, FORMAT_VERSION);
  setMetaSequence(f64, 0, meta.sequence);
  setMetaDatabaseHigh(i32, 0, meta.databaseHigh);
  setMetaDatabaseLow(i32, 0, meta.databaseLow);
  setMetaBoot(u32, 0, meta.boot);
  setMetaCleanShutdown(u32, 0, meta.cleanShutdown ? 1 : 0);
  setMetaCheckpointLsn(f64, 0, meta.checkpointLsn);
  setMetaDurableLsn(f64, 0, meta.durableLsn);
  setMetaLogSegment(u32, 0, meta.logSegment);
  setMetaLogSegmentBytes(u32, 0, meta.logSegmentBytes);
  setMetaTablesRoot(u32, 0, meta.tablesRoot);
  setMetaAllocationRoot(u32, 0, meta.allocationRoot);
  setMetaHighestTransaction(u32, 0, meta.highestTransaction);
  setMetaHighestStamp(f64, 0, meta.highestStamp);
  setMetaCreated(f64, 0, meta.created);
  setMetaServerId(u32, 0, meta.serverId);
}

/** For the check: how many of the two are sound (2, or 1 after a crash in the middle of writing one). */
export function soundMetaPages(files: DatabaseFiles): number {
  const views = privateViews(PAGE_BYTES);
  let sound = 0;
  for (let number = 0; number < META_PAGES; number++) {
    const got = files.data.read(number * PAGE_BYTES, views.bytesView, 0, PAGE_BYTES);
    views.u8.fill(0, got);
    if (views.u32[0] === crc32(checkedPart(views.bytesView, 0)) && metaMagic(views.u32, 0) === META_MAGIC) sound++;
  }
  return sound;
}
