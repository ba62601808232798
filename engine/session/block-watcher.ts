import type { CursorFact, PreparedFact } from '../catalog/session-facts.ts';

/** What ends with a block or a part of it: cursors with names. */
export interface BlockWatcher {
  /** Before its transaction ends; `committed` false: it is rolled back. */
  blockEnds(committed: boolean): void;
  /** Back to a savepoint: `count` of them are left. */
  rolledBackTo(count: number): void;
  released(count: number): void;
  /** What the session has under names. */
  preparedStatements(): Iterable<PreparedFact>;
  openCursors(): Iterable<CursorFact>;
}
