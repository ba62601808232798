/**
 * The pages of a table as a whole: made when it is created, given back when it is dropped or its creation is undone.
 *
 * Giving back goes over many log groups, and a crash may come between any two of them; so it must be possible to begin again. A
 * page is given back only if the bitmaps say it is in use and its header says it is this table's: what was given back before,
 * or belongs to somebody else by now, is passed over. What says that the work is done (a compensation record, the deleted row of
 * sys.tables) is written in the same stay inside the engine: nobody gets the pages before it stands in the log (SM-F2).
 */

import { createIndex } from '../storage/btree/create.ts';
import { childPage, nodeCount } from '../storage/btree/node.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import { pageLevel, pageOwner, pageType } from '../storage/page.layout.gen.ts';
import { PAGE_TYPE_BTREE_INNER, PAGE_TYPE_BTREE_LEAF, PAGE_TYPE_HEAP_MAP, PAGE_TYPE_SEQUENCE } from '../storage/page.layout.ts';
import { PAGE_USED } from '../storage/space/allocation-page.ts';
import { giveBackPage, retireHeapMap } from '../storage/space/heap-map-extents.ts';
import { createHeapMap, eachHeapMapRun } from '../storage/space/heap-map.ts';
import { pageUse } from '../storage/space/space.ts';
import { freeTemporaryPages } from '../storage/space/temporary-pages.ts';
import type { KernelParts } from './kernel-parts.ts';
import {
  type IndexDefinition,
  keyColumns,
  kindOfIndex,
  type StoredIndex,
  type StoredTable,
  type TableDefinition,
} from './table-definition.ts';

/** What giving back needs of the kernel's parts. */
export type PageParts = Pick<KernelParts, 'cache' | 'space'>;

/** Makes the pages of a table: map and indexes, all empty. Each is a log group of its own. 53100. */
export function createTablePages(
  parts: KernelParts,
  definition: TableDefinition,
  id: number,
  nextIndexId: () => number,
): StoredTable {
  const temporary = definition.temporary === true;
  const logged = !temporary && definition.logged !== false;
  const indexes = (definition.indexes ?? []).map((index) =>
    createIndexPages(parts, definition.columns, index, nextIndexId(), logged, temporary),
  );
  const mapRoot = createHeapMap(parts.space, id, temporary);
  return { id, name: definition.name, mapRoot, logged, temporary, layouts: [definition.columns], indexes, roots: [] };
}

/** Makes an empty index. */
export function createIndexPages(
  parts: KernelParts,
  columns: TableDefinition['columns'],
  definition: IndexDefinition,
  id: number,
  logged: boolean,
  temporary: boolean,
): StoredIndex {
  const keys = keyColumns(columns, definition);
  const method = definition.method ?? 'btree';
  const keyKind = kindOfIndex(columns, keys);
  const root = createIndexRoot(parts, { method, kind: keyKind }, logged, temporary);
  return {
    id,
    name: definition.name,
    root,
    kind: keyKind,
    method,
    unique: definition.unique === true,
    nullsDistinct: definition.nullsDistinct !== false,
    keys,
  };
}

/** An empty root: of hashes for a hash index, of tokens for a gin index. */
export function createIndexRoot(
  parts: KernelParts,
  index: Pick<StoredIndex, 'method' | 'kind'>,
  logged: boolean,
  temporary: boolean,
): number {
  return createIndex(parts.tree, index.method === 'btree' ? index.kind : 'i64', logged, temporary);
}

/**
 * Gives all pages of a table back: its indexes, then its map with all that is in it. `lsn` is the end of the commit that dropped
 * it, 0 for an undone creation. Nobody uses the table any more.
 */
export function freeTablePages(parts: PageParts, mapRoot: number, indexRoots: readonly number[], lsn: number): void {
  for (const root of indexRoots) freeIndexPages(parts, root, lsn);
  if (mapRoot !== 0 && (mapRoot < 0 || isMapOf(parts, mapRoot))) retireHeapMap(parts.space, mapRoot, lsn);
}

/** Gives the pages of an index back, children before their parents; or the page of a sequence, which is its own root. */
export function freeIndexPages(parts: PageParts, root: number, lsn: number): void {
  freeNode(parts, root, root, lsn);
}

function freeNode(parts: PageParts, root: number, page: number, lsn: number): void {
  const children = childrenOf(parts, root, page);
  if (children === null) return;
  for (const child of children) freeNode(parts, root, child, lsn);
  if (page < 0) freeTemporaryPages(parts.space, page, 1);
  else giveBackPage(parts.space, page, lsn);
}

/** The pages that a dropped table still has: some may have gone back already, and be others' by now. */
export function eachPageLeft(
  parts: PageParts,
  mapRoot: number,
  indexRoots: readonly number[],
  visit: (first: number, count: number) => void,
): void {
  const walk = (root: number, page: number): void => {
    const children = childrenOf(parts, root, page);
    if (children === null) return;
    visit(page, 1);
    for (const child of children) walk(root, child);
  };
  for (const root of indexRoots) walk(root, root);
  if (mapRoot < 0 || (mapRoot > 0 && isMapOf(parts, mapRoot))) eachHeapMapRun(parts.space, mapRoot, visit);
}

const copied = new Int32Array(1024);

/** Pages below a node; null when the page is not in use as a node of this index, or as this sequence. */
function childrenOf(parts: PageParts, root: number, page: number): number[] | null {
  if (page >= 0 && pageUse(parts.space, page) !== PAGE_USED) return null;
  const frame = holdPage(parts.cache, page);
  const views = pageViews(parts.cache, frame);
  const at = pagePlace(parts.cache, frame);
  const type = pageType(views.u8, at);
  const node = type === PAGE_TYPE_BTREE_INNER || type === PAGE_TYPE_BTREE_LEAF;
  const own = (node || type === PAGE_TYPE_SEQUENCE) && (pageOwner(views.u32, at) | 0) === root;
  const count = own && node && pageLevel(views.u16, at) > 0 ? nodeCount(views, at) : 0;
  for (let index = 0; index < count; index++) copied[index] = childPage(views, at, index);
  releasePage(parts.cache, frame);
  return own ? [...copied.subarray(0, count)] : null;
}

function isMapOf(parts: PageParts, mapRoot: number): boolean {
  if (pageUse(parts.space, mapRoot) !== PAGE_USED) return false;
  const frame = holdPage(parts.cache, mapRoot);
  const views = pageViews(parts.cache, frame);
  const at = pagePlace(parts.cache, frame);
  const own = pageType(views.u8, at) === PAGE_TYPE_HEAP_MAP;
  releasePage(parts.cache, frame);
  return own;
}
