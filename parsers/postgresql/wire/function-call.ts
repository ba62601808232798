/**
 * FunctionCall: a function by its number, with its values; its answer is one value, and the server is ready again. It is run as a SELECT
 * of the call whose row is written as a FunctionCallResponse.
 */

import type { ConnectionHost, HostPortal, HostSession, Outcome } from '../../../plugins/contract/connection.ts';
import { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import { type RowFormat, rowFormat, type ValueForm } from '../../../plugins/contract/row-format.ts';
import { wireError } from '../errors.ts';
import type { MessageReader } from './read.ts';
import { putFunctionNull } from './write.ts';

/** 'V', length, the value behind its length. */
const valueAlone = (form: ValueForm): RowFormat =>
  rowFormat({
    begin: [0x56],
    length: { bytes: 4, littleEndian: false, countsItself: true },
    prefix: 'i32be',
    nil: [0xff, 0xff, 0xff, 0xff],
    columns: [form],
  });

const FORMATS = { text: valueAlone('text'), binary: valueAlone('binary') };

/** Name, kind, whether it gives a set or is strict, the types of its arguments, each on a line, and the operator that it is behind. */
const lookup = (id: number): string =>
  `select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname), p.proname, p.prokind::text, p.proretset::text,
     p.proisstrict::text, pg_catalog.array_to_string(array(select pg_catalog.format_type(a.one, null)
       from pg_catalog.unnest(p.proargtypes) with ordinality a(one, place) order by a.place), E'\\n'),
     (select o.oprname::text from pg_catalog.pg_operator o where o.oprcode = p.oid limit 1)
   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = ${id}`;

function formOf(word: number): ValueForm {
  if (word === 0) return 'text';
  if (word === 1) return 'binary';
  throw wireError('22023', `unsupported format code: ${word}`);
}

/** What stands behind an operator is called by that. */
const operation = (operator: string, args: readonly string[]): string =>
  `${args.slice(0, -1).join('')} operator(pg_catalog.${operator}) ${args.at(-1)}`;

export class FunctionCall {
  readonly #host: ConnectionHost;
  readonly #session: HostSession;
  #portal: HostPortal | null = null;

  constructor(host: ConnectionHost, session: HostSession) {
    this.#host = host;
    this.#session = session;
  }

  /** Reads the message and runs the call. */
  begin(reader: MessageReader): Outcome {
    const id = reader.word() >>> 0;
    const values = new EncodedValues();
    const hasNull = readValues(reader, values);
    const form = formOf(reader.half());
    reader.done();
    if (this.#session.status === 'failed')
      throw wireError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
    const [found] = this.#session.ask(lookup(id));
    if (found === undefined) throw wireError('42883', `function with OID ${id} does not exist`);
    const [called, name, kind, givesSet, isStrict, list, operator] = found;
    if (kind !== 'f' || givesSet === 'true') throw wireError('0A000', `cannot call function "${name}" via fastpath interface`);
    const types = list === '' || list === null ? [] : list.split('\n');
    if (types.length !== values.count)
      throw wireError('08P01', `function call message contains ${values.count} arguments but function requires ${types.length}`);
    const args = types.map((type, index) => `$${index + 1}::${type}`);
    const text = `select ${operator === null ? `${called}(${args.join(', ')})` : operation(operator, args)}`;
    const statement = this.#session.prepare(
      text,
      types.map(() => null),
    );
    if (statement === null) throw wireError('XX000', 'a call is no statement');
    if (hasNull && isStrict === 'true') {
      putFunctionNull(this.#host.output);
      return 0;
    }
    this.#portal = this.#session.portal(statement, FORMATS[form === 'binary' ? 'binary' : 'text']);
    return this.#portal.begin(values, 0);
  }

  end(): void {
    this.#portal?.close();
    this.#portal = null;
  }
}

/** Whether a NULL is among them. */
function readValues(reader: MessageReader, values: EncodedValues): boolean {
  const forms: ValueForm[] = [];
  for (let left = reader.half(); left > 0; left--) forms.push(formOf(reader.half()));
  const count = reader.half() & 0xffff;
  if (forms.length > 1 && forms.length !== count)
    throw wireError('08P01', `function call message contains ${forms.length} argument formats but ${count} arguments`);
  let hasNull = false;
  values.begin(reader.bytes);
  for (let index = 0; index < count; index++) {
    const length = reader.word();
    hasNull ||= length < 0;
    values.add(length < 0 ? reader.at : reader.skip(length), length, forms[forms.length === 1 ? 0 : index] ?? 'text');
  }
  return hasNull;
}
