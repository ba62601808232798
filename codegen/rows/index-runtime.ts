/** Everything generated for one index, in the form storage and txn take it. */

import type { RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { IndexRuntime } from '../../engine/storage/rows/runtime.ts';
import { indexKind, type KeyColumn, keyExtractor, sameKeyTest, wideKeyExtractor } from './key-extractor.ts';

/** What the catalog knows of an index. */
export interface IndexDefinition {
  readonly id: number;
  readonly root: number;
  readonly keys: readonly KeyColumn[];
  readonly unique: boolean;
  readonly nullsDistinct: boolean;
}

/** The runtime of an index over images of `layout`. */
export function indexRuntime(layout: RowLayout, index: IndexDefinition): IndexRuntime {
  const kind = indexKind(layout, index.keys);
  const [first] = index.keys;
  return {
    id: index.id,
    root: index.root,
    kind,
    unique: index.unique,
    nullsDistinct: index.nullsDistinct,
    word: kind === 'i32' && first.descending !== true ? layout.columns[first.column].at >> 2 : -1,
    extract: keyExtractor(layout, index.keys, kind),
    extractWide: wideKeyExtractor(layout, index.keys, kind),
    sameKey: sameKeyTest(layout, index.keys),
    list: null,
  };
}
