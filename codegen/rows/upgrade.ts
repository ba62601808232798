/**
 * Reading rows of older layouts: an image is copied into scratch as one of the current layout, missing columns with their
 * defaults, so that everything else knows one layout only. The default row is itself an image; nothing is generated here.
 */

import { InvariantError } from '../../shm/assert.ts';
import { type ByteViews, privateViews } from '../../engine/storage/rows/byte-views.ts';
import {
  imageLayout,
  OVERFLOW_BIT,
  ROW_BYTES_MAX,
  ROW_DELETED,
  ROW_LENGTH_MASK,
  ROW_NULLS,
  ROW_OVERFLOW,
  ROW_SCRATCH_BYTES,
} from '../../engine/storage/rows/row-image.ts';
import { layoutRow, type PlacedColumn, type RowLayout } from '../../engine/storage/rows/row-layout.ts';
import { createRowInput, type RowValue } from '../../engine/storage/rows/row-value.ts';
import { encodeError, rowEncoder } from './encoder.ts';

/** As TableRuntime.upgrade: returns the length of the new image, or -1 when it does not fit a page. */
export type RowUpgrade = (from: ByteViews, row: number, to: ByteViews, toRow: number) => number;

/** One column's way from an old image to a new one: the column there (null: missing) and here. */
interface Step {
  readonly from: PlacedColumn | null;
  readonly to: PlacedColumn;
}

/**
 * The upgrade of any image of `layouts` (by number) to `current`. Columns are matched by id. A missing value must fit inline
 * (2,048 bytes); errors as the encoder's for one that does not fit its column.
 */
export function rowUpgrade(layouts: readonly (RowLayout | undefined)[], current: RowLayout): RowUpgrade {
  const defaults = defaultImage(current);
  const steps = new Map<number, Step[]>();
  for (const layout of layouts) {
    if (layout === undefined || layout === current) continue;
    const byId = new Map(layout.columns.map((column) => [column.id, column]));
    steps.set(
      layout.number,
      current.columns.map((to) => ({ from: byId.get(to.id) ?? null, to })),
    );
  }
  return (from, row, to, toRow) => {
    const number = imageLayout(from.i32, row);
    const way = steps.get(number);
    if (way === undefined) throw new InvariantError('a row names a layout of its table');
    return copyColumns(current, way, from, row, defaults, to, toRow);
  };
}

function copyColumns(
  current: RowLayout,
  steps: readonly Step[],
  from: ByteViews,
  row: number,
  defaults: ByteViews,
  to: ByteViews,
  toRow: number,
): number {
  const target = to.i32;
  const first = toRow >> 2;
  for (let word = 0; word < current.fixedEnd >> 2; word++) target[first + word] = 0;
  for (let word = 0; word < 4; word++) target[first + word] = from.i32[(row >> 2) + word];
  let flags = from.i32[(row + 12) >> 2] & (ROW_DELETED | ROW_OVERFLOW);
  let end = current.fixedEnd;
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index];
    const source = step.from === null ? defaults : from;
    const sourceRow = step.from === null ? 0 : row;
    const column = step.from ?? step.to;
    if (column.nullBit >= 0 && (source.i32[(sourceRow >> 2) + 4 + (column.nullBit >> 5)] & (1 << (column.nullBit & 31))) !== 0) {
      target[first + 4 + (step.to.nullBit >> 5)] |= 1 << (step.to.nullBit & 31);
      flags |= ROW_NULLS;
    } else if (column.bytes > 0) {
      for (let word = 0; word < column.bytes >> 2; word++) {
        target[first + (step.to.at >> 2) + word] = source.i32[((sourceRow + column.at) >> 2) + word];
      }
    } else {
      const stored = source.u16[((sourceRow + column.at) >> 1) + 1];
      const length = stored & ~OVERFLOW_BIT;
      if (stored !== length) end = (end + 3) & ~3;
      if (end + length > ROW_BYTES_MAX) return -1;
      const start = sourceRow + source.u16[(sourceRow + column.at) >> 1];
      for (let byte = 0; byte < length; byte++) to.u8[toRow + end + byte] = source.u8[start + byte];
      to.u16[(toRow + step.to.at) >> 1] = end;
      to.u16[((toRow + step.to.at) >> 1) + 1] = stored;
      end += length;
    }
  }
  for (let pad = end; (pad & 7) !== 0; pad++) to.u8[toRow + pad] = 0;
  target[first + 3] = flags | (current.number << 14) | (end & ROW_LENGTH_MASK);
  return end;
}

/** An image of the layout with every column's missing value; NULL, also where the column is NOT NULL and has none. */
function defaultImage(layout: RowLayout): ByteViews {
  const views = privateViews(ROW_SCRATCH_BYTES);
  const input = createRowInput(layout.columns.length);
  for (const column of layout.columns) input.values[column.index] = column.missing ?? (column.nullable ? null : emptyOf(column));
  const length = rowEncoder(layout)(views.i32, views.u16, views.u8, views.f64, views.bytesView, 0, input.numbers, input.values);
  if (length < -1) throw encodeError(layout, length);
  if (length < 0) return defaultsOneByOne(layout, views);
  return views;
}

/** All defaults together do not fit a row, though those that one row misses may: their bytes may lie beyond a page. */
function defaultsOneByOne(layout: RowLayout, views: ByteViews): ByteViews {
  const wide = privateViews(layout.fixedEnd + layout.variableCount * 2056 + ROW_SCRATCH_BYTES);
  let end = layout.fixedEnd;
  for (const column of layout.columns) {
    const alone = layoutRow([{ ...column, id: 0 }]);
    const input = createRowInput(1);
    input.values[0] = column.missing ?? (column.nullable ? null : emptyOf(column));
    const length = rowEncoder(alone)(views.i32, views.u16, views.u8, views.f64, views.bytesView, 0, input.numbers, input.values);
    if (length < 0) throw encodeError(layout, -(2 + column.index * 4 + 2));
    end = moveDefault(alone.columns[0], views, column, wide, end);
  }
  return wide;
}

function moveDefault(from: PlacedColumn, views: ByteViews, to: PlacedColumn, wide: ByteViews, end: number): number {
  if (from.nullBit >= 0 && (views.i32[4] & 1) !== 0) {
    wide.i32[4 + (to.nullBit >> 5)] |= 1 << (to.nullBit & 31);
    return end;
  }
  for (let byte = 0; byte < from.bytes; byte++) wide.u8[to.at + byte] = views.u8[from.at + byte];
  if (from.bytes > 0) return end;
  const length = views.u16[(from.at >> 1) + 1];
  const start = views.u16[from.at >> 1];
  if (end + length > 0xffff) throw new InvariantError('defaults of one table stay below 64 KiB');
  wide.u8.set(views.u8.subarray(start, start + length), end);
  wide.u16[to.at >> 1] = end;
  wide.u16[(to.at >> 1) + 1] = length;
  return end + length;
}

/** What a NOT NULL column without a default reads as in rows that lack it: such a column is only added to empty tables. */
function emptyOf(column: PlacedColumn): RowValue {
  switch (column.kind) {
    case 'bool':
      return false;
    case 'text':
    case 'json':
      return '';
    case 'bytes':
      return new Uint8Array(0);
    case 'nested':
      return { kind: 'record', types: [], fields: [] };
    case 'uuid':
      return new Uint8Array(16);
    case 'interval':
      return { months: 0, days: 0, microseconds: 0 };
    case 'numeric':
    case 'wideNumeric':
      return '0';
    default:
      return 0;
  }
}
