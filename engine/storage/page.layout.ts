/**
 * The header every 8 KiB page begins with, and what the numbers in it mean (shared-memory.md, 'Pages and cache').
 *
 *   byte 0          4          8                    16         20     21      22       24
 *        +----------+----------+--------------------+----------+------+-------+--------+------------------+
 *        | checksum | pageId   | lsn                | boot     | type | flags | level  | greatestStamp    |
 *        +----------+----------+--------------------+----------+------+-------+--------+------------------+
 *     32 | slotCount| freeStart| freeEnd  | garbage | owner    | right        | extra0..extra3, 48..63    |
 *        +---------------------------------------------------------------------------------------------- +
 *     64 | what the page's type puts there                                                          8192 |
 *        +-----------------------------------------------------------------------------------------------+
 *
 * The checksum is zlib.crc32 over bytes 4..8192; it is computed over the copy that is written and verified after each
 * read (SM-W5, SM-W10). In memory it is whatever it was when the page was read. A page that was never written is all
 * zeros, checksum included: its extent was allocated and nobody has formatted it yet (SM-F1).
 */

import { defineStruct } from '../../shm/struct.ts';

/** Where the part of a page that its type lays out begins. */
export const PAGE_HEADER_BYTES = 64;

export const PAGE = defineStruct({
  name: 'page',
  doc: "a page; what follows its 64-byte header is its type's business",
  bytes: 8192,
  fields: {
    checksum: { at: 0, type: 'u32', doc: 'zlib.crc32 of bytes 4..8192, of the image in the file only' },
    pageId: { at: 4, type: 'u32', doc: 'own number: a page read from the wrong place is caught here' },
    lsn: {
      at: 8,
      type: 'f64',
      doc: 'log position of the END of the last record that changed the page; 0 for pages that are never logged',
    },
    boot: {
      at: 16,
      type: 'u32',
      doc: 'boot that last wrote the page to its file; another boot resolves what it left in flight (SM-W8)',
    },
    type: { at: 20, type: 'u8', doc: 'one of PAGE_TYPE_META...' },
    flags: { at: 21, type: 'u8', doc: 'PAGE_ALL_VISIBLE, PAGE_ENTRIES_EXACT, PAGE_KEYS_LEFT, and bits of the page type' },
    level: { at: 22, type: 'u16', doc: 'height above the leaves of a B+tree or allocation structure; 0 elsewhere' },
    greatestStamp: {
      at: 24,
      type: 'f64',
      doc: 'heap: greatest stamp of a committed row; exact while PAGE_ALL_VISIBLE is set (SM-P1)',
    },
    slotCount: { at: 32, type: 'u16', doc: "entries of the slot directory or of the page's array" },
    freeStart: { at: 34, type: 'u16', doc: 'first byte of the gap between what grows up and what grows down' },
    freeEnd: { at: 36, type: 'u16', doc: 'first byte after that gap' },
    garbage: { at: 38, type: 'u16', doc: 'bytes outside the gap that a compaction would win' },
    owner: { at: 40, type: 'u32', doc: 'table id (heap, overflow, version), root page (index, map), 0 elsewhere' },
    right: { at: 44, type: 'u32', doc: 'next page of a chain or level; NO_PAGE (0xffffffff) at its end' },
    extra0: { at: 48, type: 'u32', doc: "the page type's own" },
    extra1: { at: 52, type: 'u32', doc: "the page type's own" },
    extra2: { at: 56, type: 'u32', doc: "the page type's own" },
    extra3: { at: 60, type: 'u32', doc: "the page type's own" },
  },
});

/** What a page is. Numbers are stored: retire one, never reuse it. 0 is a page that nobody has formatted. */
export const PAGE_TYPE_META = 1;
export const PAGE_TYPE_HEAP = 2;
export const PAGE_TYPE_BTREE_INNER = 3;
export const PAGE_TYPE_BTREE_LEAF = 4;
export const PAGE_TYPE_HASH = 5;
export const PAGE_TYPE_OVERFLOW = 6;
export const PAGE_TYPE_FREE_SPACE = 7;
export const PAGE_TYPE_VERSION = 8;
export const PAGE_TYPE_COLUMN_EXTENT = 9;
export const PAGE_TYPE_ALLOCATION = 10;
export const PAGE_TYPE_HEAP_MAP = 11;
export const PAGE_TYPE_SEQUENCE = 12;
/** The greatest of them. */
export const PAGE_TYPE_MAX = 12;

const NAMES = [
  'unformatted',
  'meta',
  'heap',
  'B+tree inner',
  'B+tree leaf',
  'hash',
  'overflow',
  'free space',
  'version',
  'column extent',
  'allocation',
  'heap map',
  'sequence',
];

/** A page type's name for messages and the inspector. */
export function pageTypeName(type: number): string {
  return NAMES[type] ?? `unknown type ${type}`;
}

/** flags: no stamp in flight, no tombstone, body or forwarding slot on the page; greatestStamp is exact (SM-P1). */
export const PAGE_ALL_VISIBLE = 1;
/** flags: besides, no index has an entry for another key of a row on the page than the row has now (SM-P2). Only with PAGE_ALL_VISIBLE. */
export const PAGE_ENTRIES_EXACT = 2;
/**
 * flags: a slot was freed whose row had had other keys, or may have: indexes may still have entries for them, and whoever gets the slot
 * is not to be taken for theirs. Never with PAGE_ENTRIES_EXACT (SM-P2).
 */
export const PAGE_KEYS_LEFT = 4;

/**
 * Page ids of the temporary file have the highest bit set (as Int32 they are negative): the same cache, never logged,
 * never checkpointed, gone at the next open.
 */
export const TEMPORARY_PAGE: number = 0x80000000 | 0;

/** No page, as the u32 that is stored in pages; as an Int32 it is NO_PAGE of shm/types.ts. */
export const NO_PAGE_STORED = 0xffffffff;
