/** Built files with constant functions: they do what they did. */
import { strictEqual } from 'node:assert/strict';
import test from 'node:test';
import { runInNewContext } from 'node:vm';
import { withConstantFunctions } from './constant-functions.ts';

const SCRIPT = `"use strict";
var early = twice(4);
function twice(n) { return shifted(n) * unit; }
/* between */ var unit = 2;
const text = \`
function inText(n) {
}
\`;
function shifted(n) { return n + (typeof unit === 'undefined' ? 0 : 1); }
async function later(n) { return twice(n); }
function* counted(n) { while (n > 0) yield n--; }
function strict() { return this === undefined; }
function again(n) { return n === 0 ? [] : [n, ...again(n - 1)]; }
[early, twice(4), text.length, strict(), [...counted(2)].join(), twice.name, again(3).join(), typeof later].join(' ');
`;

test('functions of a built script become constants in front of everything, and do the same', () => {
  const built = withConstantFunctions(SCRIPT);
  strictEqual(runInNewContext(built), runInNewContext(SCRIPT));
  strictEqual(/^function|^async function/m.test(built.replace('\nfunction inText', '')), false);
  strictEqual(built.startsWith('"use strict";\nconst twice = function'), true);
});

test('imports stay in front, and what is exported as it is declared stays as it is', () => {
  const built = withConstantFunctions("import { a } from 'a';\nfunction f() {\n}\nexport function g() {\n}\nexport { f };\n");
  strictEqual(built.split('\n')[0], "import { a } from 'a';");
  strictEqual(built.includes('const f = function ()'), true);
  strictEqual(built.includes('export function g()'), true);
});
