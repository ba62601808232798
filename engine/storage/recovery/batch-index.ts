/** Which batch a log position lies in: parallel arrays that grow, in log order. Undo finds records by it. */

export interface BatchIndex {
  count: number;
  lsn: Float64Array;
  length: Uint32Array;
  segment: Uint32Array;
  offset: Uint32Array;
}

export function makeBatchIndex(capacity = 1024): BatchIndex {
  return {
    count: 0,
    lsn: new Float64Array(capacity),
    length: new Uint32Array(capacity),
    segment: new Uint32Array(capacity),
    offset: new Uint32Array(capacity),
  };
}

export function addBatch(index: BatchIndex, lsn: number, length: number, segment: number, offset: number): void {
  if (index.count === index.lsn.length) grow(index);
  const at = index.count++;
  index.lsn[at] = lsn;
  index.length[at] = length;
  index.segment[at] = segment;
  index.offset[at] = offset;
}

function grow(index: BatchIndex): void {
  const larger = makeBatchIndex(index.count * 2);
  larger.lsn.set(index.lsn);
  larger.length.set(index.length);
  larger.segment.set(index.segment);
  larger.offset.set(index.offset);
  index.lsn = larger.lsn;
  index.length = larger.length;
  index.segment = larger.segment;
  index.offset = larger.offset;
}

/** A later boot cut the log at `lsn`: batches that reach beyond end there, or go. */
export function cutBatches(index: BatchIndex, lsn: number): void {
  while (index.count > 0 && index.lsn[index.count - 1] >= lsn) index.count--;
}

/** The batch that holds a log position, or -1. After a cut the later batch holds what both have. */
export function findBatch(index: BatchIndex, lsn: number): number {
  let low = 0;
  let high = index.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (index.lsn[middle] <= lsn) low = middle + 1;
    else high = middle;
  }
  const found = low - 1;
  return found >= 0 && lsn < index.lsn[found] + index.length[found] ? found : -1;
}
