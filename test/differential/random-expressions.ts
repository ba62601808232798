/** Random expressions of a wanted type over the columns of a table: they bind, and mostly have a value. */

import { pick, type Random } from '../../engine/sblr/source-fixture.ts';
import { FORMS } from './random-forms.ts';
import type { RandomColumn, RandomTable } from './random-schema.ts';
import { randomValue } from './random-values.ts';
import { bareType, given, joined, type Tree, tree } from './tree.ts';

const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float8'];
/** Ones whose sums and comparisons do not depend on an order of evaluation. */
export const EXACT = ['int2', 'int4', 'int8', 'numeric'];
const TEXTS = ['text', 'varchar', 'char'];
const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='];
const VALUE_TYPES = 'bool int4 int8 numeric float8 text bytea date time timestamp timestamptz interval uuid jsonb int2'.split(
  ' ',
);

const COLUMN = /\b(id|[cgjuvwy]\d)\b/;

const readsColumn = ({ parts }: Tree): boolean =>
  parts.some((part) => (typeof part === 'string' ? COLUMN.test(part) : readsColumn(part)));

/** What fits the key of an index, where the table's values shall. */
export const shortened = (text: string | null, { hasLong }: RandomTable): string | null =>
  hasLong || text === null ? text : text.slice(0, 300);

export class Expressions {
  readonly random: Random;
  readonly table: RandomTable;
  /** Columns are named with it in front; '' plain. */
  readonly prefix: string;

  constructor(random: Random, table: RandomTable, prefix = '') {
    this.random = random;
    this.table = table;
    this.prefix = prefix;
  }

  private pick<T>(list: readonly T[]): T {
    return pick(this.random, list);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  column({ name, type }: RandomColumn): Tree {
    return tree(bareType(type), this.prefix + name);
  }

  columnsOf(type: string): RandomColumn[] {
    return this.table.columns.filter((one) => bareType(one.type) === type);
  }

  /** A value of the column's type, with nothing that says so. */
  bareValue({ type }: RandomColumn, edges = 0.12): Tree {
    return given(bareType(type), shortened(randomValue(type, this.random, edges), this.table), true);
  }

  value(type: string): Tree {
    return given(type, randomValue(type, this.random));
  }

  /** Something that reads a column: what may fail is not worked out before there is a row. */
  read(type: string): Tree {
    const columns = this.columnsOf(type);
    if (columns.length > 0) return this.column(this.pick(columns));
    const id = `${this.prefix}id`;
    switch (type) {
      case 'bool':
        return tree(type, `(${id} > 3)`);
      case 'date':
        return tree(type, `(date '2024-02-28' + ${id}::int4)`);
      case 'timestamp':
        return tree(type, `(timestamp '2024-02-28 10:00:00' + ${id}::int4 * interval '1 hour')`);
      case 'timestamptz':
        return tree(type, `(timestamptz '2024-02-28 10:00:00+00' + ${id}::int4 * interval '1 day')`);
      case 'interval':
        return tree(type, `(${id}::int4 * interval '1 hour')`);
      case 'time':
        return tree(type, `(time '10:00' + ${id}::int4 * interval '1 minute')`);
      case 'bytea':
        return tree(type, `decode(md5(${id}::text), 'hex')`);
      case 'uuid':
        return tree(type, `md5(${id}::text)::uuid`);
      case 'json':
      case 'jsonb':
        return tree(type, `('[' || ${id} || ', {"a": 1}]')::${type}`);
      default:
        return tree(type, `${id}::${type}`);
    }
  }

  /** Any expression of the type; `depth` more below it. What reads no column is a value as it stands: PostgreSQL folds the rest. */
  of(type: string, depth: number): Tree {
    const made = this.made(type, depth);
    return made.value !== null || readsColumn(made) ? made : this.read(type);
  }

  private made(type: string, depth: number): Tree {
    if (depth <= 0) return this.chance(0.7) ? this.read(type) : this.value(type);
    const draw = this.random();
    if (draw < 0.06) return this.common(type, depth);
    if (draw < 0.2) return this.read(type);
    const forms = FORMS[type];
    if (draw < 0.55 && forms !== undefined) return this.filled(type, this.pick(forms), depth);
    const inner = (): Tree => this.of(type, depth - 1);
    const read = (): Tree => this.read(type);
    switch (type) {
      case 'bool':
        return this.condition(depth);
      case 'int2':
      case 'int4':
      case 'int8':
        return this.integer(type, depth);
      case 'numeric':
        return this.decimal(depth);
      case 'float4':
      case 'float8':
        return this.pick([
          () => tree(type, '(', read(), this.pick([' + ', ' - ', ' * ']), inner(), ')'),
          () => tree(type, '(', read(), ' / ', inner(), ')'),
          () => tree(type, '(- ', inner(), ')'),
          () => tree(type, 'abs(', inner(), ')'),
          () => tree(type, this.of(this.pick(['int4', 'numeric', 'int8']), depth - 1), `::${type}`),
          () =>
            type === 'float8' ? tree(type, 'sqrt(abs(', inner(), '))') : tree(type, this.of('float8', depth - 1), '::float4'),
        ])();
      case 'text':
      case 'varchar':
      case 'char':
        return this.text(type, depth);
      default:
        return this.other(type, depth);
    }
  }

  /** A template of random-forms.ts; `words`: what further names in it stand for. */
  filled(type: string, template: string, depth: number, words: { readonly [name: string]: string } = {}): Tree {
    const parts = template.split(/[{}]/).map((part, at): string | Tree => {
      if (at % 2 === 0) return part;
      if (part.includes('|')) return this.pick(part.split('|'));
      if (part in words) return words[part];
      if (part === 'small') return tree('int4', `(${this.prefix}id % ${this.pick([3, 5])})::int4`);
      if (part === 'path') return this.pick(["'{a}'", "'{b}'", "'{a,b}'", "'{0}'", "'{b,1}'", "'{}'"]);
      if (part.endsWith('!')) return this.read(part.slice(0, -1));
      return part.endsWith('=') ? this.value(part.slice(0, -1)) : this.of(part, depth - 1);
    });
    return tree(type, ...parts);
  }

  /** Forms that every type has. */
  private common(type: string, depth: number): Tree {
    const inner = (): Tree => this.of(type, depth - 1);
    const forms: (() => Tree)[] = [
      () => tree(type, 'coalesce(', joined([inner(), inner()]), ')'),
      () => tree(type, 'case when ', this.of('bool', depth - 1), ' then ', inner(), ' else ', inner(), ' end'),
      () => tree(type, 'case when ', this.of('bool', depth - 1), ' then ', inner(), ' end'),
      () => tree(type, 'case ', this.read('int4'), ' when ', this.value('int4'), ' then ', inner(), ' else ', inner(), ' end'),
    ];
    if (type !== 'json')
      forms.push(
        () => tree(type, 'nullif(', inner(), ', ', inner(), ')'),
        () => tree(type, this.pick(['greatest(', 'least(']), joined([inner(), inner()]), ')'),
      );
    return tree(type, '(', this.pick(forms)(), ')');
  }

  private integer(type: string, depth: number): Tree {
    const inner = (): Tree => this.of(type, depth - 1);
    const forms: (() => Tree)[] = [
      () => tree(type, '(', this.read(type), this.pick([' + ', ' - ', ' * ']), inner(), ')'),
      () => tree(type, '(', this.read(type), this.pick([' / ', ' % ']), inner(), ')'),
      () => tree(type, '(- ', this.read(type), ')'),
      () => tree(type, 'abs(', this.read(type), ')'),
      () => tree(type, '(', this.read(type), this.pick([' & ', ' | ', ' # ']), inner(), ')'),
      () => tree(type, this.of(this.pick(NUMBERS), depth - 1), `::${type}`),
      () => tree(type, this.of(this.pick(['int2', 'int4']), depth - 1), `::${type}`),
    ];
    if (type === 'int4')
      forms.push(
        () => tree(type, 'length(', this.of('text', depth - 1), ')'),
        () => tree(type, 'octet_length(', this.of(this.pick(['text', 'bytea']), depth - 1), ')'),
        () => tree(type, 'strpos(', this.of('text', depth - 1), ', ', this.of('text', 0), ')'),
        () => tree(type, '(', this.of('date', depth - 1), ' - ', this.read('date'), ')'),
        () => tree(type, 'extract(', this.pick(['year', 'month', 'day', 'dow']), ' from ', this.read('date'), ')::int4'),
        () => tree(type, this.of('bool', depth - 1), '::int4'),
      );
    return this.pick(forms)();
  }

  private decimal(depth: number): Tree {
    const inner = (): Tree => this.of('numeric', depth - 1);
    return this.pick([
      () => tree('numeric', '(', this.read('numeric'), this.pick([' + ', ' - ', ' * ']), inner(), ')'),
      () => tree('numeric', '(', this.read('numeric'), this.pick([' / ', ' % ']), inner(), ')'),
      () => tree('numeric', '(- ', inner(), ')'),
      () => tree('numeric', this.pick(['abs(', 'ceil(', 'floor(', 'trunc(', 'round(']), inner(), ')'),
      () => tree('numeric', 'round(', inner(), ', ', this.pick(['0', '2', '-1', '5']), ')'),
      () => tree('numeric', this.of(this.pick(['int2', 'int4', 'int8']), depth - 1), '::numeric'),
      () => tree('numeric', this.of('float8', depth - 1), '::numeric'),
      () => tree('numeric', inner(), `::numeric(${this.pick(['30,4', '12,0', '8,3'])})`),
      () => tree('numeric', '(', this.read('int4'), ' * ', this.value('numeric'), ')'),
      () => tree('numeric', 'extract(', this.pick(['epoch', 'second', 'hour']), ' from ', this.read('timestamp'), ')'),
    ])();
  }

  private text(type: string, depth: number): Tree {
    const inner = (): Tree => this.of(this.chance(0.8) ? 'text' : this.pick(TEXTS), depth - 1);
    if (type !== 'text') return tree(type, inner(), `::${type}(${this.pick([1, 3, 5])})`);
    const small = (): Tree => tree('int4', `(${this.prefix}id % ${this.pick([3, 5])})::int4`);
    return this.pick([
      () => tree(type, '(', inner(), ' || ', inner(), ')'),
      () => tree(type, '(', inner(), ' || ', this.of(this.pick(['int4', 'numeric', 'bool', 'date']), depth - 1), ')'),
      () => tree(type, this.pick(['upper(', 'lower(', 'trim(', 'reverse(', 'initcap(', 'md5(']), inner(), ')'),
      () => tree(type, 'substr(', inner(), ', ', small(), ', ', small(), ')'),
      () => tree(type, 'substring(', inner(), ' from ', small(), ')'),
      () => tree(type, 'replace(', inner(), ', ', this.value('text'), ', ', inner(), ')'),
      () => tree(type, this.pick(['left(', 'right(']), inner(), ', ', small(), ')'),
      () => tree(type, this.pick(['lpad(', 'rpad(']), inner(), ', ', small(), ", '*-')"),
      () => tree(type, 'concat(', joined([inner(), this.of(this.pick(VALUE_TYPES), depth - 1)]), ')'),
      () => tree(type, this.of(this.pick(VALUE_TYPES), depth - 1), '::text'),
      () => tree(type, '(', this.of('jsonb', depth - 1), " ->> 'a')"),
      () => tree(type, this.read('varchar'), '::text'),
      () => tree(type, this.read('char'), '::text'),
    ])();
  }

  private other(type: string, depth: number): Tree {
    const inner = (): Tree => this.of(type, depth - 1);
    const span = (): Tree => this.of('interval', depth - 1);
    const units = this.pick(['year', 'month', 'day', 'hour', 'minute', 'week', 'quarter']);
    const forms: { readonly [name: string]: readonly (() => Tree)[] } = {
      date: [
        () => tree(type, '(', this.read(type), this.pick([' + ', ' - ']), this.of('int4', 0), ')'),
        () => tree(type, this.of(this.pick(['timestamp', 'timestamptz']), depth - 1), '::date'),
      ],
      time: [
        () => tree(type, '(', this.read(type), this.pick([' + ', ' - ']), span(), ')'),
        () => tree(type, this.of('timestamp', depth - 1), '::time'),
      ],
      timestamp: [
        () => tree(type, '(', this.read(type), this.pick([' + ', ' - ']), span(), ')'),
        () => tree(type, `date_trunc('${units}', `, inner(), ')'),
        () => tree(type, this.of(this.pick(['date', 'timestamptz']), depth - 1), '::timestamp'),
        () => tree(type, '(', this.of('date', depth - 1), ' + ', this.of('time', depth - 1), ')'),
      ],
      timestamptz: [
        () => tree(type, '(', this.read(type), this.pick([' + ', ' - ']), span(), ')'),
        () => tree(type, this.of(this.pick(['date', 'timestamp']), depth - 1), '::timestamptz'),
      ],
      interval: [
        () => tree(type, '(', this.read(type), this.pick([' + ', ' - ']), inner(), ')'),
        () => tree(type, '(', this.read(type), ' * ', this.of('int4', 0), ')'),
        () => tree(type, '(', this.read('timestamp'), ' - ', this.of('timestamp', depth - 1), ')'),
        () => tree(type, '(- ', inner(), ')'),
        () => tree(type, this.of('time', depth - 1), '::interval'),
      ],
      uuid: [() => tree(type, 'md5(', this.of('text', depth - 1), ')::uuid')],
      bytea: [
        () => tree(type, '(', inner(), ' || ', inner(), ')'),
        () => tree(type, 'substr(', inner(), ', 1, 3)'),
        () => tree(type, 'decode(md5(', this.of('text', depth - 1), "), 'hex')"),
      ],
      jsonb: [
        () => tree(type, '(', inner(), " -> 'b')"),
        () => tree(type, '(', inner(), ' -> ', this.pick(['0', '1', '-1']), ')'),
        () => tree(type, this.of('json', 0), '::jsonb'),
      ],
      json: [() => tree(type, '(', inner(), " -> 'a')")],
    };
    return this.pick(forms[type])();
  }

  /** Two operands that compare: of one type, or of types that meet. */
  private pair(depth: number): [Tree, Tree] {
    const columns = this.table.columns.filter(({ type }) => type !== 'json');
    const chosen = this.pick(columns);
    const type = bareType(chosen.type);
    if (this.chance(0.5)) return [this.column(chosen), this.bareValue(chosen)];
    const group = [NUMBERS, TEXTS, ['date', 'timestamp', 'timestamptz']].find((one) => one.includes(type)) ?? [type];
    const other = this.chance(0.3) ? this.pick(group) : type;
    return [this.of(type, depth - 1), this.of(other, depth - 1)];
  }

  condition(depth: number): Tree {
    const bool = (): Tree => this.of('bool', depth - 1);
    if (depth <= 0) return this.read('bool');
    const draw = this.random();
    if (draw < 0.35) {
      const [left, right] = this.pair(depth);
      return tree('bool', '(', left, ` ${this.pick(COMPARISONS)} `, right, ')');
    }
    return this.pick([
      () => tree('bool', '(', bool(), this.pick([' and ', ' or ']), bool(), ')'),
      () => tree('bool', '(', bool(), this.pick([' and ', ' or ']), bool(), this.pick([' and ', ' or ']), bool(), ')'),
      () => tree('bool', '(not ', bool(), ')'),
      () => tree('bool', '(', this.of(this.pick(VALUE_TYPES), depth - 1), this.pick([' is null', ' is not null']), ')'),
      () => tree('bool', '(', bool(), this.pick([' is true', ' is not true', ' is false', ' is not false', ' is unknown']), ')'),
      () => this.inList(depth),
      () => this.inList(depth),
      () => this.between(depth),
      () => {
        const [left, right] = this.pair(depth);
        return tree('bool', '(', left, this.pick([' is distinct from ', ' is not distinct from ']), right, ')');
      },
      () => {
        const pattern = this.pick(['%', '_', 'a%', '%b', '%a%', 'a_c', '', 'A%c', '1_', 'a\\_c', '%\\', 'é%']);
        const operator = this.pick([' like ', ' not like ', ' ilike ']);
        return tree('bool', '(', this.of('text', depth - 1), operator, given('text', pattern), ')');
      },
    ])();
  }

  private inList(depth: number): Tree {
    const chosen = this.pick(this.table.columns.filter(({ type }) => type !== 'json'));
    const count = this.chance(0.1) ? 40 : 1 + Math.floor(this.random() * 5);
    const list = Array.from({ length: count }, () => this.bareValue(chosen, 0.05));
    if (this.chance(0.15)) list.push(this.of(bareType(chosen.type), depth - 1));
    return tree('bool', '(', this.column(chosen), this.pick([' in (', ' in (', ' not in (']), joined(list, ', ', true), '))');
  }

  private between(depth: number): Tree {
    const chosen = this.pick(this.table.columns.filter(({ type }) => type !== 'json'));
    const ends = this.chance(0.7)
      ? [this.bareValue(chosen), this.bareValue(chosen)]
      : [this.bareValue(chosen), this.of(bareType(chosen.type), depth - 1)];
    const word = this.pick([' between ', ' between ', ' not between ', ' between symmetric ']);
    return tree('bool', '(', this.column(chosen), word, ends[0], ' and ', ends[1], ')');
  }
}
