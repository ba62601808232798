/**
 * Expressions of the catalog as PostgreSQL shows them (ruleutils.c): parentheses around everything, or, `pretty`, where it thinks them
 * useful; conversions that nobody wrote, types of constants; LIKE, IN and BETWEEN as the operators that they stand for. What this does
 * not know is not shown this way: NotShown.
 *
 *   source node + facts --viewOf--> View --print(implicit)--> text      implicit: conversions that nobody wrote are shown, too
 */

import type { SourceCallNode, SourceExpression } from '../../engine/sblr/source.gen.ts';
import type { ShownFacts, ShownText } from '../../plugins/contract/shown.ts';
import { quotedString } from '../kit/text.ts';
import { identifier, nameText } from './render-names.ts';

/** There is something in it that this does not show. */
export class NotShown extends Error {}

/** What kind of node it is to the parentheses around it. */
type Kind = 'atom' | 'call' | 'cast' | 'relabel' | 'operator' | 'test' | 'and' | 'or' | 'not' | 'syntax' | 'other';

interface View {
  readonly kind: Kind;
  /** Of an operator with two operands, its name; of a cast, what is cast. */
  readonly operator?: string;
  readonly inner?: View;
  /** The first operand: a - b - c. */
  readonly first?: View;
  print(implicit: boolean): string;
}

const LOW = ['+', '-'];
const HIGH = ['*', '/', '%'];

/** Whether it stands in its surroundings without parentheses (isSimpleNode). */
function isSimple(view: View, parent: View): boolean {
  switch (view.kind) {
    case 'atom':
    case 'call':
    case 'cast':
    case 'syntax':
      return true;
    case 'relabel':
      return isSimple(view.inner as View, view);
    case 'operator':
      if (parent.kind === 'operator') return isSimpleOperator(view, parent);
      return isApart(parent);
    case 'test':
      return isApart(parent);
    case 'and':
    case 'not':
      return parent.kind === 'and' || parent.kind === 'or' || parent.kind === 'call' || parent.kind === 'atom';
    case 'or':
      return parent.kind === 'or' || parent.kind === 'call' || parent.kind === 'atom';
    default:
      return false;
  }
}

/** It binds less tightly, or has parentheses of its own. */
const isApart = ({ kind }: View): boolean => ['call', 'atom', 'and', 'or', 'not'].includes(kind);

function isSimpleOperator(view: View, parent: View): boolean {
  const [own, outer] = [view.operator ?? '', parent.operator ?? ''];
  const isHigh = HIGH.includes(own);
  if (!isHigh && !LOW.includes(own)) return false;
  const isOuterHigh = HIGH.includes(outer);
  if (!isOuterHigh && !LOW.includes(outer)) return false;
  if (isHigh !== isOuterHigh) return isHigh;
  return parent.first === view;
}

const FAMILIES = [
  ['int2', 'int4', 'int8'],
  ['float4', 'float8'],
  ['date', 'timestamp', 'timestamptz'],
  ['name', 'text'],
];
const TEXTS = ['text', 'varchar'];
const isSame = (one: string, other: string, lists: readonly (readonly string[])[]): boolean =>
  lists.some((list) => list.includes(one) && list.includes(other));

/** A conversion that changes no bytes, or goes by way of text: PostgreSQL looks through it. */
function isRelabel(from: string, to: string): boolean {
  const plain = (name: string): string => name.replace(/\[\]$/, '');
  if (isSame(plain(from), plain(to), [TEXTS, ['oid', 'regclass', 'regtype', 'regproc', 'int4']])) return true;
  return TEXTS.includes(to) ? !['char', 'name', 'char1'].includes(from) : TEXTS.includes(from);
}

const atom = (text: string): View => ({ kind: 'atom', print: () => text });
const call = (print: (implicit: boolean) => string): View => ({ kind: 'call', print });

const LIKE_OPERATORS = { like: ['~~', '!~~'], ilike: ['~~*', '!~~*'] } as const;

class Shower {
  readonly #facts: ShownFacts;
  readonly #pretty: boolean;

  constructor(facts: ShownFacts, pretty: boolean) {
    this.#facts = facts;
    this.#pretty = pretty;
  }

  // ---- parentheses ----

  /** Around a whole operation, unless it is to be pretty. */
  #whole(text: string): string {
    return this.#pretty ? text : `(${text})`;
  }

  /** An operand: in parentheses when it is to be pretty and not simple. */
  #operand(view: View, parent: View, implicit: boolean): string {
    const text = view.print(implicit);
    return this.#pretty && !isSimple(view, parent) ? `(${text})` : text;
  }

  // ---- nodes ----

  /** With the conversion that its surroundings made. */
  view(node: SourceExpression, parentIsOperator = false): View {
    const to = this.#facts.castOf(node);
    const own = this.#own(node);
    if (to === null || isLiteral(node)) return own;
    const from = this.#facts.typeOf(node) ?? 'unknown';
    // PostgreSQL's own functions take the kind of number that they are given.
    if (from.startsWith('reg') && (to === 'oid' || to.startsWith('reg'))) return own;
    if (parentIsOperator && isSame(from, to, FAMILIES)) return own;
    return this.cast(own, this.#facts.typeText(to), isRelabel(from, to), true);
  }

  cast(inner: View, type: string, relabel: boolean, isImplicit: boolean): View {
    const view: View = {
      kind: relabel ? 'relabel' : 'cast',
      inner,
      print: (implicit) => {
        const text = this.#operand(inner, view, false);
        return isImplicit && !implicit ? text : `${this.#whole(text)}::${type}`;
      },
    };
    return view;
  }

  operation(name: string, left: View | null, right: View): View {
    const view: View = {
      kind: 'operator',
      ...(left === null ? {} : { operator: name, first: left }),
      print: () => {
        const before = left === null ? '' : `${this.#operand(left, view, true)} `;
        return this.#whole(`${before}${name} ${this.#operand(right, view, true)}`);
      },
    };
    return view;
  }

  logic(kind: 'and' | 'or', parts: readonly View[]): View {
    const view: View = {
      kind,
      print: () => this.#whole(parts.map((part) => this.#operand(part, view, false)).join(kind === 'and' ? ' AND ' : ' OR ')),
    };
    return view;
  }

  not(inner: View): View {
    const view: View = { kind: 'not', print: () => this.#whole(`NOT ${this.#operand(inner, view, false)}`) };
    return view;
  }

  test(inner: View, words: string, implicit = true): View {
    const view: View = { kind: 'test', print: () => this.#whole(`${this.#operand(inner, view, implicit)} ${words}`) };
    return view;
  }

  list(nodes: readonly SourceExpression[]): string {
    return nodes.map((node) => this.view(node).print(true)).join(', ');
  }

  // ---- constants ----

  #literal(node: SourceExpression): string {
    return this.#facts.typeText(this.#facts.castOf(node) ?? 'text');
  }

  #constant(node: Extract<SourceExpression, { op: 'constant' }>): View {
    switch (node.kind) {
      case 'boolean':
        return atom(node.text.toLowerCase());
      case 'null':
        return atom(`NULL::${this.#literal(node)}`);
      case 'string':
        return atom(`${quotedString(node.text)}::${this.#literal(node)}`);
      case 'integer':
      case 'decimal':
        return this.#number(node, node.text);
      default:
        throw new NotShown(node.kind);
    }
  }

  #number(node: SourceExpression, text: string): View {
    const type = this.#facts.typeOf(node);
    if (type === 'int4') return atom(text.startsWith('-') ? `'${text}'::integer` : text);
    if (type === 'int8') return atom(`'${text}'::bigint`);
    if (type === 'numeric') return atom(text.startsWith('-') ? `'${text}'::numeric` : text);
    throw new NotShown(type ?? 'a number');
  }

  // ---- expressions ----

  #own(node: SourceExpression): View {
    switch (node.op) {
      case 'constant':
        return this.#constant(node);
      case 'column': {
        const { parts } = node.name;
        const name = parts[parts.length - 1];
        return atom(
          this.#facts.isOfDomain && name.toLowerCase() === 'value'
            ? 'VALUE'
            : identifier(node.name.quoted[parts.length - 1] ? name : name.toLowerCase()),
        );
      }
      case 'typedLiteral':
        return atom(`${quotedString(node.text)}::${this.#facts.typeText(node.type)}`);
      case 'cast':
        return this.#cast(node);
      case 'operator':
        return this.#operator(node);
      case 'and':
      case 'or':
        return this.logic(
          node.op,
          node.operands.map((one) => this.view(one)),
        );
      case 'not':
        return this.not(this.view(node.operand));
      case 'isTest':
        return this.test(
          this.view(node.operand),
          `IS ${node.negated ? 'NOT ' : ''}${node.test.toUpperCase()}`,
          node.test === 'null',
        );
      case 'isDistinct':
        return this.#distinct(node);
      case 'like':
        return this.#like(node);
      case 'between':
        return this.#between(node);
      case 'in':
        return this.#in(node);
      case 'quantified':
        return this.#quantified(node);
      case 'special': {
        const name = node.function.toUpperCase();
        return call(() => `${name}(${this.list(node.arguments)})`);
      }
      case 'array':
        return call(() => `ARRAY[${this.list(node.items)}]${node.items.length === 0 ? this.#emptyArray(node) : ''}`);
      case 'subscript':
        return this.#subscript(node);
      case 'row':
        return call(() => `ROW(${this.list(node.items)})`);
      case 'case':
        return this.#case(node);
      case 'call':
        return this.#call(node);
      case 'valueFunction':
        return atom(`${node.name.toUpperCase()}${node.precision === null ? '' : `(${node.precision})`}`);
      case 'collate': {
        const inner = this.view(node.operand);
        const view: View = {
          kind: 'other',
          print: (implicit) => this.#whole(`${this.#operand(inner, view, implicit)} COLLATE ${nameText(node.collation)}`),
        };
        return view;
      }
      default:
        throw new NotShown(node.op);
    }
  }

  #emptyArray(node: SourceExpression): string {
    const type = this.#facts.typeOf(node);
    if (type === null) throw new NotShown('an empty array');
    return `::${this.#facts.typeText(type)}`;
  }

  #subscript({ operand, lower, upper, slice }: Extract<SourceExpression, { op: 'subscript' }>): View {
    const inner = this.view(operand);
    const bound = (one: SourceExpression | null): string => (one === null ? '' : this.view(one).print(false));
    return call(() => {
      const text = inner.print(true);
      const whole = operand.op === 'column' || operand.op === 'subscript' ? text : `(${text})`;
      return `${whole}[${bound(lower)}${slice ? ':' : ''}${bound(upper)}]`;
    });
  }

  #cast({ operand, type }: Extract<SourceExpression, { op: 'cast' }>): View {
    const text = this.#facts.typeText(type);
    if (operand.op === 'constant' && (operand.kind === 'string' || operand.kind === 'null'))
      return atom(`${operand.kind === 'null' ? 'NULL' : quotedString(operand.text)}::${text}`);
    if (operand.op === 'array' && operand.items.length === 0) return atom(`ARRAY[]::${text}`);
    const from = this.#facts.typeOf(operand) ?? 'unknown';
    const to = type.name.parts[type.name.parts.length - 1];
    return this.cast(this.view(operand), text, isRelabel(from, to), false);
  }

  #operator(node: Extract<SourceExpression, { op: 'operator' }>): View {
    if (node.name.parts.length > 1) throw new NotShown('a qualified operator');
    const [name] = node.name.parts;
    const { left, right } = node;
    if (left === null) {
      const isNumber = right.op === 'constant' && (right.kind === 'integer' || right.kind === 'decimal');
      return name === '-' && isNumber
        ? this.#number(right, `-${right.text}`)
        : this.operation(name, null, this.view(right, true));
    }
    return this.operation(name === '!=' ? '<>' : name, this.view(left, true), this.view(right, true));
  }

  #distinct({ left, right, negated }: Extract<SourceExpression, { op: 'isDistinct' }>): View {
    const [one, other] = [this.view(left, true), this.view(right, true)];
    const view: View = {
      kind: 'test',
      print: () => this.#whole(`${this.#operand(one, view, true)} IS DISTINCT FROM ${this.#operand(other, view, true)}`),
    };
    return negated ? this.not(view) : view;
  }

  #like({ kind, operand, pattern, escape: mark, negated }: Extract<SourceExpression, { op: 'like' }>): View {
    if (kind === 'similar') throw new NotShown('SIMILAR TO');
    const [left, right] = [this.view(operand), this.view(pattern)];
    const escaped = mark === null ? right : call(() => `like_escape(${right.print(true)}, ${this.view(mark).print(true)})`);
    return this.operation(LIKE_OPERATORS[kind][negated ? 1 : 0], left, escaped);
  }

  #between({ operand, low, high, symmetric, negated }: Extract<SourceExpression, { op: 'between' }>): View {
    if (symmetric) throw new NotShown('BETWEEN SYMMETRIC');
    const side = (name: string, bound: SourceExpression): View =>
      this.operation(name, this.view(operand, true), this.view(bound, true));
    return this.logic(negated ? 'or' : 'and', [side(negated ? '<' : '>=', low), side(negated ? '>' : '<=', high)]);
  }

  #in({ operand, list, negated }: Extract<SourceExpression, { op: 'in' }>): View {
    const name = negated ? '<>' : '=';
    if (list.length === 1) return this.operation(name, this.view(operand, true), this.view(list[0], true));
    if (!list.every((one) => one.op === 'constant' || one.op === 'typedLiteral')) throw new NotShown('IN');
    const items = call(() => `ARRAY[${this.list(list)}]`);
    // Of varchar(n) all of them are varchar, and compared as text.
    const [of] = list;
    const [as, whole] = [this.#facts.castOf(of), this.#facts.castOf(operand)];
    const isTexts = as === 'varchar' && whole === 'text';
    return this.#any(
      this.view(operand, true),
      name,
      negated ? 'ALL' : 'ANY',
      isTexts ? this.cast(items, 'text[]', true, false) : items,
    );
  }

  #any(left: View, name: string, word: string, right: View): View {
    const view: View = {
      kind: 'other',
      print: () => this.#whole(`${this.#operand(left, view, true)} ${name} ${word} (${this.#operand(right, view, true)})`),
    };
    return view;
  }

  #quantified({ operator, quantifier, left, array }: Extract<SourceExpression, { op: 'quantified' }>): View {
    if (array === null || operator.parts.length > 1) throw new NotShown('a quantified query');
    return this.#any(this.view(left, true), operator.parts[0], quantifier.toUpperCase(), this.view(array));
  }

  /** Each part on a line of its own, as PostgreSQL indents it. */
  #case(node: Extract<SourceExpression, { op: 'case' }>): View {
    return {
      kind: 'atom',
      print: () => {
        const whens = node.whens.map(
          ({ condition, result }) => `\n    WHEN ${this.view(condition).print(false)} THEN ${this.view(result).print(true)}`,
        );
        if (node.operand !== null && this.#facts.castOf(node.operand) !== null) throw new NotShown('CASE');
        const operand = node.operand === null ? '' : ` ${this.view(node.operand).print(true)}`;
        if (node.otherwise === null) throw new NotShown('CASE without ELSE');
        return `\nCASE${operand}${whens.join('')}\n    ELSE ${this.view(node.otherwise).print(true)}\nEND`;
      },
    };
  }

  #call(node: SourceCallNode): View {
    const { name, arguments: args } = node;
    if (node.over !== null || node.filter !== null || node.withinGroup.length > 0 || node.order.length > 0 || node.variadic)
      throw new NotShown('a call with more');
    if (node.names.some((one) => one !== '')) throw new NotShown('arguments by name');
    const called = name.parts.length === 1 || name.parts[0] !== 'pg_catalog' ? nameText(name) : identifier(name.parts[1]);
    if (name.parts.length === 1 && !name.quoted[0] && SPECIAL.has(called.toLowerCase()))
      return this.#special(called.toLowerCase(), args);
    const inside = node.star ? '*' : `${node.distinct ? 'DISTINCT ' : ''}`;
    return call(() => `${called.startsWith('"') ? called : called.toLowerCase()}(${inside}${this.list(args)})`);
  }

  /** Functions with a syntax of their own. */
  #special(name: string, args: readonly SourceExpression[]): View {
    const [first, second] = args;
    if (name === 'timezone' && args.length === 2) {
      const [zone, value] = [this.view(first), this.view(second)];
      const view: View = {
        kind: 'syntax',
        print: () => `(${this.#operand(value, view, false)} AT TIME ZONE ${this.#operand(zone, view, false)})`,
      };
      return view;
    }
    if (name === 'extract' && first.op === 'constant' && args.length === 2) {
      const value = this.view(second);
      return { kind: 'syntax', print: () => `EXTRACT(${first.text.toLowerCase()} FROM ${value.print(false)})` };
    }
    // Its name is a word of the grammar.
    if (name === 'substring' || name === 'overlay') return call(() => `"${name}"(${this.list(args)})`);
    if (!['position', 'trim', 'normalize', 'extract', 'timezone'].includes(name))
      return call(() => `${name}(${this.list(args)})`);
    throw new NotShown(name);
  }
}

const SPECIAL = new Set([
  'timezone',
  'extract',
  'position',
  'overlay',
  'substring',
  'trim',
  'btrim',
  'ltrim',
  'rtrim',
  'normalize',
]);

const isLiteral = (node: SourceExpression): boolean => node.op === 'constant' && (node.kind === 'string' || node.kind === 'null');

const CALLS = ['call', 'special', 'valueFunction'];

/** An expression; null: there is something in it that is not shown this way. */
export function shownExpression(node: SourceExpression, facts: ShownFacts): ShownText | null {
  const text = (pretty: boolean): string => {
    const shower = new Shower(facts, pretty);
    const view = shower.view(node);
    return (
      facts.isConverted && view.kind !== 'cast' && view.kind !== 'relabel' ? shower.cast(view, '', false, true) : view
    ).print(false);
  };
  try {
    return { plain: text(false), pretty: text(true), isCall: CALLS.includes(node.op) && !facts.isConverted };
  } catch (error) {
    if (error instanceof NotShown) return null;
    throw error;
  }
}
