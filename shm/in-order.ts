/**
 * Loads and stores of shared words that need no more than their order: x64 keeps loads in order among each other, and stores, so
 * plain ones do there. Atomics.load and Atomics.store are calls in V8, and the latter waits until all stores before it have reached
 * memory, which is for who must not look before it was seen (publishing, then looking whether somebody else has).
 *
 * Indexes are those of the Int32Array. Not for loops that do nothing but look: those call Atomics.load.
 */

const inOrder = process.arch === 'x64';

/** What other threads have stored, all before it included. */
export const loadInOrder = (i32: Int32Array, word: number): number => (inOrder ? i32[word] : Atomics.load(i32, word));

/** Who sees it sees all that was stored before. The caller alone writes the word, or holds what guards it. */
export function storeInOrder(i32: Int32Array, word: number, value: number): void {
  if (inOrder) i32[word] = value;
  else Atomics.store(i32, word, value);
}
