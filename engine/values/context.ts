/**
 * What values need to know of the session and the statement: the part of StatementContext (engine/plan/program.ts) that primitives
 * read. Drawn once a statement.
 */

import type { TypeDirectory } from './user-types.ts';

/** A lock by agreement: one int8 as two words, or two int4 (space 2). */
export interface LockWish {
  readonly space: 1 | 2;
  readonly high: number;
  readonly low: number;
  readonly shared: boolean;
  readonly toEnd: boolean;
}

export interface ValueContext {
  /** Microseconds since 1970: statement_timestamp(), and start of the transaction: now(). */
  readonly statementTime: number;
  readonly transactionTime: number;
  /** IANA name, or an offset as SET TIME ZONE takes it. */
  readonly timeZone: string;
  readonly user: string;
  readonly sessionUser: string;
  readonly database: string;
  readonly schema: string;
  /** Schemas that are searched, in order. */
  readonly searchPath?: readonly string[];
  setting(name: string): string | null;
  /** Sets it, null: to its initial value; `local`: to the end of the transaction. Returns the value as it is kept. */
  setSetting(name: string, value: string | null, local: boolean): string;
  /** Whether a role may do that; left out: there are no rights. `object`: number, or the name of what has none. */
  mayDo?(role: number, kind: string, object: number | string, column: string | number | null, right: string): boolean;
  /** Of a client behind a socket with addresses, as values of type inet. */
  readonly connection?: {
    readonly clientAddress: string;
    readonly clientPort: number;
    readonly serverAddress: string;
    readonly serverPort: number;
  };
  /** Numbers of random() come from there from now on. */
  setRandom?(source: () => number): void;
  /** 0 <= x < 1. */
  random(): number;
  clock(): number;
  nextValue(sequence: number): number | bigint;
  currentValue(sequence: number): number | bigint;
  setValue(sequence: number, value: number | bigint, called: boolean): void;
  lastValue(): number | bigint;
  sequenceByName(name: string): number;
  /** Left out: the process itself. */
  readonly processId?: number;
  /** What waits: sleeping, and locks by agreement; left out: nothing waits, and nobody has a lock. */
  readonly waits?: {
    sleep(seconds: number): void;
    lock(wish: LockWish, waits: boolean): boolean;
    letGo(wish: LockWish): boolean;
    letGoAll(): void;
    once<Result>(key: string, body: () => Result): Result;
  };
  /** Asks another session to end what it does ('cancel'), or itself. False: there is none. 42501 */
  signal?(processId: number, what: 'cancel' | 'terminate'): boolean;
  /** Processes that another one waits for. */
  blockedBy?(processId: number): readonly number[];
  /** NOTIFY; 55000 where there is no session. */
  notify?(channel: string, payload: string): void;
  /** Types and objects of the catalog; left out: there are only built-in ones. */
  readonly types?: TypeDirectory;
}
