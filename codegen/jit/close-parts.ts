/** What is to be given back at the end of a run, of all the parts of a state. */

import { HeldPart } from './held-part.ts';
import { IndexReader } from './index-source.ts';
import { ScanReader } from './scan-source.ts';
import { Sorter } from './sorter.ts';

const isHolding = (part: unknown): part is { close(): void } =>
  part instanceof Sorter || part instanceof ScanReader || part instanceof IndexReader || part instanceof HeldPart;

export function closeParts(parts: readonly unknown[]): void {
  for (const part of parts) if (isHolding(part)) part.close();
}
