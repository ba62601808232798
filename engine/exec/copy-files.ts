/** COPY between a table and its program: pieces of bytes, or a file of the host that a superuser names. */

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { Output } from '../../plugins/contract/output.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { answered } from './answered.ts';
import type { Connection, Result } from './connection.ts';
import { CopyIn } from './copy-in.ts';
import type { SourceCopy } from './copy-options.ts';
import { CopyOut } from './copy-out.ts';
import { placed, type Prepared } from './prepare.ts';
import { entered } from './run.ts';

const PIECE_BYTES = 262144;

export type Piece = Uint8Array | string;

export const bytesOf = (piece: Piece): Buffer =>
  typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);

/** The COPY of a statement, and which way it goes. 42601 for any other statement. */
export function copyStatement(connection: Connection, prepared: Prepared, direction: SourceCopy['direction']): SourceCopy {
  const source = connection.copyOf(prepared);
  if (source === null || source.direction !== direction || source.file !== null) {
    throw new SqlError(SQLSTATE.syntax_error, `the statement is no COPY ${direction === 'from' ? 'FROM STDIN' : 'TO STDOUT'}`);
  }
  return source;
}

/** Rows from pieces; answers how many. */
export function copyFrom(connection: Connection, prepared: Prepared, source: SourceCopy, pieces: Iterable<Piece>): number {
  const copy = new CopyIn(connection, prepared, source);
  copy.begin();
  try {
    for (const piece of pieces) copy.feed(bytesOf(piece));
  } catch (error) {
    // What the pieces themselves threw: a COPY that has failed has been given up.
    if (!(error instanceof SqlError)) copy.abort(String(error));
    throw error;
  }
  copy.finish();
  return copy.rows;
}

/** The bytes of the rows, piece by piece. */
export function* copyTo(connection: Connection, prepared: Prepared, source: SourceCopy): Generator<Buffer, number> {
  const output = new Output(PIECE_BYTES);
  const copy = new CopyOut(connection, prepared, source, output, false);
  try {
    for (let state = copy.begin(); ; state = copy.resume()) {
      if (output.at > 0) yield output.take();
      if (state === 'done') return copy.rows;
    }
  } finally {
    copy.close();
  }
}

/** A COPY that is run like any other statement: with a file. STDIN and STDOUT are for those who give and take the bytes: 0A000. */
export function copied(connection: Connection, prepared: Prepared, source: SourceCopy): Result {
  const { engine, session } = connection;
  try {
    if (session.status === 'failed')
      throw new SqlError(
        SQLSTATE.in_failed_sql_transaction,
        'current transaction is aborted, commands ignored until end of transaction block',
      );
    if (source.file !== null) return copyFile(connection, prepared, source);
    throw new SqlError(SQLSTATE.feature_not_supported, 'COPY with STDIN and STDOUT needs somebody to give and take the bytes', {
      hint: 'copyFrom() and copyTo() do',
    });
  } catch (error) {
    session.failBlock();
    throw placed(engine, session, prepared, answered(session, prepared.shape, error));
  }
}

/** COPY with a file of the host. 42501 for others than superusers, 42602 for a relative path. */
function copyFile(connection: Connection, prepared: Prepared, source: SourceCopy): Result {
  const { engine, session } = connection;
  const file = source.file as string;
  if (!entered(engine, () => engine.catalog.isSuperuser(session))) {
    const what = source.direction === 'from' ? 'from' : 'to';
    throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied to COPY ${what} a file`, {
      hint: 'only a superuser may; COPY with STDIN and STDOUT is for anyone',
    });
  }
  if (source.direction === 'to' && !isAbsolute(file)) throw new SqlError('42602', 'relative path not allowed for COPY to file');
  const rows =
    source.direction === 'from' ? readFile(connection, prepared, source, file) : writeFile(connection, prepared, source, file);
  return { rows: [], changes: rows, columns: [], tag: 'COPY' };
}

function opened(file: string, flags: 'r' | 'w', why: string): number {
  try {
    return openSync(file, flags);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const state = code === 'ENOENT' ? '58P01' : code === 'EACCES' ? SQLSTATE.insufficient_privilege : SQLSTATE.io_error;
    throw new SqlError(state, `could not open file "${file}" for ${why}: ${message.replace(/^\w+: /, '').replace(/,.*/, '')}`);
  }
}

function readFile(connection: Connection, prepared: Prepared, source: SourceCopy, file: string): number {
  const descriptor = opened(file, 'r', 'reading');
  function* pieces(): Generator<Buffer> {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    for (;;) {
      const count = readSync(descriptor, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  }
  try {
    return copyFrom(connection, prepared, source, pieces());
  } finally {
    closeSync(descriptor);
  }
}

function writeFile(connection: Connection, prepared: Prepared, source: SourceCopy, file: string): number {
  const pieces = copyTo(connection, prepared, source);
  const descriptor = opened(file, 'w', 'writing');
  try {
    for (let next = pieces.next(); ; next = pieces.next()) {
      if (next.done === true) return next.value;
      for (let at = 0; at < next.value.length; ) at += writeSync(descriptor, next.value, at);
    }
  } finally {
    closeSync(descriptor);
  }
}
