/**
 * The connection side of the plugin contract: what a dialect is given for each connection, and what it gives (C1 to C4).
 *
 *   socket bytes --> host --consume(bytes, start, end)--> the dialect's state machine
 *                      <-- whole messages taken ------------+
 *                                                           |  session.prepare, portal.execute ...
 *   socket <-- host, once per batch <-- output: messages, rows
 *
 * Everything is synchronous but one thing: execute() may answer PENDING (somebody holds a row, the statement runs long, the client
 * reads slowly). Then consume() takes nothing more, and the host calls resumed() when there is an outcome. Commits are no such case:
 * the host holds back what was written behind them until they are on disk; the dialect need not know.
 *
 * A plugin has no other way to the engine, the file system or the network. What it throws closes its connection (C3).
 */

import type { SqlType } from '../../engine/sblr/types.ts';
import type { Dialect } from './contract.ts';
import type { EncodedValues } from './encoded-values.ts';
import type { RowOutput } from './output.ts';
import type { RowFormat } from './row-format.ts';

/** Of this side of the contract; a plugin made for another one is refused. */
export const CONTRACT_VERSION = 1;

export type Capability = 'tls' | 'cancel' | 'copy' | 'portals' | 'notify' | 'swapWhenIdle';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly contract: number;
  readonly dialect: string;
  /** Where its clients look for it. */
  readonly port: number;
  readonly capabilities: readonly Capability[];
}

/** What a plugin exports for its wire. */
export interface WirePlugin {
  readonly manifest: Manifest;
  readonly dialect: Dialect;
  createConnection(host: ConnectionHost): WireConnection;
  /** A verifier of a new password in the form that this dialect's exchange needs (C4). */
  makeVerifier(password: string): string;
  /** Under this name a role keeps it; left out: 'scram'. */
  readonly verifierName?: string;
  /** Tries what it can without an engine: reads, writes and renders statements of its own. Throws when it is not as it should be. */
  selfTest(): void;
}

/** One connection's state machine, made by the plugin. */
export interface WireConnection {
  /** Takes whole messages out of bytes[start, end): answers where the first that it has not taken begins. The bytes are another's then. */
  consume(bytes: Buffer, start: number, end: number): number;
  /** Bytes of the message that is under way; 0: not known yet. The host keeps room for them. */
  readonly wanted: number;
  /** What execute() answered PENDING for has come to an end: an outcome or an error. */
  resumed(outcome: Outcome, error: WireError | null): void;
  /** Something is told outside any request: a notice, a notification, the last words before the host closes the connection. */
  notice(notice: WireNotice): void;
  notification(process: number, channel: string, payload: string): void;
  fatal(error: WireError): void;
  /** What was written so far leaves: the last time to fill in what the rows left free. */
  leaving?(): void;
  /** Nothing is under way: the connection waits for its client, outside a transaction. */
  readonly isIdle: boolean;
  /** The socket has gone. */
  closed(): void;
}

// ---- errors and notices ----

/** An error as the client is told: SqlError is one. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly position?: number | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  /** Of a domain: its name. */
  readonly dataType?: string | undefined;
  readonly context?: string | undefined;
}

export interface WireNotice extends WireError {
  /** 'NOTICE', 'WARNING', 'INFO', 'LOG', 'DEBUG'. */
  readonly severity: string;
}

// ---- the host of one connection ----

/** How a client has to show who it is; `verifier` is what makeVerifier() made, null when the role has no password. */
export interface Authentication {
  /** 'scram-sha-256': by the dialect's own exchange that shows no password. */
  readonly method: 'trust' | 'password' | 'scram-sha-256' | 'reject';
  readonly verifier: string | null;
}

export interface CancelKey {
  readonly process: number;
  readonly secret: Buffer;
}

export interface ConnectionHost {
  /** Name of the database that is served. */
  readonly database: string;
  /** Messages for the client; the host sends them once per batch. */
  readonly output: RowOutput;
  /** The bytes are encrypted. */
  readonly isSecure: boolean;
  /** There is a certificate: startTls() works. */
  readonly canSecure: boolean;
  /** The longest message that is taken from a client, bytes; and the longest before it has come in. */
  readonly messageBytes: number;
  readonly startupBytes: number;
  /**
   * TLS begins behind what was written so far, with what has been `received` of it, else with what comes. `protocol`: what the hello has
   * to say it is for.
   */
  startTls(received?: Buffer, protocol?: string): void;
  /** What the rules say of this user from where the connection comes. */
  authentication(user: string, database: string): Authentication;
  /** The exchange went wrong: it is logged, and an answer waits the longer the more often that happens. */
  authenticationFailed(user: string, why: string, then: () => void): void;
  /** The client is who it says; a session that it had ends. 28000, 3D000, 53300, 22023 for a setting. */
  openSession(user: string, database: string, settings: ReadonlyMap<string, string>): HostSession;
  /** What a CancelRequest has to show: a secret of so many bytes. The same each time. */
  cancelKey(secretBytes: number): CancelKey;
  /** Another connection of this server is asked to end what it runs; wrong keys are nothing. */
  cancel(process: number, secret: Buffer): void;
  /** An error as clients may see it; what is no error of SQL is logged with its stack and told as XX000. */
  told(error: unknown): WireError;
  /** Closes the connection behind what was written. */
  close(): void;
}

// ---- sessions ----

/** The statement has run to its end. */
export const DONE = 0;
/** A portal has given as many rows as were asked for; execute() goes on. */
export const SUSPENDED = 1;
/** resumed() will tell. */
export const PENDING = 2;
export type Outcome = typeof DONE | typeof SUSPENDED | typeof PENDING;

/** A column of a result. */
export interface WireColumn {
  readonly name: string;
  readonly type: SqlType;
  /** Where it comes from unchanged; 0: computed. */
  readonly table: number;
  readonly attribute: number;
}

export interface HostStatement {
  /** none: no rows and no count. copyIn, copyOut: the COPY protocol. */
  readonly kind: 'rows' | 'count' | 'none' | 'copyIn' | 'copyOut';
  /** Of the client's parameters. */
  readonly parameters: readonly SqlType[];
  /** As of now; another array once a definition has changed them. */
  readonly columns: readonly WireColumn[];
  /** Allowed in a failed block: ROLLBACK and the like. */
  readonly endsBlock: boolean;
}

/** A run of a statement that writes its rows into the connection's output. May begin again once it has ended. */
export interface HostPortal {
  /** Reads the values and runs: `rowsMax` rows at most, 0: all. Throws what the statement throws; the output is as it was then. */
  begin(values: EncodedValues, rowsMax: number): Outcome;
  /** Goes on behind SUSPENDED. */
  resume(rowsMax: number): Outcome;
  /** Rows written by the last call. */
  readonly rows: number;
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** 'SELECT', 'INSERT', 'CREATE TABLE': what has run, once it is done. */
  readonly tag: string;
  close(): void;
}

/** A COPY with the client. */
export interface HostCopy {
  /** Of the rows that come or go; and whether they are in binary form. Of one that comes in: once it has begun. */
  readonly columns: number;
  readonly isBinary: boolean;
  /** Rows so far. */
  readonly rows: number;
  /** In: the table is ready. Out: writes all rows, each a message of its own. */
  begin(): Outcome;
  /** A piece of what comes in, kept only during the call. */
  feed(bytes: Buffer): Outcome;
  /** All has come. */
  finish(): Outcome;
  /** The client has given up: the error to tell. */
  abort(why: string): unknown;
  close(): void;
}

export interface NextStatement {
  /** Null: there is none left. */
  readonly statement: HostStatement | null;
  /** Where the next one may begin. */
  readonly end: number;
}

export interface HostSession {
  readonly status: 'idle' | 'active' | 'failed';
  /** The statement of a text that begins at or behind `from`. 42601 and so on; 25P02 in a failed block. */
  next(text: string, from: number): NextStatement;
  /** The only statement of a text, null for an empty one; types by name, null where the client says nothing. */
  prepare(text: string, types: readonly (string | null)[]): HostStatement | null;
  /** The client has named a statement, or let go of the name (null): catalogs and SQL know it by that. 42P05. Of an empty text: nothing. */
  named(name: string, statement: HostStatement | null): void;
  /** The statement of that name, whoever gave it one; the same each time. */
  statementNamed(name: string): HostStatement | null;
  /** Counts up whenever a name may have come to mean another statement, or none. */
  readonly namesVersion: number;
  /** Rows that the dialect asks for itself, as texts. */
  ask(text: string): readonly (readonly (string | null)[])[];
  /** `format`: with a form for each column of the statement. */
  portal(statement: HostStatement, format: RowFormat): HostPortal;
  /** A statement of kind copyIn or copyOut. */
  copy(statement: HostStatement): HostCopy;
  /** Statements that follow are one transaction unless they say otherwise (C2). */
  beginBatch(): void;
  /** Commits what beginBatch() began, if it is still open. PENDING is not answered: see above. */
  endBatch(): void;
  /** The same after an error: rolls back; a block of the client's own has failed. */
  failBatch(): void;
  /** A setting as SHOW has it. */
  setting(name: string): string;
  /** Counts up whenever a setting may have changed. */
  readonly settingsVersion: number;
  close(): void;
}
