/**
 * What a query thread and its owner say to each other.
 *
 *   owner   query n: text, values -->                 answer, as often as there are rows: <-- rows n, ...
 *           credits += 1 per batch read               <-- end n (changes), or error n
 *
 * The thread sends as many batches as it has credits and then sleeps: a reader that is slow does not fill the memory.
 */

import type { PlainError } from '../../shm/errors.ts';
import type { DatabaseHandle } from './database.ts';

export interface QueryRequest {
  readonly number: number;
  readonly text: string;
  readonly values: readonly unknown[];
}

export type QueryAnswer =
  | { readonly kind: 'ready'; readonly session: number }
  | { readonly kind: 'rows'; readonly number: number; readonly rows: unknown[] }
  | { readonly kind: 'end'; readonly number: number; readonly changes: number }
  | { readonly kind: 'error'; readonly number: number; readonly error: PlainError };

/** Words of the shared array: batches that may be sent, and the number of the query that is to stop (0: none). */
export const CREDITS = 0;
export const STOP = 1;
export const QUERY_WORDS = 2;

/** Batches under way at most. */
export const BATCHES = 4;
export const BATCH_ROWS = 1000;

export interface QueryWorkerData {
  readonly handle: DatabaseHandle;
  readonly words: Int32Array;
}
