/**
 * Generates the loop of a scan over row images: one function for a whole page whose rows are all visible, one for a list of
 * row offsets (the visible rows of a mixed page, or images copied out of version chains). A call handles one page or one
 * list and returns (SBLR-G1): V8 compiles what is called often, and a driver calls it.
 *
 *   page(i32, u32, u16, u8, f64, page, slotCount, s)        rows(i32, u32, u16, u8, f64, offsets, count, s)
 *     begin                                                   begin
 *     for each slot that holds a row                          for each offset
 *       c<n> = column n, n<n> = 1 if it is NULL                 the same
 *       row                                                     the same
 *     end                                                     end
 *
 * `s` is a Float64Array: parameters and accumulators. The three fragments are code that the compiler emits: they see s, row
 * (the byte offset), the views, and for each wanted column c<n> (numbers as doubles or int32; of variable-width columns the
 * byte offset) and n<n> (nullable columns: 0 or 1) or l<n> (variable width: length). Nothing of the user's is in them (SBLR-G4).
 * Equal text is compiled once a thread.
 */

import { assert } from '../../shm/assert.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import type { PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { PageLoop, RowLoop, ScanLoops } from '../../engine/storage/rows/scan-loops.ts';

export interface ScanFragments {
  /** Columns that the fragments use, by index in the layout. */
  readonly columns: readonly number[];
  /** Before the first row: `let sum = s[0];` */
  readonly begin: string;
  /** For each row. */
  readonly row: string;
  /** After the last row: `s[0] = sum;` */
  readonly end: string;
}

const compiled = new Map<string, ScanLoops>();
/** Shapes kept a thread; past it the oldest goes. */
const COMPILED_MAX = 1000;

/** The two loops for images of this layout. Throws only for an invalid column list: fragments are the compiler's own. */
export function generateScanLoops(layout: RowLayout, fragments: ScanFragments): ScanLoops {
  const reads = fragments.columns.map((index) => {
    assert(index >= 0 && index < layout.columns.length, 'a scan reads columns of its layout');
    return readColumn(layout.columns[index]);
  });
  const body = [...reads, fragments.row].join('\n');
  const key = `${fragments.begin}\u0000${body}\u0000${fragments.end}`;
  let loops = compiled.get(key);
  if (loops === undefined) {
    loops = compile(fragments, body);
    if (compiled.size >= COMPILED_MAX) compiled.delete(compiled.keys().next().value as string);
    compiled.set(key, loops);
  }
  return loops;
}

function compile(fragments: ScanFragments, body: string): ScanLoops {
  const views = ['i32', 'u32', 'u16', 'u8', 'f64'];
  // The directory grows down from the page's end: slot s at end - 4 * (s + 1), capacity 0 is a free slot.
  const page = `${fragments.begin}
for (let d = ((page + ${PAGE_BYTES}) >> 2) - 1, stop = d - slotCount; d > stop; d--) {
const slot = i32[d];
if (slot === 0) continue;
const row = page + (slot & 8191);
${body}
}
${fragments.end}`;
  const rows = `${fragments.begin}
for (let at = 0; at < count; at++) {
const row = offsets[at];
${body}
}
${fragments.end}`;
  return {
    page: new Function(...views, 'page', 'slotCount', 's', page) as PageLoop,
    rows: new Function(...views, 'offsets', 'count', 's', rows) as RowLoop,
  };
}

/** `const c3 = i32[(row + 24) >> 2];` and the like. */
export function readColumn(column: PlacedColumn): string {
  const n = column.index;
  const lines: string[] = [];
  if (column.nullBit >= 0) {
    lines.push(`const n${n} = (i32[(row + ${16 + (column.nullBit >> 5) * 4}) >> 2] >>> ${column.nullBit & 31}) & 1;`);
  }
  lines.push(readValue(column, n));
  return lines.join('\n');
}

function readValue(column: PlacedColumn, n: number): string {
  const word = `(row + ${column.at}) >> 2`;
  switch (column.kind) {
    case 'bool':
    case 'int16':
    case 'int32':
    case 'date':
      return `const c${n} = i32[${word}];`;
    case 'int64':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return `const c${n} = i32[(row + ${column.at + 4}) >> 2] * 4294967296 + u32[${word}];`;
    case 'float32':
    case 'float64':
    case 'numeric':
      return `const c${n} = f64[(row + ${column.at}) >> 3];`;
    case 'uuid':
    case 'interval':
      return `const c${n} = row + ${column.at};`;
    case 'wideNumeric':
    case 'text':
    case 'bytes':
    case 'json':
    case 'nested':
      return `const p${n} = u32[${word}], c${n} = row + (p${n} & 65535), l${n} = p${n} >>> 16;`;
    default: {
      const never: never = column.kind;
      throw new Error(`no reader for ${String(never)}`);
    }
  }
}
