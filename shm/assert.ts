/**
 * Assertions. A false one is a bug in the engine, never a fault of the user's SQL or data: those are SqlError (errors.ts).
 *
 * Messages are literals: building a message before the check fails costs ten times the check (style.md 3).
 */

/** An invariant of the engine does not hold. Nothing catches it to carry on: crash rather than corrupt. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws InvariantError unless the condition holds. The message is a literal that states what should be true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
