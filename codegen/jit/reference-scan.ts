/**
 * Whether a table has rows with a key that a transaction's snapshot does not show: others have committed them since it was taken. A
 * reader that keeps its snapshot cannot say what refers to a row that it deletes (TX-T10): it fails, and runs again.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { CompileEnvironment } from '../../engine/plan/program.ts';
import { HEAP_SLOTS_MAX } from '../../engine/storage/heap/heap-page.ts';
import { privateViews } from '../../engine/storage/rows/byte-views.ts';
import { imageLayout, ROW_DELETED, ROW_SCRATCH_BYTES } from '../../engine/storage/rows/row-image.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { heapPage, heapPageCount } from '../../engine/storage/space/heap-map.ts';
import { copyNewest } from '../../engine/txn/row-read.ts';
import { SNAPSHOT, type Transaction } from '../../engine/txn/transactions.ts';
import { arrayDecoder } from '../rows/decoder.ts';

export function newerRows(
  environment: CompileEnvironment,
  tx: Transaction,
  table: CatalogTable,
  attributes: readonly number[],
  values: readonly RowValue[],
): boolean {
  const runtime = environment.runtime(table);
  const { space } = environment.kernel.parts;
  const image = privateViews(ROW_SCRATCH_BYTES);
  const current = privateViews(ROW_SCRATCH_BYTES);
  const decode = arrayDecoder(runtime.layout);
  const fetch = environment.kernel.overflowFetch();
  const places = attributes.map(
    (attribute) => (table.columns.find(({ number }) => number === attribute) as CatalogTable['columns'][number]).kernelColumn,
  );
  const pages = heapPageCount(space, runtime.mapRoot);
  for (let index = 0; index < pages; index++) {
    const page = heapPage(space, runtime.mapRoot, index);
    for (let slot = 0; slot < HEAP_SLOTS_MAX; slot++) {
      if (!copyNewest(tx.context, page, slot, image, 0)) continue;
      if (!(image.f64[0] > tx.times[SNAPSHOT]) || (image.i32[3] & ROW_DELETED) !== 0) continue;
      let views = image;
      if (imageLayout(image.i32, 0) !== runtime.layout.number) {
        runtime.upgrade(image, 0, current, 0);
        views = current;
      }
      const row = decode(views.i32, views.u16, views.u8, views.f64, views.bytesView, 0, fetch);
      if (places.every((place, at) => String(row[place]) === String(values[at]))) return true;
    }
  }
  return false;
}
