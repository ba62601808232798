/**
 * COM_STMT_*: statements that are prepared once and run with values. What their parameters are is known when they run: for each vector of
 * types there is a variant of the statement.
 */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import {
  type ConnectionHost,
  type HostPortal,
  type HostSession,
  type HostStatement,
  type Outcome,
  PENDING,
} from '../../../plugins/contract/connection.ts';
import { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import type { RowFormat } from '../../../plugins/contract/row-format.ts';
import { type Answer, changesOf } from './answer.ts';
import { formatOf, putColumn, putParameter } from './describe.ts';
import type { PacketReader } from './packets.ts';
import { type ParameterType, putTexts, readTypes, readValues } from './parameters.ts';

interface Variant {
  readonly statement: HostStatement;
  columns: HostStatement['columns'];
  format: RowFormat;
}

interface Statement {
  readonly text: string;
  readonly count: number;
  readonly variants: Map<string, Variant>;
  /** Of the last execution. */
  types: readonly ParameterType[];
  readonly long: Map<number, Buffer>;
}

const VARIANTS_MAX = 16;
const STATEMENTS_MAX = 16_382;
const NEW_TYPES = 1;

export class Prepared {
  readonly #host: ConnectionHost;
  readonly #session: HostSession;
  readonly #answer: Answer;
  readonly #reader: PacketReader;
  readonly #statements = new Map<number, Statement>();
  readonly #values = new EncodedValues();
  #last = 0;
  #portal: HostPortal | null = null;
  #hasColumns = false;

  constructor(host: ConnectionHost, session: HostSession, answer: Answer, reader: PacketReader) {
    this.#host = host;
    this.#session = session;
    this.#answer = answer;
    this.#reader = reader;
  }

  /** COM_STMT_PREPARE */
  prepare(text: string): void {
    if (this.#statements.size >= STATEMENTS_MAX)
      throw plainError('53200', `Can't create more than max_prepared_stmt_count statements`);
    const statement = this.#session.prepare(text, []);
    if (statement === null) throw plainError('42601', 'Query was empty');
    const { parameters, columns } = statement;
    const id = ++this.#last;
    const made: Statement = { text, count: parameters.length, variants: new Map(), types: [], long: new Map() };
    this.#statements.set(id, made);
    this.#session.endBatch();
    const { writer } = this.#answer;
    writer.begin();
    writer.uint(0, 1);
    writer.uint(id, 4);
    writer.uint(columns.length, 2);
    writer.uint(parameters.length, 2);
    writer.zeros(1);
    writer.uint(0, 2);
    writer.end();
    for (let count = 0; count < parameters.length; count++) putParameter(writer);
    if (parameters.length > 0) this.#answer.middle();
    for (const column of columns) putColumn(writer, column);
    if (columns.length > 0) this.#answer.middle();
  }

  #statementOf(id: number, what: string): Statement {
    const found = this.#statements.get(id);
    if (found === undefined) throw plainError('26000', `Unknown prepared statement handler (${id}) given to ${what}`);
    return found;
  }

  /** COM_STMT_EXECUTE. False: it waits, goOn() will be called. */
  execute(): boolean {
    const reader = this.#reader;
    const statement = this.#statementOf(reader.u32(), 'mysqld_stmt_execute');
    if (reader.u8() !== 0) throw plainError('0A000', 'a cursor of a prepared statement is not supported');
    reader.skip(4);
    const { count } = statement;
    let types: readonly (string | null)[] = [];
    let texts: readonly (string | null)[] = [];
    if (count > 0) {
      const nulls = reader.take((count + 7) >> 3);
      if (reader.u8() === NEW_TYPES) statement.types = readTypes(reader, count);
      if (statement.types.length < count) throw plainError('08P01', 'the types of the parameters are missing');
      ({ types, texts } = readValues(reader, statement.types, nulls, statement.long));
    }
    statement.long.clear();
    return this.#run(statement, types, texts);
  }

  #run(statement: Statement, types: readonly (string | null)[], texts: readonly (string | null)[]): boolean {
    this.#answer.beforeStatement();
    const variant = this.#variantOf(statement, types);
    const { columns } = variant.statement;
    if (columns !== variant.columns) {
      variant.columns = columns;
      variant.format = formatOf(columns, true);
    }
    putTexts(this.#values, texts);
    this.#hasColumns = columns.length > 0;
    const portal = this.#session.portal(variant.statement, variant.format);
    this.#portal = portal;
    this.#answer.hasMore = false;
    if (this.#hasColumns) this.#answer.columns(columns);
    return this.goOn(portal.begin(this.#values, 0));
  }

  #variantOf(statement: Statement, types: readonly (string | null)[]): Variant {
    const { variants } = statement;
    const key = types.join(' ');
    const known = variants.get(key);
    if (known !== undefined) return known;
    const made = this.#session.prepare(statement.text, types) as HostStatement;
    const { columns } = made;
    if (variants.size === VARIANTS_MAX) variants.clear();
    const variant = { statement: made, columns, format: formatOf(columns, true) };
    variants.set(key, variant);
    return variant;
  }

  goOn(outcome: Outcome): boolean {
    if (outcome === PENDING) return false;
    const portal = this.#portal as HostPortal;
    this.#portal = null;
    this.#session.endBatch();
    if (this.#hasColumns) this.#answer.rowsEnd();
    else {
      this.#answer.lookAtSettings();
      this.#answer.ok(changesOf(portal), '');
    }
    portal.close();
    return true;
  }

  /** COM_STMT_SEND_LONG_DATA: a piece of a value; there is no answer. */
  longData(): void {
    const reader = this.#reader;
    const statement = this.#statements.get(reader.u32());
    const place = reader.u16();
    if (statement === undefined) return;
    const before = statement.long.get(place) ?? Buffer.alloc(0);
    if (before.length + reader.rest > this.#host.messageBytes)
      throw plainError('54000', `a value is longer than 'max_allowed_packet' bytes`);
    statement.long.set(place, Buffer.concat([before, reader.take(reader.rest)]));
  }

  /** COM_STMT_RESET */
  reset(id: number): void {
    this.#statementOf(id, 'mysqld_stmt_reset').long.clear();
    this.#answer.ok(0, '');
  }

  /** COM_STMT_CLOSE: there is no answer. */
  close(id: number): void {
    this.#statements.delete(id);
  }

  fail(): void {
    this.#portal?.close();
    this.#portal = null;
  }

  end(): void {
    this.fail();
    this.#statements.clear();
  }
}
