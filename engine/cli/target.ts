/**
 * What the command works on: a database in a directory, which it opens itself, or one that a server holds, by PostgreSQL's protocol.
 *
 *   scratchbird dump shop.sbd                       nobody has it open: opened here (embedded-target.ts)
 *   scratchbird dump shop.sbd                       a server serves it: asked through that server (server-target.ts)
 *   scratchbird dump postgres://ann@host:5432/shop  a server, ours or PostgreSQL
 *
 * Values are texts in PostgreSQL's form, whichever way they come.
 */

import { readServerFile } from '../server/server-file.ts';
import { CommandError } from './command-error.ts';

export interface TargetColumn {
  readonly name: string;
  /** As the engine calls it: 'int4', 'text[]'. */
  readonly type: string;
  /** pg_attribute.atttypmod; -1: none. */
  readonly modifier: number;
}

export type TextRow = (string | null)[];

/** What one statement answers. */
export interface Answer {
  /** Empty: it gives no rows. */
  readonly columns: readonly TargetColumn[];
  readonly rows: TextRow[];
  /** 'SELECT 5', 'CREATE TABLE'; empty when there was no statement. */
  readonly tag: string;
}

export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Target {
  /** For messages: the directory, or the server without a password. */
  readonly shown: string;
  readonly database: string;
  readonly user: string;
  readonly isServer: boolean;
  /** Of its transaction. */
  readonly status: 'idle' | 'active' | 'failed';
  /** Told of notices and warnings. */
  onNotice: ((severity: string, message: string) => void) | null;
  /** Runs one statement; throws SqlError. */
  run(text: string): Promise<Answer>;
  /** COPY ... FROM STDIN: answers how many rows came in. */
  copyIn(text: string, pieces: Pieces): Promise<number>;
  /** COPY ... TO STDOUT: its bytes. */
  copyOut(text: string): AsyncIterable<Uint8Array>;
  /** What runs ends with 57014. */
  cancel(): void;
  close(): Promise<void>;
}

export interface TargetOptions {
  /** False: there must be a database already. */
  readonly create: boolean;
  readonly cacheSize?: string;
  readonly durability?: 'commit' | 'relaxed' | 'off';
}

export const isAddress = (place: string): boolean => /^postgres(ql)?:\/\//.test(place);

/** Opens it, or finds who has. CommandError, SqlError. */
export async function openTarget(place: string, options: TargetOptions): Promise<Target> {
  if (isAddress(place)) {
    const { connectServer } = await import('./server-target.ts');
    return connectServer(place);
  }
  const address = place === ':memory:' ? null : addressOfServed(place);
  if (address !== null) {
    const { connectServer } = await import('./server-target.ts');
    return connectServer(address);
  }
  const { openEmbedded } = await import('./embedded-target.ts');
  return openEmbedded(place, options);
}

/** Where a server that has the directory open listens; null: none has. */
function addressOfServed(directory: string): string | null {
  const served = readServerFile(directory);
  if (served === null) return null;
  const [address] = served.addresses;
  if (address === undefined)
    throw new CommandError(`process ${served.pid} serves ${directory} and listens on no address`, 'stop it: scratchbird stop');
  const host = address.replace(/:\d+$/, '');
  if (served.socket !== null && host === served.socket) return `postgres://postgres@/postgres?host=${encodeURIComponent(host)}`;
  return `postgres://postgres@${host}:${served.port}/postgres`;
}

/** An identifier as text has it: in quotes where it must be. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Words that are no name of a table or column as they are, in PostgreSQL. */
const RESERVED = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character
  check coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role
  current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists
  extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int
  integer intersect interval into is isnull join lateral leading least left like limit localtime localtimestamp national natural
  nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
  primary real references returning right row select session_user setof similar smallint some substring symmetric table tablesample
  then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where window with
  xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** A text constant. */
export const literal = (text: string): string =>
  text.includes('\\') ? `E'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'` : `'${text.replaceAll("'", "''")}'`;
