/** Random queries over several relations: joins, subqueries, set operations, WITH, LATERAL. */

import { EXACT, Expressions } from './random-expressions.ts';
import { KEYS_MAX } from './random-queries.ts';
import type { RandomColumn, RandomTable } from './random-schema.ts';
import { isComparable, PLAIN, type Source, Sources } from './random-sources.ts';
import { type Step, step } from './step.ts';
import { bareType, given, joined, optional, type Tree, tree } from './tree.ts';

const EXTREMES = ['int2', 'int4', 'int8', 'numeric', 'text', 'date', 'timestamp'];

export class JoinQueries extends Sources {
  /** A query over several relations, the first of them this table. */
  joining(table: RandomTable): Step {
    return this.pick([
      () => this.joinOf(table),
      () => this.joinOf(table),
      () => this.joinOf(table),
      () => this.groupedJoin(table),
      () => this.groupedJoin(table),
      () => this.filtered(table),
      () => this.filtered(table),
      () => this.computed(table),
      () => this.combined(table),
      () => this.combined(table),
      () => this.withNames(table),
      () => this.recursion(table),
      () => this.lateral(table),
    ])();
  }

  // ---- relations ----

  /** Mostly with an equality in front. */
  private condition(left: Source, right: Source, onlyEqual: boolean): Tree {
    const parts = [this.equality(left, right)];
    if (this.chance(0.2)) parts.push(this.equality(left, right));
    if (!onlyEqual && this.chance(0.35)) parts.push(this.wide([left, right]).condition(1));
    if (!onlyEqual && this.chance(0.1)) parts.shift();
    return parts.length === 0 ? tree('bool', 'true') : joined(parts, ' and ', true);
  }

  /** FROM of two or three relations. */
  protected from(table: RandomTable): { readonly text: Tree; readonly sources: readonly Source[] } {
    const sources = [this.source(table, 'a'), this.source(this.other(), 'b')];
    if (this.chance(0.25)) sources.push(this.source(this.other(), 'c'));
    const parts: (string | Tree)[] = [sources[0].text];
    for (const [at, right] of sources.entries()) {
      if (at === 0) continue;
      const left = sources[Math.floor(this.random() * at)];
      const kind = this.pick(['join', 'join', 'left join', 'left join', 'right join', 'full join', 'inner join']);
      parts.push(` ${kind} `, right.text, ' on ', this.condition(left, right, kind === 'full join'));
    }
    return { text: tree('', ...parts), sources };
  }

  private items(expressions: Expressions, most: number): Tree[] {
    const types = [...PLAIN, 'float8', 'interval', 'jsonb'];
    return Array.from({ length: this.upTo(most) }, (_, at) => this.named(expressions.of(this.pick(types), this.upTo(2) - 1), at));
  }

  private whereOf(expressions: Expressions, share = 0.5): Tree {
    if (!this.chance(share)) return tree('');
    const conditions = Array.from({ length: this.upTo(2) }, () => expressions.condition(this.upTo(2)));
    return optional(' where ', joined(conditions, ' and ', true));
  }

  protected keyOrder(sources: readonly Source[]): string {
    return ` order by ${sources.map(({ alias }) => `${alias}.id${this.direction()}`).join(', ')}`;
  }

  // ---- joins ----

  private joinOf(table: RandomTable): Step {
    const { text: from, sources } = this.from(table);
    const expressions = this.wide(sources);
    const items = this.chance(0.15)
      ? [tree('', sources.map(({ alias }) => `${alias}.id as id_${alias}`).join(', '))]
      : this.items(expressions, 4);
    const isOrdered = this.chance(0.6);
    const limit = isOrdered ? this.limit() : tree('');
    const parts = [joined(items, ', ', true), ' from ', from, this.whereOf(expressions)];
    const order = isOrdered ? this.keyOrder(sources) : '';
    return step('query', table.name, tree('', 'select ', ...parts, order, limit), { isOrdered });
  }

  protected measure(expressions: Expressions): Tree {
    return this.pick([
      () => tree('', 'count(*)'),
      () => tree('', 'count(', expressions.of(this.pick(PLAIN), 1), ')'),
      () => tree('', 'sum(', expressions.of(this.pick(EXACT), 0), ')'),
      () => tree('', this.pick(['min(', 'max(']), expressions.of(this.pick(EXTREMES), 0), ')'),
      () => tree('', 'count(distinct ', expressions.of(this.pick(PLAIN), 0), ')'),
    ])();
  }

  private groupedJoin(table: RandomTable): Step {
    const { text: from, sources } = this.from(table);
    const expressions = this.wide(sources);
    const keys = this.some(
      expressions.table.columns.filter(({ type }) => PLAIN.includes(bareType(type))),
      0,
      2,
    ).map((column) => expressions.column(column));
    const items = [...keys, ...Array.from({ length: this.upTo(3) }, () => this.measure(expressions))];
    const named = items.map((item, at) => this.named(item, at));
    const by = keys.length === 0 ? '' : tree('', ' group by ', joined(keys));
    const having = this.chance(0.2) ? optional(' having count(*) > ', given('int8', String(this.upTo(3)))) : '';
    const text = tree('', 'select ', joined(named), ' from ', from, this.whereOf(expressions), by, having);
    return step('query', table.name, text, { looseScale: true });
  }

  // ---- subqueries ----

  /** A query over the other table, mostly about the row at hand. */
  private about(outer: Source, item: (expressions: Expressions) => Tree, correlated = 0.7): Tree {
    const inner = this.source(this.other(), 'i');
    const expressions = this.over(inner);
    const conditions: Tree[] = [];
    if (this.chance(correlated)) conditions.push(this.equality(inner, outer));
    if (this.chance(0.4)) conditions.push(expressions.condition(1));
    if (this.chance(0.15)) conditions.push(this.wide([inner, outer]).condition(1));
    const where = conditions.length === 0 ? '' : tree('', ' where ', joined(conditions, ' and ', true));
    return tree('', 'select ', item(expressions), ' from ', inner.text, where);
  }

  /** A comparison with a column of a query. */
  private membership(outer: Source): Tree {
    const columns = outer.columns.filter(({ type }) => PLAIN.includes(bareType(type)) && bareType(type) !== 'bool');
    const own = this.pick(columns);
    const column = (expressions: Expressions): Tree => {
      const same = expressions.table.columns.filter(({ type }) => isComparable(bareType(type), bareType(own.type)));
      return same.length === 0 ? expressions.of(bareType(own.type), 1) : expressions.column(this.pick(same));
    };
    const query = this.about(outer, column, 0.3);
    const left = `${outer.alias}.${own.name} `;
    return this.pick([
      () => tree('bool', left, 'in (', query, ')'),
      () => tree('bool', left, 'not in (', query, ')'),
      () => tree('bool', left, `${this.pick(['<', '>=', '<>', '='])} any (`, query, ')'),
      () => tree('bool', left, `${this.pick(['<', '>=', '<>', '='])} all (`, query, ')'),
      () =>
        tree(
          'bool',
          `(${outer.alias}.id, ${outer.alias}.${own.name}) in (`,
          this.about(outer, (one) => tree('', 'i.id, ', column(one)), 0.2),
          ')',
        ),
    ])();
  }

  private exists(outer: Source): Tree {
    return tree(
      'bool',
      this.pick(['exists (', 'not exists (']),
      this.about(outer, () => tree('', '1'), 0.9),
      ')',
    );
  }

  /** One value of a query. */
  protected scalar(outer: Source): Tree {
    return tree(
      '',
      '(',
      this.about(outer, (expressions) => this.measure(expressions)),
      ')',
    );
  }

  protected subqueryCondition(outer: Source): Tree {
    const made = this.pick([() => this.membership(outer), () => this.exists(outer), () => this.exists(outer)])();
    return this.chance(0.15) ? tree('bool', 'not (', made, ')') : made;
  }

  private filtered(table: RandomTable): Step {
    const source = this.source(table, 'a');
    const expressions = this.over(source);
    const conditions = [this.subqueryCondition(source)];
    if (this.chance(0.3)) conditions.push(this.subqueryCondition(source));
    if (this.chance(0.4)) conditions.push(expressions.condition(1));
    const where = joined(conditions, this.pick([' and ', ' and ', ' or ']), true);
    const isOrdered = this.chance(0.5);
    const order = isOrdered ? ` order by a.id${this.direction()}` : '';
    const items = joined(this.items(expressions, 3), ', ', true);
    const parts = ['select a.id, ', items, ' from ', source.text, ' where ', where, order, isOrdered ? this.limit() : ''];
    return step('query', table.name, tree('', ...parts), { isOrdered });
  }

  private computed(table: RandomTable): Step {
    const source = this.source(table, 'a');
    const items = Array.from({ length: this.upTo(2) }, (_, at) =>
      this.named(this.chance(0.7) ? this.scalar(source) : this.subqueryCondition(source), at),
    );
    const where = this.whereOf(this.over(source));
    const text = tree(
      '',
      'select a.id, ',
      joined(items, ', ', true),
      ' from ',
      source.text,
      where,
      ` order by a.id${this.direction()}`,
    );
    return step('query', table.name, text, { isOrdered: true, looseScale: true });
  }

  // ---- set operations, WITH ----

  private column(expressions: Expressions, type: string): Tree {
    return this.chance(0.6) ? expressions.read(type) : expressions.of(type, 1);
  }

  private member(types: readonly string[]): Tree {
    const table = this.other();
    const expressions = new Expressions(this.random, table);
    const items = types.map((type) => this.column(expressions, type));
    return tree('', 'select ', joined(items), ` from ${table.name}`, this.where(expressions, 0.6));
  }

  private union(types: readonly string[], names: readonly string[]): Tree {
    const first = this.other();
    const expressions = new Expressions(this.random, first);
    const items = types.map((type, at) => tree('', this.column(expressions, type), ` as ${names[at]}`));
    const parts: (string | Tree)[] = ['select ', joined(items), ` from ${first.name}`, this.where(expressions, 0.6)];
    for (let at = 0, most = this.upTo(2); at < most; at++) {
      const operator = ` ${this.pick(['union', 'union', 'intersect', 'except'])}${this.pick(['', ' all'])} `;
      const member = this.member(types);
      const nested = this.chance(0.2) ? tree('', '(', member, ' union ', this.member(types), ')') : member;
      parts.push(optional(operator, nested));
    }
    return tree('', ...parts);
  }

  private someTypes(): string[] {
    // Of equal char(n) of different lengths either may stand for both.
    return Array.from({ length: this.upTo(3) }, () => this.pick(PLAIN.filter((type) => type !== 'char')));
  }

  private combined(table: RandomTable): Step {
    const types = this.someTypes();
    const names = types.map((_, at) => `x${at}`);
    const whole = this.union(types, names);
    if (this.chance(0.3)) {
      const count = this.chance(0.5) ? 'count(*)' : 'count(distinct x0) as n, count(*)';
      return step('query', table.name, tree('', `select ${count} from (`, whole, ') as s'));
    }
    const order = names.map((name, at) => `${this.chance(0.5) ? name : at + 1}${this.direction()}`).join(', ');
    return step('query', table.name, tree('', whole, ` order by ${order}`, this.limit()), { isOrdered: true, looseScale: true });
  }

  private withNames(table: RandomTable): Step {
    const types = ['int4', ...this.someTypes()];
    const names = types.map((_, at) => `y${at}`);
    const hint = this.pick(['', '', ' materialized', ' not materialized']);
    const column = (name: string, at: number): RandomColumn => {
      return { ...table.columns[0], name, type: types[at] };
    };
    const cte: Source = { text: tree('', 'w as b'), alias: 'b', columns: names.map(column) };
    const source = this.source(table, 'a');
    const pairs = source.columns.flatMap((a) =>
      cte.columns.filter((b) => isComparable(bareType(a.type), b.type)).map((b) => `a.${a.name} = b.${b.name}`),
    );
    const on = this.pick(pairs);
    const definition = tree('', `with w as${hint} (`, this.union(types, names), ') ');
    const expressions = this.wide([source, cte]);
    const form = this.pick([
      () =>
        tree(
          '',
          'select ',
          joined(this.items(expressions, 3), ', ', true),
          ' from ',
          source.text,
          ` ${this.pick(['join', 'left join'])} w as b on ${on}`,
        ),
      () =>
        tree(
          '',
          'select count(*) as x0, count(b.y0) as x1 from ',
          source.text,
          ` left join w as b on ${on}`,
          this.whereOf(expressions),
        ),
      () => tree('', 'select a.id from ', source.text, ` where exists (select from w as b where ${on})`),
      () => tree('', 'select count(*) as x0 from w, w as v where w.y0 = v.y0'),
    ])();
    return step('query', table.name, tree('', definition, form), { looseScale: true });
  }

  /** Rows reached from some by following one column to the key. */
  private recursion(table: RandomTable): Step {
    const { name, columns } = table;
    const all = this.chance(0.4);
    const linked = this.pick([...columns.filter(({ type }) => ['int2', 'int4', 'int8'].includes(bareType(type)))]);
    const start = tree('', `select id::int8, 0 from ${name} where id < `, given('int8', String(this.upTo(KEYS_MAX)), true));
    const next = `select t.id::int8, r.depth + 1 from r join ${name} as t on ${this.pick([`t.${linked.name} = r.id`, 't.id = r.id + 7', 't.id = r.id * 2'])} where r.depth < ${this.upTo(4)}`;
    const head = tree('', 'with recursive r(id, depth) as (', start, all ? ' union all ' : ' union ', next, ') ');
    const form = this.pick([
      () => 'select count(*), max(depth), sum(id) from r',
      () => 'select id, min(depth) as d, count(*) as n from r group by id',
      () => `select a.id, r.depth from ${name} as a join r on r.id = a.id`,
    ])();
    return step('query', name, tree('', head, form));
  }

  private lateral(table: RandomTable): Step {
    const source = this.source(table, 'a');
    const inner = tree(
      '',
      '(',
      this.about(source, (expressions) => tree('', this.measure(expressions), ' as y')),
      ') as s',
    );
    const rows = tree(
      '',
      '(',
      this.about(source, () => tree('', 'i.id as y')),
      ` order by i.id limit ${this.upTo(3)}) as s`,
    );
    const [right, order] = this.chance(0.5) ? [inner, ' order by a.id'] : [rows, ' order by a.id, s.y'];
    const kind = this.pick([', lateral ', ' cross join lateral ', ' left join lateral ']);
    const on = kind.startsWith(' left') ? ' on true' : '';
    const where = this.whereOf(this.over(source), 0.4);
    const text = tree('', 'select a.id, s.y from ', source.text, kind, right, on, where, order, this.limit());
    return step('query', table.name, text, { isOrdered: true, looseScale: true });
  }
}
