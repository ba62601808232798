/** EXPLAIN as pictures: a graph in the DOT language, and a drawing as SVG. Rows flow upwards; the width of a line tells how many. */

import { actualDetails } from './explain-actual.ts';
import type { Shown } from './explain-nodes.ts';

const CHARACTERS = 34;

/** At most a few lines that fit a box. */
function labelOf(node: Shown): string[] {
  const role = node.role === null ? '' : `${node.role}: `;
  const lines = [`${role}${node.name}`];
  if (node.target !== null) lines.push(node.target);
  for (const [name, value] of node.details.slice(0, 2)) {
    lines.push(`${name}: ${typeof value === 'object' ? value.join(', ') : value}`);
  }
  const { actual } = node;
  lines.push(`rows ${Math.round(node.rows)}${actual === null ? '' : ` (${actual.rows})`}, cost ${node.cost.toFixed(1)}`);
  if (actual !== null) {
    lines.push(`${actual.time.toFixed(3)} ms, loops ${actual.loops}, pages ${actual.pages}`);
    const kept = actualDetails(actual).find((line) => line.startsWith('Memory'));
    if (kept !== undefined) lines.push(kept);
  }
  return lines.map((line) => (line.length > CHARACTERS ? `${line.slice(0, CHARACTERS - 1)}…` : line));
}

/** 1 for a few rows, 8 for a hundred million. */
const widthOf = (rows: number): number => Math.round(10 * (1 + 0.875 * Math.min(8, Math.log10(Math.max(1, rows))))) / 10;

/** As counted, or as expected. */
const rowsOf = ({ rows, actual }: Shown): number => actual?.rows ?? rows;

const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');

/** For Graphviz and its like. */
export function dotOf(top: Shown): string[] {
  const lines = ['digraph plan {', '  rankdir=BT;', '  node [shape=box, fontname="monospace", fontsize=10];'];
  let count = 0;
  const add = (node: Shown): number => {
    const own = count++;
    lines.push(`  n${own} [label="${labelOf(node).map(quoted).join('\\n')}"];`);
    for (const input of node.inputs) {
      const below = add(input);
      lines.push(`  n${below} -> n${own} [penwidth=${widthOf(rowsOf(input))}, label="${Math.round(rowsOf(input))}"];`);
    }
    return own;
  };
  add(top);
  return [...lines, '}'];
}

// ---- SVG: a node stands above the middle of its inputs ----

const BOX_WIDTH = 230;
const GAP = 20;
const LINE = 14;
const LEVEL = 140;

interface Placed {
  readonly node: Shown;
  /** Middle of its box. */
  readonly x: number;
  readonly depth: number;
  readonly inputs: readonly Placed[];
}

/** `left`: where the next leaf goes. */
function place(node: Shown, depth: number, left: { at: number }): Placed {
  const inputs = node.inputs.map((input) => place(input, depth + 1, left));
  if (inputs.length > 0) return { node, depth, inputs, x: (inputs[0].x + inputs[inputs.length - 1].x) / 2 };
  const x = left.at + BOX_WIDTH / 2;
  left.at += BOX_WIDTH + GAP;
  return { node, depth, inputs, x };
}

const depthOf = ({ depth, inputs }: Placed): number => Math.max(depth, ...inputs.map(depthOf));

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function svgOf(top: Shown): string[] {
  const left = { at: GAP };
  const placed = place(top, 0, left);
  const height = (depthOf(placed) + 1) * LEVEL + GAP;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left.at}" height="${height}" viewBox="0 0 ${left.at} ${height}">`,
    '<style>rect{fill:#f6f8fa;stroke:#57606a}text{font:10px monospace}line{stroke:#0969da}.name{font-weight:bold}</style>',
  ];
  draw(placed, lines);
  return [...lines, '</svg>'];
}

function draw({ node, x, depth, inputs }: Placed, lines: string[]): void {
  const y = GAP + depth * LEVEL;
  const label = labelOf(node);
  const boxHeight = (label.length + 1) * LINE;
  for (const input of inputs) {
    const below = GAP + input.depth * LEVEL;
    const width = widthOf(rowsOf(input.node));
    lines.push(`<line x1="${x}" y1="${y + boxHeight}" x2="${input.x}" y2="${below}" stroke-width="${width}"/>`);
  }
  lines.push(`<rect x="${x - BOX_WIDTH / 2}" y="${y}" width="${BOX_WIDTH}" height="${boxHeight}" rx="4"/>`);
  label.forEach((line, index) => {
    const name = index === 0 ? ' class="name"' : '';
    const start = x - BOX_WIDTH / 2 + 8;
    lines.push(`<text${name} x="${start}" y="${y + LINE * (index + 1)}">${escaped(line)}</text>`);
  });
  for (const input of inputs) draw(input, lines);
}
