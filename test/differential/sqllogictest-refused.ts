/**
 * What is refused of the sqllogictest corpus, by SQLSTATE and statement: 0A000, and what follows from it, statements about objects
 * that were not made. `records` is how many there are where every record of the corpus runs.
 */

export interface Refused {
  readonly what: string;
  readonly code: '0A000' | '42P01';
  readonly files: RegExp;
  readonly statement: RegExp;
  readonly records: number;
}

/** None: everything is done that the corpus asks of PostgreSQL. */
export const REFUSED: readonly Refused[] = [];
