/**
 * What a built file never changes, as constants. To V8 an outermost variable or function that is declared is a variable: who uses it loads
 * it, and optimised code compares it with what it was compiled for, or looks whether it is a small integer, each time. (esbuild declares
 * all outermost names so, and takes only those of a module's first constants to where they are used.) A row that is written names more
 * than a hundred of them.
 *
 *   var BYTES = 8, HALF = BYTES >> 1;          ->    8 and 4 where they are used
 *   function f(a) { ... }                      ->    const f = function (a) { ... };     in front of everything but imports and directives
 *   var g = (a) => ..., onX64 = process.arch === 'x64'     ->    the same
 *
 * In front, because a declared function can be called before its place. Making any of them has no effect, so order and time stay the same
 * to all others; what a function uses it meets when it is called, as before.
 */
import { ts } from 'ts-morph';

type Value = number | boolean;

/** What is known of a name, wherever it occurs: in whatever scope, so that one that is declared once means one thing. */
interface Name {
  declared: number;
  isAssigned: boolean;
  isExported: boolean;
  readonly uses: ts.Identifier[];
}

/** A text in which pieces are replaced. */
class Edits {
  readonly #text: string;
  readonly #edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  sort(): void {
    this.#edits.sort((a, b) => a.start - b.start);
  }

  /** The piece from `start` to `end`, with the replacements in it. */
  piece(start: number, end: number): string {
    let low = 0;
    for (let high = this.#edits.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#edits[middle].start < start) low = middle + 1;
      else high = middle;
    }
    const parts: string[] = [];
    let at = start;
    for (; low < this.#edits.length && this.#edits[low].end <= end; low++) {
      parts.push(this.#text.slice(at, this.#edits[low].start), this.#edits[low].text);
      at = this.#edits[low].end;
    }
    return parts.join('') + this.#text.slice(at, end);
  }
}

/** The text of a script or module that esbuild has put together, with its constants as such. Exports must stand apart. */
export function withConstants(text: string): string {
  const file = ts.createSourceFile('built.js', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const names = namesOf(file);
  const values = valuesOf(file, names);
  const edits = new Edits(text);
  for (const [name, value] of values) {
    for (const use of names.get(name)!.uses) insertValue(edits, use, value);
  }
  edits.sort();
  return assembled(file, names, values, edits);
}

/** In front: imports and directives, then what is moved there. */
function assembled(
  file: ts.SourceFile,
  names: ReadonlyMap<string, Name>,
  values: ReadonlyMap<string, Value>,
  edits: Edits,
): string {
  const prologue: string[] = [];
  const front: string[] = [];
  const rest: string[] = [];
  let at = 0;
  let isBegun = false;
  for (const statement of file.statements) {
    const start = statement.getStart(file);
    const isFirst = ts.isImportDeclaration(statement) || (!isBegun && isDirective(statement));
    if (!isFirst) isBegun = true;
    if (isFirst) prologue.push(edits.piece(start, statement.end));
    let left: string | null = isFirst ? '' : null;
    const constant = constantOf(file, statement, edits);
    if (constant !== null) {
      front.push(constant);
      left = '';
    } else if (ts.isVariableStatement(statement)) left = withoutConstants(file, statement, names, values, edits, front);
    if (left === null) continue;
    rest.push(edits.piece(at, start), left);
    at = statement.end;
  }
  return [...prologue, ...front, rest.join('') + edits.piece(at, file.end)].join('\n');
}

const isDirective = (statement: ts.Statement): boolean =>
  ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression);

/** Null for what is no function declaration, or one that says more than that. */
function constantOf(file: ts.SourceFile, statement: ts.Statement, edits: Edits): string | null {
  if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) return null;
  const isAsync = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
  if ((statement.modifiers?.length ?? 0) !== (isAsync ? 1 : 0)) return null;
  const { name } = statement;
  const head = edits.piece(statement.getStart(file), name.getStart(file));
  return `const ${name.text} = ${head}${edits.piece(name.end, statement.end)};`;
}

/** What is left of the statement without the constants, which go to `front` or are not needed any more; null: all of it. */
function withoutConstants(
  file: ts.SourceFile,
  statement: ts.VariableStatement,
  names: ReadonlyMap<string, Name>,
  values: ReadonlyMap<string, Value>,
  edits: Edits,
  front: string[],
): string | null {
  if (statement.modifiers !== undefined) return null;
  const { declarations } = statement.declarationList;
  const left = declarations.filter(({ name, initializer }) => {
    if (!ts.isIdentifier(name) || initializer === undefined) return true;
    const value = values.get(name.text);
    if (value === undefined && !(isUnchanged(names, name.text) && isMovable(initializer))) return true;
    if (value === undefined || names.get(name.text)!.isExported) {
      front.push(`const ${name.text} = ${edits.piece(initializer.getStart(file), initializer.end)};`);
    }
    return false;
  });
  if (left.length === declarations.length) return null;
  if (left.length === 0) return '';
  const keyword = edits.piece(statement.getStart(file), declarations[0].getStart(file));
  return `${keyword}${left.map((one) => edits.piece(one.getStart(file), one.end)).join(', ')};`;
}

const isUnchanged = (names: ReadonlyMap<string, Name>, name: string): boolean => {
  const known = names.get(name);
  return known !== undefined && known.declared === 1 && !known.isAssigned;
};

/** Has no effect, and the same value anywhere. */
function isMovable(node: ts.Expression): boolean {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return true;
  if (ts.isBinaryExpression(node)) {
    return node.operatorToken.kind === ts.SyntaxKind.EqualsEqualsEqualsToken && isMovable(node.left) && isMovable(node.right);
  }
  if (ts.isPropertyAccessExpression(node)) {
    return ts.isIdentifier(node.expression) && node.expression.text === 'process' && /^(arch|platform)$/.test(node.name.text);
  }
  return ts.isStringLiteral(node);
}

// ---- names ----

function namesOf(file: ts.SourceFile): Map<string, Name> {
  const names = new Map<string, Name>();
  const visit = (node: ts.Node, isTarget: boolean): void => {
    if (ts.isIdentifier(node)) {
      note(names, node, isTarget);
      return;
    }
    const target = targetOf(node);
    ts.forEachChild(node, (child) => visit(child, (isTarget && !isAccess(node)) || (child === target && !isAccess(child))));
  };
  visit(file, false);
  return names;
}

const isAccess = (node: ts.Node): boolean => ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);

/** What the node assigns to. */
function targetOf(node: ts.Node): ts.Node | null {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? node.left : null;
  }
  if (ts.isPostfixUnaryExpression(node)) return node.operand;
  if (ts.isPrefixUnaryExpression(node)) {
    const { operator } = node;
    return operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken ? node.operand : null;
  }
  return ts.isForInStatement(node) || ts.isForOfStatement(node) ? node.initializer : null;
}

function note(names: Map<string, Name>, node: ts.Identifier, isTarget: boolean): void {
  const { parent } = node;
  if (isNoVariable(parent, node)) return;
  let name = names.get(node.text);
  if (name === undefined) {
    name = { declared: 0, isAssigned: false, isExported: false, uses: [] };
    names.set(node.text, name);
  }
  if (ts.isExportSpecifier(parent)) name.isExported = true;
  else if (isDeclared(parent, node)) {
    name.declared++;
    if (isTarget) name.isAssigned = true;
  } else if (isTarget) name.isAssigned = true;
  else name.uses.push(node);
}

/** The name of a property, or a label. */
function isNoVariable(parent: ts.Node, node: ts.Identifier): boolean {
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return parent.name === node;
  if (ts.isMethodDeclaration(parent) || ts.isAccessor(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  if (ts.isImportSpecifier(parent)) return parent.propertyName === node;
  if (ts.isExportSpecifier(parent)) return parent.propertyName !== undefined && parent.name === node;
  return ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent) || ts.isMetaProperty(parent);
}

function isDeclared(parent: ts.Node, node: ts.Identifier): boolean {
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) return parent.name === node;
  if (ts.isFunctionLike(parent) || ts.isClassLike(parent)) return parent.name === node;
  return ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent);
}

// ---- values ----

/** The outermost names that stand for a number or a boolean which their declaration says, in the order of the text. */
function valuesOf(file: ts.SourceFile, names: ReadonlyMap<string, Name>): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement) || statement.modifiers !== undefined) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined || !isUnchanged(names, name.text)) continue;
      const value = foldedOf(initializer, values);
      if (value !== null) values.set(name.text, value);
    }
  }
  return values;
}

/** Null: not known here. */
function foldedOf(node: ts.Expression, values: ReadonlyMap<string, Value>): Value | null {
  const value = plainOf(node, values);
  // Of numbers only those that are written as they are.
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? null : value;
}

function plainOf(node: ts.Expression, values: ReadonlyMap<string, Value>): Value | null {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isIdentifier(node)) return values.get(node.text) ?? null;
  if (ts.isParenthesizedExpression(node)) return foldedOf(node.expression, values);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (ts.isPrefixUnaryExpression(node)) {
    const operand = foldedOf(node.operand, values);
    return operand === null ? null : (UNARY[node.operator]?.(operand as number) ?? null);
  }
  if (!ts.isBinaryExpression(node)) return null;
  const operator = BINARY[node.operatorToken.kind];
  if (operator === undefined) return null;
  const left = foldedOf(node.left, values);
  const right = foldedOf(node.right, values);
  return typeof left === 'number' && typeof right === 'number' ? operator(left, right) : null;
}

const UNARY: { readonly [kind: number]: (operand: number) => Value } = {
  [ts.SyntaxKind.MinusToken]: (operand) => -operand,
  [ts.SyntaxKind.TildeToken]: (operand) => ~operand,
  [ts.SyntaxKind.ExclamationToken]: (operand) => !operand,
};

const BINARY: { readonly [kind: number]: (left: number, right: number) => Value } = {
  [ts.SyntaxKind.PlusToken]: (left, right) => left + right,
  [ts.SyntaxKind.MinusToken]: (left, right) => left - right,
  [ts.SyntaxKind.AsteriskToken]: (left, right) => left * right,
  [ts.SyntaxKind.AsteriskAsteriskToken]: (left, right) => left ** right,
  [ts.SyntaxKind.SlashToken]: (left, right) => left / right,
  [ts.SyntaxKind.PercentToken]: (left, right) => left % right,
  [ts.SyntaxKind.LessThanLessThanToken]: (left, right) => left << right,
  [ts.SyntaxKind.GreaterThanGreaterThanToken]: (left, right) => left >> right,
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken]: (left, right) => left >>> right,
  [ts.SyntaxKind.AmpersandToken]: (left, right) => left & right,
  [ts.SyntaxKind.BarToken]: (left, right) => left | right,
  [ts.SyntaxKind.CaretToken]: (left, right) => left ^ right,
};

function insertValue(edits: Edits, use: ts.Identifier, value: Value): void {
  const written = typeof value === 'number' && value >= 0 ? `${value}` : `(${value})`;
  const { parent } = use;
  const start = use.getStart();
  if (ts.isShorthandPropertyAssignment(parent)) edits.replace(start, use.end, `${use.text}: ${written}`);
  else if (ts.isPropertyAccessExpression(parent)) edits.replace(start, use.end, `(${value})`);
  else edits.replace(start, use.end, written);
}
