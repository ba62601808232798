/**
 * Random queries over three small tables with skew, NULLs and keys: joins of every kind, subqueries in every place, groupings, set
 * operations, WITH, limits. Each answers rows whose order does not matter, unless it says `order by` over all its columns.
 */

import { table, tableColumn, uniqueIndex } from '../../engine/plan/bind/catalog-fixture.ts';
import type { CatalogIndex, CatalogTable } from '../../engine/catalog/objects.ts';
import { pick, type Random } from '../../engine/sblr/source-fixture.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';

const int4 = sqlType('int4');

const plainIndex = (id: number, name: string, attributes: readonly number[], kernelIndex: number): CatalogIndex => ({
  ...uniqueIndex(id, name, attributes),
  unique: false,
  constraint: null,
  kernelIndex,
});

const column = (number: number, name: string, notNull = false) => tableColumn(number, name, int4, { notNull });

export const TABLE_R = table(
  30,
  'r',
  [column(1, 'id', true), column(2, 'x'), column(3, 'y', true), tableColumn(4, 's', sqlType('text'))],
  [uniqueIndex(31, 'r_pkey', [1], true), plainIndex(32, 'r_x', [2], 1)],
);
export const TABLE_U = table(
  40,
  'u',
  [column(1, 'rid'), column(2, 'x'), tableColumn(3, 'w', sqlType('int8')), tableColumn(4, 's', sqlType('text'))],
  [plainIndex(41, 'u_rid', [1, 2], 0)],
);
export const TABLE_V = table(
  50,
  'v',
  [column(1, 'a', true), column(2, 'b', true), column(3, 'x'), column(4, 'q')],
  [uniqueIndex(51, 'v_key', [1, 2], true), { ...uniqueIndex(52, 'v_q', [4]), kernelIndex: 1 }],
);

export const QUERY_TABLES: readonly CatalogTable[] = [TABLE_R, TABLE_U, TABLE_V];

/** A few values, the small ones often. */
const skewed = (random: Random, values: number): number => Math.floor(random() ** 2 * values);
const maybe = (random: Random, nulls: number, value: RowValue): RowValue => (random() < nulls ? null : value);
const text = (random: Random): string => pick(random, ['a', 'b', 'ab', '', 'B']);

/** Rows of each table; of some now and then none. */
export function randomRows(random: Random): Map<CatalogTable, RowValue[][]> {
  const count = (least: number): number => (random() < 0.05 ? 0 : least + Math.floor(random() * 4));
  const rows = (length: number, row: (index: number) => RowValue[]): RowValue[][] =>
    Array.from({ length }, (_, index) => row(index));
  return new Map([
    [
      TABLE_R,
      rows(count(4), (id) => [id, maybe(random, 0.2, skewed(random, 5)), skewed(random, 4), maybe(random, 0.2, text(random))]),
    ],
    [
      TABLE_U,
      rows(count(5), () => [
        maybe(random, 0.15, skewed(random, 9)),
        maybe(random, 0.2, skewed(random, 5)),
        maybe(random, 0.2, skewed(random, 6)),
        maybe(random, 0.2, text(random)),
      ]),
    ],
    [
      TABLE_V,
      rows(count(3), (index) => [
        index % 4,
        Math.floor(index / 4),
        maybe(random, 0.2, skewed(random, 5)),
        maybe(random, 0.3, index),
      ]),
    ],
  ]);
}

interface Source {
  readonly alias: string;
  readonly ints: readonly string[];
  readonly texts: readonly string[];
}

const SOURCES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['r', ['id', 'x', 'y'], ['s']],
  ['u', ['rid', 'x', 'w'], ['s']],
  ['v', ['a', 'b', 'x', 'q'], []],
];

/** Makes queries; every one of the same numbers is the same. */
export class RandomQueries {
  readonly #random: Random;
  #aliases = 0;
  /** Names of WITH's relations, of two columns k and n. */
  #named: string[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  #is = (chance: number): boolean => this.#random() < chance;
  #one = <Item>(items: readonly Item[]): Item => pick(this.#random, items);

  query(): string {
    this.#aliases = 0;
    this.#named = [];
    if (!this.#is(0.15)) return this.#body(2);
    const name = `c${this.#aliases++}`;
    const kind = this.#one(['', '', ' materialized', ' not materialized']);
    const definition = this.#pairs(1);
    this.#named.push(name);
    return `with ${name} as${kind} (${definition}) ${this.#body(2)}`;
  }

  /** Blocks, or two of them put together. */
  #body(depth: number): string {
    if (depth > 0 && this.#is(0.12)) {
      const kind = this.#one(['union', 'union all', 'intersect', 'except', 'intersect all', 'except all']);
      const both = `${this.#pairs(depth - 1)} ${kind} ${this.#pairs(depth - 1)}`;
      return this.#is(0.3) ? `select * from (${both}) m where m.k > 1` : both;
    }
    return this.#block(depth, []);
  }

  /** A query of two int columns, k and n. */
  #pairs(depth: number): string {
    const { from, sources, where } = this.#from(depth, []);
    const [k, n] = [this.#int(sources), this.#int(sources)];
    if (this.#is(0.3)) return `select ${k} as k, count(*)::int as n from ${from}${where} group by ${k}`;
    return `select ${this.#is(0.2) ? 'distinct ' : ''}${k} as k, (${n})::int as n from ${from}${where}`;
  }

  #block(depth: number, outer: readonly Source[]): string {
    const { from, sources, where } = this.#from(depth, outer);
    const items = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => this.#item(sources, depth));
    const all = items.map((_, index) => index + 1).join(', ');
    if (this.#is(0.25)) return this.#grouped(from, where, sources, depth);
    if (this.#is(0.15)) {
      // In the order of one of the tables, perhaps of its index.
      const { alias, ints } = this.#one(sources);
      const way = this.#one(['', ' desc']);
      const keys = ints.map((_, index) => `${index + 1}${way}`).join(', ');
      const limit = this.#is(0.7) ? ` limit ${1 + Math.floor(this.#random() * 5)}` : '';
      return `select ${ints.map((one) => `${alias}.${one}`).join(', ')} from ${from}${where} order by ${keys}${limit}`;
    }
    const order = this.#is(0.2) ? ` order by ${all}${this.#is(0.5) ? ` limit ${Math.floor(this.#random() * 5)}` : ''}` : '';
    return `select ${this.#is(0.15) ? 'distinct ' : ''}${items.join(', ')} from ${from}${where}${order}`;
  }

  #grouped(from: string, where: string, sources: readonly Source[], depth: number): string {
    const keys = Array.from({ length: Math.floor(this.#random() * 3) }, () => this.#int(sources));
    const value = this.#int(sources);
    const aggregate = this.#one(['count(*)', `count(${value})`, `sum(${value})`, `min(${value})`, `count(distinct ${value})`]);
    const having = this.#is(0.3) ? ` having ${keys.length > 0 && this.#is(0.5) ? `${keys[0]} > 1` : `${aggregate} > 1`}` : '';
    const by = keys.length === 0 ? '' : ` group by ${keys.join(', ')}`;
    const query = `select ${[...keys.map((key, index) => `${key} as k${index}`), `${aggregate} as n`].join(', ')} from ${from}${where}${by}${having}`;
    return depth > 0 && this.#is(0.3) ? `select * from (${query}) g where g.n ${this.#one(['=', '>', '<'])} 2` : query;
  }

  // ---- FROM and WHERE ----

  #from(depth: number, outer: readonly Source[]): { from: string; sources: Source[]; where: string } {
    const sources: Source[] = [];
    let from = this.#source(depth, sources);
    const joins = this.#one(depth > 1 ? [0, 1, 1, 2, 2, 3] : [0, 0, 1, 1, 2]);
    for (let join = 0; join < joins; join++) {
      const before = [...sources];
      if (this.#is(0.3)) {
        from += `, ${this.#source(depth, sources)}`;
        continue;
      }
      if (this.#is(0.12) && depth > 0) {
        const alias = `l${this.#aliases++}`;
        const kind = this.#one(['join', 'left join']);
        const value = this.#int(before);
        const items = this.#one([
          'u.x as k, u.w as n',
          'u.x as k, u.w as n',
          `u.x + ${this.#int(before)} as k, u.w as n`,
          'count(*)::int as k, max(u.w) as n',
          'count(u.x)::int + 1 as k, coalesce(sum(u.x), 7)::int as n',
        ]);
        const query = `select ${items} from u where u.rid = ${value}${this.#is(0.5) ? ' and u.x > 0' : ''}`;
        from += ` ${kind} lateral (${query}) ${alias} on true`;
        sources.push({ alias, ints: ['k', 'n'], texts: [] });
        continue;
      }
      const kind = this.#one(['join', 'join', 'left join', 'left join', 'right join', 'full join']);
      const other = this.#source(depth, sources);
      const added = sources.slice(before.length);
      const conditions = [`${this.#int(before)} = ${this.#int(added)}`];
      if (this.#is(0.35)) conditions.push(this.#condition([...before, ...added], 0, []));
      from += ` ${kind} ${other} on ${conditions.join(' and ')}`;
    }
    const conditions = Array.from({ length: this.#one([0, 1, 1, 2, 3]) }, () => this.#condition(sources, depth, outer));
    if (joins > 0 && this.#is(0.6)) conditions.push(`${this.#int(sources)} = ${this.#int(sources)}`);
    for (const one of outer.length > 0 ? [0] : []) {
      if (this.#is(0.85))
        conditions.push(`${this.#int(sources)} ${one === 0 ? this.#one(['=', '=', '=', '<']) : '='} ${this.#int(outer)}`);
    }
    return { from, sources, where: conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}` };
  }

  #source(depth: number, into: Source[]): string {
    const alias = `t${this.#aliases++}`;
    if (this.#named.length > 0 && this.#is(0.3)) {
      into.push({ alias, ints: ['k', 'n'], texts: [] });
      return `${this.#one(this.#named)} ${alias}`;
    }
    if (depth > 0 && this.#is(0.15)) {
      const query = this.#pairs(depth - 1);
      into.push({ alias, ints: ['k', 'n'], texts: [] });
      return `(${query}) ${alias}`;
    }
    const [name, ints, texts] = this.#one(SOURCES);
    into.push({ alias, ints, texts });
    return `${name} ${alias}`;
  }

  // ---- expressions ----

  #int(sources: readonly Source[]): string {
    const { alias, ints } = this.#one(sources);
    return `${alias}.${this.#one(ints)}`;
  }

  #text(sources: readonly Source[]): string | null {
    const able = sources.filter(({ texts }) => texts.length > 0);
    if (able.length === 0) return null;
    const { alias, texts } = this.#one(able);
    return `${alias}.${this.#one(texts)}`;
  }

  #item(sources: readonly Source[], depth: number): string {
    const value = this.#int(sources);
    const other = this.#int(sources);
    const forms = [
      () => value,
      () => value,
      () => `${value} + 1`,
      () => `coalesce(${value}, ${other})`,
      () => `${value} = ${other}`,
      () => `case when ${value} > 1 then ${other} else 7 end`,
      () => this.#text(sources) ?? value,
      () => `(${this.#scalar(depth, sources)})`,
      () => `(${this.#member(sources, depth)})`,
    ];
    return this.#one(depth > 0 ? forms : forms.slice(0, 6))();
  }

  /** A query of one row and column, mostly. */
  #scalar(depth: number, outer: readonly Source[]): string {
    const { from, sources, where } = this.#from(depth - 1, this.#is(0.8) ? outer : []);
    const value = this.#int(sources);
    const aggregate = this.#one([
      `max(${value})`,
      `count(*)`,
      `count(${value})`,
      `sum(${value}) + 1`,
      `coalesce(min(${value}), 3)`,
    ]);
    return `select ${aggregate} from ${from}${where}`;
  }

  #member(sources: readonly Source[], depth: number): string {
    const inner = this.#from(depth - 1, this.#is(0.6) ? sources : []);
    const value = this.#int(inner.sources);
    const query = (items: string): string => `select ${items} from ${inner.from}${inner.where}`;
    return this.#one([
      () => `exists (${query('1')})`,
      () => `not exists (${query('*')})`,
      () => `${this.#int(sources)} in (${query(value)})`,
      () => `${this.#int(sources)} not in (${query(value)})`,
      () => `${this.#int(sources)} = any (${query(value)})`,
      () => `${this.#int(sources)} > all (${query(value)})`,
      () => `(${this.#int(sources)}, ${this.#int(sources)}) in (${query(`${value}, ${this.#int(inner.sources)}`)})`,
    ])();
  }

  #condition(sources: readonly Source[], depth: number, outer: readonly Source[]): string {
    const value = this.#int(sources);
    const other = this.#is(0.2) && outer.length > 0 ? this.#int(outer) : this.#int(sources);
    const number = Math.floor(this.#random() * 6);
    const text = this.#text(sources);
    const forms = [
      () => `${value} ${this.#one(['=', '<', '>', '<>', '<=', '>='])} ${number}`,
      () => `${value} ${this.#one(['=', '<', '>'])} ${other}`,
      () => `${value} is ${this.#one(['', 'not '])}null`,
      () => `${value} in (${number}, 1, 3)`,
      () => `(${value} = ${number} or ${other} > 2)`,
      () => `(${value} = 1 and ${other} = 2 or ${value} = 3 and ${other} < 2)`,
      () => `not (${value} > ${other})`,
      () => `coalesce(${value}, 2) < 4`,
      () => `${value} is ${this.#one(['', 'not '])}distinct from ${other}`,
      () => (text === null ? `${value} > 0` : `${text} like '%b'`),
      () => `10 / (${value} + 1) < 6`,
    ];
    if (depth > 0 && this.#is(0.3)) {
      return this.#one([
        () => this.#member(sources, depth),
        () => this.#member(sources, depth),
        () => `${value} ${this.#one(['=', '<', '>='])} (${this.#scalar(depth, sources)})`,
        () => `(${this.#member(sources, depth)} or ${value} = 1)`,
      ])();
    }
    return this.#one(forms)();
  }
}
