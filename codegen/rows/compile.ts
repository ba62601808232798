/**
 * Turns generated source into functions, once for each text and thread (SBLR-G4: equal shapes give equal text).
 *
 * Everything generated source needs from outside comes in as an argument of its factory: helpers of ours, and what differs
 * between tables of one shape (layout numbers, names of columns, collations). So nothing of the user's is in the text.
 */

const factories = new Map<string, (...given: never[]) => unknown>();

/** Texts that are kept, the newest: what still runs holds its functions itself. */
const FACTORIES_MAX = 4000;
/** Characters of them: joins of sixty tables are a megabyte each. */
const CHARACTERS_MAX = 8 << 20;

let kept = 0;
let compiled = 0;

/** Source texts this thread has compiled: for the test that looks for names in them. */
export const compiledSources = (): IterableIterator<string> => factories.keys();

/** Characters of source that this thread has compiled so far. */
export const compiledCharacters = (): number => compiled;

/** The value of `body` (statements that end in a return) with `parameters` bound to `given`. */
export function compile<Result>(body: string, parameters: string, given: readonly unknown[]): Result {
  const text = `${parameters}=>${body}`;
  let factory = factories.get(text);
  if (factory === undefined) {
    factory = new Function(...parameters.split(','), `'use strict';${body}`) as (...given: never[]) => unknown;
    compiled += text.length;
    keep(text, factory);
  }
  return factory(...(given as never[])) as Result;
}

function keep(text: string, factory: (...given: never[]) => unknown): void {
  kept += text.length;
  for (const oldest of factories.keys()) {
    if (factories.size < FACTORIES_MAX && kept <= CHARACTERS_MAX) break;
    factories.delete(oldest);
    kept -= oldest.length;
  }
  factories.set(text, factory);
}
