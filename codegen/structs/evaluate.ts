/**
 * Works out constant expressions of a layout file without running it: literals, arithmetic, object literals, names of
 * constants (also imported ones), and what defineStruct() returns. Anything else is an error that names its place.
 */
import { type CallExpression, type Expression, Node, type SourceFile, SyntaxKind, type VariableDeclaration } from 'ts-morph';
import { defineStruct, type Struct, type StructDeclaration, StructError } from '../../shm/struct.ts';

/** A declaration that cannot be worked out without running the program. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

const fail = (node: Node, why: string): never => {
  throw new EvaluationError(
    `${node.getSourceFile().getFilePath()}:${node.getStartLineNumber()}: ${why}: ${node.getText().split('\n')[0].slice(0, 80)}`,
  );
};

const ARITHMETIC: { readonly [operator: string]: (left: number, right: number) => number } = {
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '**': (left, right) => left ** right,
  '<<': (left, right) => left << right,
  '>>': (left, right) => left >> right,
  '|': (left, right) => left | right,
};

/** The variable that a name stands for, in this file or in the one it is imported from. */
function findConstant(file: SourceFile, name: string, at: Node): VariableDeclaration {
  const local = file.getVariableDeclaration(name);
  if (local !== undefined) return local;
  for (const declaration of file.getImportDeclarations()) {
    const imported = declaration.getNamedImports().find((one) => (one.getAliasNode()?.getText() ?? one.getName()) === name);
    if (imported === undefined) continue;
    const path = new URL(declaration.getModuleSpecifierValue(), `file://${file.getFilePath()}`).pathname;
    const source = file.getProject().addSourceFileAtPathIfExists(path) ?? fail(at, `no file ${path}`);
    return findConstant(source, imported.getName(), at);
  }
  return fail(at, 'not a constant of this file or an import');
}

function evaluateBinary(node: Node): unknown {
  const binary = node.asKindOrThrow(SyntaxKind.BinaryExpression);
  const left = evaluate(binary.getLeft());
  const right = evaluate(binary.getRight());
  const operator = binary.getOperatorToken().getText();
  if (operator === '+') return typeof left === 'string' ? left + String(right) : Number(left) + Number(right);
  const compute = ARITHMETIC[operator] ?? fail(node, `operator ${operator} is not supported here`);
  return compute(Number(left), Number(right));
}

function evaluateObject(node: Node): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const property of node.asKindOrThrow(SyntaxKind.ObjectLiteralExpression).getProperties()) {
    if (!Node.isPropertyAssignment(property)) return fail(property, 'only plain "name: value" properties');
    object[property.getName().replace(/^['"]|['"]$/g, '')] = evaluate(property.getInitializerOrThrow());
  }
  return object;
}

function evaluateStruct(call: CallExpression): Struct {
  const declared = evaluate(call.getArguments()[0] as Expression) as StructDeclaration<string>;
  try {
    return defineStruct(declared);
  } catch (error) {
    if (error instanceof StructError) return fail(call, error.message);
    throw error;
  }
}

/** The value of a constant expression. */
export function evaluate(node: Expression): unknown {
  if (Node.isNumericLiteral(node)) return node.getLiteralValue();
  if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)) return node.getLiteralValue();
  if (Node.isObjectLiteralExpression(node)) return evaluateObject(node);
  if (Node.isBinaryExpression(node)) return evaluateBinary(node);
  if (Node.isParenthesizedExpression(node) || Node.isAsExpression(node) || Node.isSatisfiesExpression(node)) {
    return evaluate(node.getExpression());
  }
  if (Node.isIdentifier(node)) {
    return evaluate(findConstant(node.getSourceFile(), node.getText(), node).getInitializerOrThrow());
  }
  if (Node.isPropertyAccessExpression(node)) {
    return (evaluate(node.getExpression()) as Record<string, unknown>)[node.getName()];
  }
  if (Node.isCallExpression(node) && node.getExpression().getText() === 'defineStruct') return evaluateStruct(node);
  return fail(node, 'cannot be worked out at build time');
}
