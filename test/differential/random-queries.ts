/** Random queries over random tables. */

import { pick, type Random } from '../../engine/sblr/source-fixture.ts';
import { EXACT, Expressions } from './random-expressions.ts';
import { OF_KEYS, TOTALS } from './random-forms.ts';
import { isOrdered, type RandomColumn, type RandomTable } from './random-schema.ts';
import { randomValue } from './random-values.ts';
import { type Step, step } from './step.ts';
import { bareType, given, joined, optional, type Tree, tree } from './tree.ts';

export const SHOWN =
  'bool int2 int4 int8 numeric float4 float8 text varchar char bytea date time timestamp timestamptz interval uuid json jsonb'.split(
    ' ',
  );
/** Equal values of these look the same. */
const GROUPED = 'bool int2 int4 int8 numeric text varchar char bytea date time timestamp timestamptz uuid'.split(' ');
const EXTREMES = 'int2 int4 int8 numeric float8 text date time timestamp timestamptz'.split(' ');
export const KEYS_MAX = 90;
const REVERSED: { readonly [direction: string]: string } = {
  '': ' desc',
  ' asc': ' desc',
  ' desc': '',
  ' nulls first': ' desc nulls last',
  ' asc nulls first': ' desc nulls last',
  ' desc nulls last': ' nulls first',
};

export class Queries {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  protected pick<T>(list: readonly T[]): T {
    return pick(this.random, list);
  }

  protected chance(share: number): boolean {
    return this.random() < share;
  }

  protected upTo(most: number): number {
    return 1 + Math.floor(this.random() * most);
  }

  protected some<T>(list: readonly T[], least: number, most: number): T[] {
    const rest = [...list];
    const count = least + Math.floor(this.random() * (most - least + 1));
    const chosen: T[] = [];
    while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(Math.floor(this.random() * rest.length), 1));
    return chosen;
  }

  query(table: RandomTable): Step {
    const draw = this.random();
    if (draw < 0.38) return this.plain(table);
    if (draw < 0.56) return this.ranged(table);
    if (draw < 0.65) return this.distinct(table);
    if (draw < 0.74) return this.total(table);
    if (draw < 0.94) return this.grouped(table);
    return draw < 0.985 ? this.firstOfEach(table) : this.values(table);
  }

  protected where(expressions: Expressions, share = 0.75): Tree {
    if (!this.chance(share)) return tree('');
    if (this.chance(0.15)) return optional(' where ', this.byKey(expressions));
    const conditions = Array.from({ length: this.upTo(2) }, () => expressions.condition(this.upTo(3)));
    return optional(' where ', joined(conditions, ' and ', true));
  }

  protected byKey({ table, prefix }: Expressions): Tree {
    const [id] = table.columns;
    const value = given(id.type, String(this.upTo(KEYS_MAX)), true);
    return tree('bool', `${prefix}id ${this.pick(['=', '=', '=', '<', '>='])} `, value);
  }

  protected direction(): string {
    return this.pick(['', '', ' desc', ' asc', ' nulls first', ' desc nulls last']);
  }

  protected limit(): Tree {
    if (this.chance(0.6)) return tree('');
    const count = (below: number): Tree => given('int8', this.chance(0.04) ? '-1' : String(Math.floor(this.random() * below)));
    const parts: Tree[] = [];
    const isStandard = this.chance(0.15);
    if (this.chance(0.8) && !isStandard) parts.push(optional(' limit ', count(12)));
    if (this.chance(0.5)) parts.push(optional(' offset ', count(6)));
    if (isStandard) parts.push(optional(' fetch first (', count(12), ') rows only'));
    return tree('', ...parts);
  }

  protected named(item: Tree, at: number): Tree {
    return tree('', item, ` as x${at}`);
  }

  protected plain(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table, this.chance(0.2) ? 'q.' : '');
    const items = this.chance(0.15)
      ? ['*']
      : Array.from({ length: this.upTo(5) }, (_, at) => this.named(expressions.of(this.pick(SHOWN), this.upTo(3)), at));
    const isOrdered = this.chance(0.6);
    const keys = isOrdered ? Array.from({ length: this.upTo(3) - 1 }, () => this.sortKey(expressions)) : [];
    const [first] = items;
    if (isOrdered && typeof first !== 'string' && (first.parts[0] as Tree).type !== 'json' && this.chance(0.2)) {
      keys.push(tree('', `${this.pick(['x0', '1'])}${this.direction()}`));
    }
    const order = isOrdered
      ? tree(
          '',
          ' order by ',
          joined([...keys.map((key) => optional(key, ', ')), tree('', `${expressions.prefix}id${this.direction()}`)], ''),
        )
      : tree('');
    const limit = this.limit();
    const lock = this.chance(0.08) ? optional(this.pick([' for update', ' for share', ' for no key update'])) : tree('');
    const from = ` from ${table.name}${expressions.prefix === '' ? '' : ' as q'}`;
    const text = tree('', 'select ', joined(items, ', ', true), from, this.where(expressions), order, limit, lock);
    return step('query', table.name, text, { isOrdered, onlyCount: !isOrdered && limit.parts.length > 0 });
  }

  protected sortKey(expressions: Expressions): Tree {
    const columns = expressions.table.columns.filter(({ type }) => isOrdered(type));
    const key = this.chance(0.6)
      ? expressions.column(this.pick(columns))
      : expressions.of(this.pick(SHOWN.filter((type) => type !== 'json')), this.upTo(2));
    return tree('', key, this.direction());
  }

  protected keys(expressions: Expressions, most: number): Tree[] {
    const columns = expressions.table.columns.filter(({ type }) => GROUPED.includes(bareType(type)));
    return Array.from({ length: this.upTo(most) }, () =>
      this.chance(0.75) ? expressions.column(this.pick(columns)) : expressions.of(this.pick(GROUPED), this.upTo(2)),
    );
  }

  /** What follows an index, or would: columns equal in front, a range behind, in its order or the other way round. */
  private ranged(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const ordered = table.columns.filter(({ type }) => isOrdered(type));
    const keys =
      table.keys.length > 0 && this.chance(0.85)
        ? this.pick(table.keys)
        : this.some(ordered, 1, 3).map((column) => ({ column, direction: this.direction() }));
    const equal = Math.floor(this.random() * (keys.length + 1));
    const conditions = keys.flatMap(({ column }, at) => {
      if (at < equal) return [this.equalTo(expressions, column)];
      return this.chance(at === equal ? 0.8 : 0.2) ? [this.rangeOf(expressions, column)] : [];
    });
    if (this.chance(0.15)) conditions.push(expressions.condition(1));
    const where = conditions.length === 0 ? '' : optional(' where ', joined(conditions, ' and ', true));
    const from = ` from ${table.name}`;
    if (this.chance(0.2)) {
      const [{ column }] = keys;
      const ends = EXTREMES.includes(bareType(column.type)) ? `, min(${column.name}) as x1, max(${column.name}) as x2` : '';
      return step('query', table.name, tree('', `select count(*) as x0${ends}`, from, where), { looseScale: true });
    }
    const isBack = this.chance(0.4);
    const order = keys.slice(this.chance(0.3) ? equal : 0).map(({ column: { name }, direction }) => {
      const followed = isBack ? REVERSED[direction] : direction;
      return optional(`${name}${this.chance(0.1) ? this.direction() : followed}, `);
    });
    const items = this.chance(0.3) ? '*' : joined(['id', ...keys.map(({ column }) => optional(`, ${column.name}`))], '');
    const parts = ['select ', items, from, where, ' order by ', ...order, `id${this.direction()}`, this.limit()];
    return step('query', table.name, tree('', ...parts), { isOrdered: true });
  }

  private equalTo(expressions: Expressions, column: RandomColumn): Tree {
    const value = (): Tree => expressions.bareValue(column, 0.08);
    const { name } = column;
    return this.pick([
      () => tree('bool', `${name} = `, value()),
      () => tree('bool', `${name} = `, value()),
      () => tree('bool', value(), ` = ${name}`),
      () => tree('bool', `${name} in (`, joined([value(), value(), value()], ', ', true), ')'),
      () => tree('bool', `(${name} = `, value(), ` or ${name} = `, value(), ')'),
      () => tree('bool', `${name} is null`),
      () => tree('bool', `${name} is not distinct from `, value()),
    ])();
  }

  private rangeOf(expressions: Expressions, column: RandomColumn): Tree {
    const value = (): Tree => expressions.bareValue(column, 0.08);
    const id = (): Tree => given(expressions.table.columns[0].type, String(this.upTo(KEYS_MAX)), true);
    const { name } = column;
    const [low, high] = [this.pick(['>', '>=']), this.pick(['<', '<='])];
    const forms = [
      () => tree('bool', `${name} ${this.pick([low, high])} `, value()),
      () => tree('bool', value(), ` ${this.pick([low, high])} ${name}`),
      () => tree('bool', `${name} ${low} `, value(), optional(` and ${name} ${high} `, value())),
      () => tree('bool', `${name} between `, value(), ' and ', value()),
      () => tree('bool', `${name} is not null`),
      () => tree('bool', `${name} <> `, value()),
      () => tree('bool', `(${name}, id) ${this.pick([low, high])} (`, value(), ', ', id(), ')'),
      () => {
        const [edge, other] = [value(), this.pick(['<', '>'])];
        return tree('bool', `(${name} ${other} `, edge, ` or (${name} = `, edge, ` and id ${other} `, id(), '))');
      },
    ];
    if (['text', 'varchar', 'char'].includes(bareType(column.type)))
      forms.push(() =>
        tree('bool', `${name} like `, given('text', this.pick(['a%', 'ab%', 'A%', '_b%', 'abc', '%', 'a\\_%']), true)),
      );
    return this.pick(forms)();
  }

  /** VALUES by itself. */
  private values({ name }: RandomTable): Step {
    const types = Array.from({ length: this.upTo(3) }, () => this.pick(GROUPED));
    const rows = Array.from({ length: this.upTo(6) }, () => tree('', '(', joined(types.map((type) => this.value(type))), ')'));
    const order = types.map((_, at) => `${this.pick([`column${at + 1}`, String(at + 1)])}${this.direction()}`).join(', ');
    const text = tree('', 'values ', joined(rows, ', ', true), ` order by ${order}`, this.limit());
    return step('query', name, text, { isOrdered: true, looseScale: true });
  }

  protected distinct(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const items = this.keys(expressions, 3);
    const order = items.map((_, at) => `${at + 1}${this.direction()}`).join(', ');
    const limit = this.limit();
    const names = items.map((item, at) => this.named(item, at));
    const text = tree(
      '',
      'select distinct ',
      joined(names),
      ` from ${table.name}`,
      this.where(expressions),
      ` order by ${order}`,
      limit,
    );
    return step('query', table.name, text, { isOrdered: true, looseScale: true });
  }

  protected firstOfEach(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const [key] = this.keys(expressions, 1);
    const more = expressions.of(this.pick(SHOWN), 2);
    const parts = ['select distinct on (', key, ') ', more, ` as x0, id from ${table.name}`, this.where(expressions)];
    const text = tree('', ...parts, ' order by ', key, this.direction(), `, id${this.direction()}`, this.limit());
    return step('query', table.name, text, { isOrdered: true });
  }

  protected aggregate(expressions: Expressions): Tree {
    const depth = this.upTo(2) - 1;
    if (this.chance(0.4)) return expressions.filled('', this.pick(TOTALS), depth + 1, { order: this.direction() });
    const exact = (): Tree => expressions.of(this.pick(EXACT), depth);
    const extreme = this.pick(EXTREMES);
    const form = this.pick([
      () => tree('int8', 'count(*)'),
      () => tree('int8', 'count(', expressions.of(this.pick(SHOWN), depth), ')'),
      () => tree('int8', 'count(distinct ', expressions.of(this.pick(GROUPED), depth), ')'),
      () => tree('', 'sum(', exact(), ')'),
      () => tree('', 'avg(', exact(), ')'),
      () => tree('', 'sum(distinct ', expressions.of(this.pick(['int4', 'int8']), depth), ')'),
      () => tree('', this.pick(['min(', 'max(']), expressions.of(extreme, depth), ')'),
      () => tree('', this.pick(['min(', 'max(']), expressions.of(extreme, depth), ')'),
      () => tree('bool', this.pick(['bool_and(', 'bool_or(', 'every(']), expressions.of('bool', depth), ')'),
      () => tree('text', 'string_agg(', expressions.of('text', depth), `, ';' order by id${this.direction()})`),
      () =>
        tree('', this.pick(['stddev(', 'variance(', 'var_pop(']), expressions.of(this.pick(['int2', 'int4', 'numeric']), 0), ')'),
      () => tree('', this.pick(['bit_and(', 'bit_or(']), expressions.of('int4', depth), ')'),
      () => tree('', 'sum(', expressions.of('int2', 0), '::float8)'),
    ])();
    if (this.chance(0.12)) form.parts.push(optional(' filter (where ', expressions.condition(2), ')'));
    return form;
  }

  protected total(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const items = Array.from({ length: this.upTo(4) }, (_, at) => this.named(this.aggregate(expressions), at));
    const having = this.chance(0.1) ? optional(' having count(*) > ', given('int8', String(this.upTo(5)))) : '';
    const text = tree('', 'select ', joined(items, ', ', true), ` from ${table.name}`, this.where(expressions), having);
    return step('query', table.name, text, { looseScale: true });
  }

  protected grouped(table: RandomTable): Step {
    const expressions = new Expressions(this.random, table);
    const keys = this.keys(expressions, 2);
    const items = keys.map((key, at) => this.named(key, at));
    for (let at = 0, most = this.upTo(3); at < most; at++) items.push(this.named(this.aggregate(expressions), keys.length + at));
    const ofKey = this.ofKey(keys[0]);
    if (ofKey !== null && this.chance(0.4)) items.push(this.named(ofKey, items.length));
    const by = this.chance(0.3) ? keys.map((_, at) => (this.chance(0.5) ? String(at + 1) : `x${at}`)).join(', ') : joined(keys);
    const having = this.chance(0.25) ? optional(' having ', this.aggregateCondition(expressions)) : tree('');
    const isOrdered = this.chance(0.5);
    const first = this.chance(0.2) ? `count(*)${this.direction()}, ` : '';
    const order = isOrdered ? ` order by ${first}${keys.map((_, at) => `${at + 1}${this.direction()}`).join(', ')}` : '';
    const limit = this.limit();
    const text = tree(
      '',
      'select ',
      joined(items),
      ` from ${table.name}`,
      this.where(expressions),
      ' group by ',
      by,
      having,
      order,
      limit,
    );
    return step('query', table.name, text, { isOrdered, onlyCount: !isOrdered && limit.parts.length > 0, looseScale: true });
  }

  /** Something over a key of a group that is a column; null: it is none. */
  private ofKey({ type, parts: [name] }: Tree): Tree | null {
    if (typeof name !== 'string' || !/^c\d$/.test(name)) return null;
    const template = this.pick([...OF_KEYS.any, ...(OF_KEYS[type] ?? [])]);
    return tree('', template.replaceAll('#', name));
  }

  protected aggregateCondition(expressions: Expressions): Tree {
    const forms = [
      () => tree('bool', 'count(*) > ', given('int8', String(this.upTo(3)))),
      () => tree('bool', 'sum(', expressions.of('int4', 1), ') is not null'),
      () => tree('bool', 'min(', expressions.of('int4', 1), ') < ', this.value('int4')),
    ];
    return this.pick(forms)();
  }

  protected value(type: string): Tree {
    return given(type, randomValue(type, this.random));
  }
}
