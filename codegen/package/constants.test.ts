/** Built files with constants as such: they do what they did. */
import { strictEqual } from 'node:assert/strict';
import test from 'node:test';
import { runInNewContext } from 'node:vm';
import { withConstants } from './constants.ts';

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
[twice(4), text.length, strict(), [...counted(2)].join(), twice.name, again(3).join(), typeof later].join(' ');
`;

test('functions of a built script become constants in front of everything, and do the same', () => {
  const built = withConstants(SCRIPT);
  strictEqual(runInNewContext(built), runInNewContext(SCRIPT));
  strictEqual(/^function|^async function/m.test(built.replace('\nfunction inText', '')), false);
  strictEqual(built.startsWith('"use strict";\nconst twice = function'), true);
});

test('imports stay in front, and what is exported as it is declared stays as it is', () => {
  const built = withConstants("import { a } from 'a';\nfunction f() {\n}\nexport function g() {\n}\nexport { f };\n");
  strictEqual(built.split('\n')[0], "import { a } from 'a';");
  strictEqual(built.includes('const f = function ()'), true);
  strictEqual(built.includes('export function g()'), true);
});

/** What each line is to be. */
const LINES: readonly (readonly [source: string, built: string])[] = [
  // Numbers and booleans, also those that are made of others, go to where they are used.
  ['var a = 8, b = a >> 1; use(a, b);', ' use(8, 4);'],
  [
    'var a = -1; use(2 - a, { a }, { a: 1 }, x.a, a.toFixed(), [...a]);',
    ' use(2 - (-1), { a: (-1) }, { a: 1 }, x.a, (-1).toFixed(), [...(-1)]);',
  ],
  ['var a = 4; use(a.toFixed());', ' use((4).toFixed());'],
  ['var a = !1; a && use();', ' (false) && use();'],
  ['var a = 5; export { a as b };', 'const a = 5;\n export { a as b };'],
  ['var a = 5, tree = new Map(), c = (a) => a; use(tree, c);', 'const c = (a) => a;\nvar a = 5, tree = new Map(); use(tree, c);'],
  // What is made elsewhere or not at all times the same stays.
  ['var a = 1 / 0, b = -0; use(a, b);', 'var a = 1 / 0, b = -0; use(a, b);'],
  ['var a; use(a);', 'var a; use(a);'],
  ['var a = f(), b = a + 1; use(b);', 'var a = f(), b = a + 1; use(b);'],
  // What is assigned anywhere.
  ['var a = 1; a = 2; use(a);', 'var a = 1; a = 2; use(a);'],
  ['var a = 1; a++; use(a);', 'var a = 1; a++; use(a);'],
  ['var a = 1; [x.y, { z: a }] = f(); use(a);', 'var a = 1; [x.y, { z: a }] = f(); use(a);'],
  ['var a = 1; for (a of f()) use(a);', 'var a = 1; for (a of f()) use(a);'],
  ['var a = 1; list[a] = 2; list[a]++;', ' list[1] = 2; list[1]++;'],
  // What is declared twice, be it in another scope.
  ['var a = 1; function f(a) { return a; }', 'const f = function (a) { return a; };\nvar a = 1; '],
  ['var a = 1; { let { b: a } = c; use(a); }', 'var a = 1; { let { b: a } = c; use(a); }'],
  ['var a = 1; try { f(); } catch (a) { use(a); }', 'var a = 1; try { f(); } catch (a) { use(a); }'],
  // Names that are no variables.
  ['var a = 1; a: for (;;) break a;', ' a: for (;;) break a;'],
  ['var a = 1; class C { a = a; m() { return this.a; } }', ' class C { a = 1; m() { return this.a; } }'],
  // What has no effect is moved to the front.
  [
    'var f = (n) => n, on = process.arch === "x64"; use(f, on);',
    'const f = (n) => n;\nconst on = process.arch === "x64";\n use(f, on);',
  ],
  ['var f = (n) => n; f = null;', 'var f = (n) => n; f = null;'],
];

for (const [source, expected] of LINES) {
  test(`constants of: ${source}`, () => strictEqual(withConstants(source), expected));
}
