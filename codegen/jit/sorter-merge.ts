/**
 * Rows with sort keys that several threads have collected, put together (gather-fill.ts): each thread keeps what one would keep of its
 * rows, all of them or the first ones of the order, and the leader sorts the rest. Of equal keys the row that one thread would have
 * met first comes first: rows are put behind each other in the order of their morsels.
 *
 * A TopN moves its rows while it passes over others: each row then says of which morsel it is. Rows of one morsel, and of those the
 * ones with equal keys, stay in the order in which they came.
 */

import { type GatherFill, type Part, runsOf, sharedCopy } from './gather-fill.ts';
import type { RowSorter } from './row-sorter.ts';
import type { ColumnImage } from './row-store.ts';
import type { State } from './state.ts';

/** What one thread has, as another one sees it. */
interface SorterImage {
  readonly count: number;
  readonly columns: readonly ColumnImage[];
  readonly keys: Uint8Array;
  readonly ends: Int32Array;
  /** Of a TopN: the morsel of each row. */
  readonly morsels: Int32Array | null;
  readonly extra: number;
}

/** Rows behind each other: of the image with that number, behind `from` up to `to`. */
type Piece = { readonly part: number; readonly from: number; readonly to: number };

export class MergedSort implements GatherFill {
  /** Number of the RowSorter among a state's parts. */
  readonly #part: number;

  constructor(part: number) {
    this.#part = part;
  }

  #of(c: State): RowSorter {
    return c.parts[this.#part] as RowSorter;
  }

  begin(c: State): void {
    this.#of(c).tracksMorsels();
  }

  count(c: State, morsel: number): number {
    const sorter = this.#of(c);
    sorter.noteMorsel(morsel);
    return sorter.count;
  }

  isFull(c: State): boolean {
    return this.#of(c).hasRuns;
  }

  image(c: State): SorterImage | null {
    const sorter = this.#of(c);
    const { count, used, extra } = sorter;
    const columns = sorter.columnImages();
    if (columns === null) return null;
    const morsels = sorter.morselsOfRows();
    return {
      count,
      columns,
      keys: sharedCopy(sorter.keys, used),
      ends: sharedCopy(sorter.ends, count + 1),
      morsels: morsels === null ? null : sharedCopy(morsels, count + 1),
      extra,
    };
  }

  merge(c: State, parts: readonly Part[]): boolean {
    const sorter = this.#of(c);
    const { count, keys, ends, extra } = sorter;
    const own: SorterImage = { count, columns: sorter.ownColumns, keys, ends, morsels: sorter.morselsOfRows(), extra };
    const images = parts.map(({ image }) => (image === null ? own : (image as SorterImage)));
    const pieces = own.morsels === null ? runsOf(parts, 0) : piecesOf(images);
    const rows = images.reduce((sum, image) => sum + image.count, 0);
    const bytes = images.reduce((sum, image) => sum + image.ends[image.count], 0);
    const texts = sorter.columns.map(({ kind }, column) =>
      kind === 't' ? images.reduce((sum, image) => sum + (image.columns[column].data as Int32Array)[image.count], 0) : 0,
    );
    sorter.beginMerged(rows, texts);
    sorter.extra = images.reduce((sum, image) => sum + image.extra, 0);
    sorter.takeKeys(new Uint8Array(bytes));
    sorter.ends = new Int32Array(rows + 1);
    sorter.used = 0;
    for (const { part, from, to } of pieces) append(sorter, images[part], from, to);
    sorter.end = sorter.used;
    return sorter.fits;
  }
}

function append(sorter: RowSorter, image: SorterImage, from: number, to: number): void {
  const { keys, ends } = image;
  const moved = sorter.used - ends[from];
  sorter.keys.set(keys.subarray(ends[from], ends[to]), sorter.used);
  for (let row = from + 1, at = sorter.count + 1; row <= to; row++, at++) sorter.ends[at] = ends[row] + moved;
  sorter.used = ends[to] + moved;
  sorter.appendRows(image.columns, from, to);
}

/** Single rows by their morsels; those of one morsel as they lie. */
function piecesOf(images: readonly SorterImage[]): Piece[] {
  const all: (Piece & { readonly morsel: number })[] = [];
  images.forEach(({ count, morsels }, part) => {
    for (let row = 1; row <= count; row++) all.push({ part, from: row - 1, to: row, morsel: (morsels as Int32Array)[row] });
  });
  return all.sort((a, b) => a.morsel - b.morsel);
}
