/**
 * What an interleaving case is: a module that exports `interleaving`, an object of this type. It is imported by the scheduler's
 * thread, which calls setup, check and teardown, and by one worker a session, which call `session`.
 */

export interface InterleavingCase<Payload, Result> {
  /** The rule it is about first: 'SM-B3: two inserts of one key'. */
  readonly name: string;
  readonly sessions: number;
  /** Before each run, on the scheduler's thread. What it returns goes to every session by structured clone. */
  setup(): Payload;
  /** One session's part, on its own thread; stops at every yield point. A promise: that of an event loop. `run` counts the runs of this process. */
  session(payload: Payload, session: number, run: number): Result | Promise<Result>;
  /** After each run, with the results of the sessions: throws when something is wrong. */
  check(payload: Payload, results: readonly SessionResult<Result>[]): void;
  /** After each run, also a failed one. */
  teardown(payload: Payload): void;
}

/** What a session returned, or the error it ended with. */
export type SessionResult<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly code: string; readonly message: string };
