/**
 * COM_STMT_*: statements that are prepared once and run with values. What their parameters are is known when they run: for each vector of
 * types there is a variant of the statement.
 */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import type { ConnectionHost, HostSession, HostStatement, Outcome } from '../../../plugins/contract/connection.ts';
import { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import type { RowFormat } from '../../../plugins/contract/row-format.ts';
import type { Answer } from './answer.ts';
import { formatOf, putColumn, putParameter } from './describe.ts';
import { LongData } from './long-data.ts';
import type { PacketReader } from './packets.ts';
import { type GivenParameters, type ParameterType, putTexts, readTypes, readValues } from './parameters.ts';
import { Running } from './running.ts';

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
  readonly long: LongData;
}

const VARIANTS_MAX = 16;
const STATEMENTS_MAX = 16_382;
const PARAMETERS_MAX = 0xffff;
const NEW_TYPES = 1;
const NOTHING = Buffer.alloc(0);

export class Prepared {
  readonly #host: ConnectionHost;
  readonly #session: HostSession;
  readonly #answer: Answer;
  readonly #reader: PacketReader;
  readonly #statements = new Map<number, Statement>();
  readonly #values = new EncodedValues();
  readonly #running: Running;
  #last = 0;
  /** Of all statements: what their texts take, and what came of their values in pieces. */
  #textBytes = 0;
  #longBytes = 0;

  constructor(host: ConnectionHost, session: HostSession, answer: Answer, reader: PacketReader) {
    this.#host = host;
    this.#session = session;
    this.#answer = answer;
    this.#reader = reader;
    this.#running = new Running(session, answer);
  }

  /** COM_STMT_PREPARE. 53400: they are too many, or their texts too long together. */
  prepare(text: string): void {
    if (this.#statements.size >= STATEMENTS_MAX || this.#textBytes + text.length > this.#host.messageBytes)
      throw plainError('53400', `Can't create more than max_prepared_stmt_count statements`);
    const statement = this.#session.prepare(text, []);
    if (statement === null) throw plainError('42601', 'Query was empty');
    const { parameters, columns } = statement;
    const count = parameters.length;
    if (count > PARAMETERS_MAX) throw plainError('54000', 'Prepared statement contains too many placeholders');
    this.#session.endBatch();
    const id = ++this.#last;
    this.#statements.set(id, { text, count, variants: new Map(), types: [], long: new LongData(count) });
    this.#textBytes += text.length;
    const { writer } = this.#answer;
    writer.begin();
    writer.uint(0, 1);
    writer.uint(id, 4);
    writer.uint(columns.length, 2);
    writer.uint(count, 2);
    writer.zeros(1);
    writer.uint(0, 2);
    writer.end();
    for (let place = 0; place < count; place++) putParameter(writer);
    if (count > 0) this.#answer.middle();
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
    let given: GivenParameters;
    try {
      given = this.#given(statement);
    } finally {
      this.#clear(statement.long);
    }
    return this.#run(statement, given);
  }

  #given(statement: Statement): GivenParameters {
    const reader = this.#reader;
    const { count } = statement;
    const long = statement.long.values();
    if (count === 0) return { types: [], texts: [] };
    const nulls = reader.take((count + 7) >> 3);
    if (reader.u8() === NEW_TYPES) statement.types = readTypes(reader, count);
    if (statement.types.length < count) throw plainError('08P01', 'the types of the parameters are missing');
    return readValues(reader, statement.types, nulls, long);
  }

  #run(statement: Statement, { types, texts }: GivenParameters): boolean {
    this.#answer.beforeStatement();
    const variant = this.#variantOf(statement, types);
    const { columns } = variant.statement;
    if (columns !== variant.columns) {
      variant.columns = columns;
      variant.format = formatOf(columns, true);
    }
    putTexts(this.#values, texts);
    this.#answer.hasMore = false;
    return this.goOn(this.#running.begin(variant.statement, columns, variant.format, this.#values));
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
    if (!this.#running.ended(outcome)) return false;
    // What a large value took is free.
    this.#values.begin(NOTHING);
    return true;
  }

  /** COM_STMT_SEND_LONG_DATA: a piece of a value; there is no answer. */
  longData(): void {
    const reader = this.#reader;
    const long = this.#statements.get(reader.u32())?.long;
    const place = reader.u16();
    if (long === undefined) return;
    const before = long.bytes;
    long.add(place, reader.take(reader.rest), this.#host.messageBytes - this.#longBytes);
    this.#longBytes += long.bytes - before;
  }

  #clear(long: LongData): void {
    this.#longBytes -= long.bytes;
    long.clear();
  }

  /** COM_STMT_RESET */
  reset(id: number): void {
    this.#clear(this.#statementOf(id, 'mysqld_stmt_reset').long);
    this.#answer.ok(0, '');
  }

  /** COM_STMT_CLOSE: there is no answer. */
  close(id: number): void {
    const statement = this.#statements.get(id);
    if (statement === undefined) return;
    this.#clear(statement.long);
    this.#textBytes -= statement.text.length;
    this.#statements.delete(id);
  }

  fail(): void {
    this.#running.fail();
  }

  end(): void {
    this.fail();
    this.#statements.clear();
  }
}
