/**
 * Loads and stores of shared words that need no more than their order: x64 keeps loads in order among each other, and stores, so
 * plain ones do there. Atomics.load and Atomics.store are calls in V8, and the latter waits until all stores before it have reached
 * memory, which is for who must not look before it was seen (publishing, then looking whether somebody else has).
 *
 * Not for who looks at one word twice with neither a call nor a store in between, as readers do that validate what they have read,
 * nor for loops that do nothing but look: a compiler may take the first look for the second. Those call Atomics.load.
 * Generated accessors have both: loadX() is Atomics.load, peekX() is this one.
 *
 * Indexes are those of the Int32Array.
 */

const inOrder = process.arch === 'x64';

/** What other threads have stored, all before it included. */
export const loadInOrder = (i32: Int32Array, word: number): number => (inOrder ? i32[word] : Atomics.load(i32, word));

/** Who sees it sees all that was stored before. The caller alone writes the word, or holds what guards it. */
export function storeInOrder(i32: Int32Array, word: number, value: number): void {
  if (inOrder) i32[word] = value;
  else Atomics.store(i32, word, value);
}
