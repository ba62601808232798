/** What a session has of its own that catalogs show: settings, prepared statements, cursors. */

import type { SqlType } from '../sblr/types.ts';

/** What values a setting takes, as pg_settings tells it. */
export interface Domain {
  readonly kind: 'bool' | 'integer' | 'real' | 'enum' | 'string';
  readonly least?: number;
  readonly greatest?: number;
  readonly words?: readonly string[];
}

/** A setting as a session has it. */
export interface SettingFact {
  readonly name: string;
  readonly value: string;
  readonly initial: string;
  readonly description: string;
  readonly domain: Domain;
  readonly readOnly: boolean;
  readonly unit: 'ms' | 'kB' | null;
  readonly isSet: boolean;
}

/** A prepared statement, as pg_prepared_statements shows it. */
export interface PreparedFact {
  readonly name: string;
  readonly text: string;
  /** Microseconds since 1970. */
  readonly madeAt: number;
  readonly types: readonly SqlType[];
  readonly isOfSql: boolean;
}

/** An open cursor, as pg_cursors shows it. */
export interface CursorFact {
  readonly name: string;
  readonly text: string;
  readonly scroll: boolean;
  readonly hold: boolean;
  readonly binary: boolean;
  readonly madeAt: number;
}

/** An advisory lock that a session has, or waits for. */
export interface LockFact {
  readonly session: number;
  readonly process: number;
  /** Number of the database, as the catalog has it. */
  readonly database: number;
  /** 1: the key is one int8, in two words; 2: it is two int4. */
  readonly space: 1 | 2;
  readonly high: number;
  readonly low: number;
  readonly shared: boolean;
  readonly granted: boolean;
}

/** What a session has of its own. */
export interface SessionFacts {
  settings(): Iterable<SettingFact>;
  preparedStatements(): Iterable<PreparedFact>;
  openCursors(): Iterable<CursorFact>;
  /** Of all sessions. */
  advisoryLocks(): Iterable<LockFact>;
}
