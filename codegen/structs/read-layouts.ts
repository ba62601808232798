/** Finds the `*.layout.ts` files and reads the structures they declare, in the order of path and declaration. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Project, type SourceFile } from 'ts-morph';
import type { Struct } from '../../shm/struct.ts';
import { EvaluationError, evaluate } from './evaluate.ts';

export type LayoutFile = {
  /** Path from the root of the project, with forward slashes. */
  readonly path: string;
  /** The comment at the head of the file, without its stars; empty if there is none. */
  readonly head: string;
  readonly structs: readonly Struct[];
};

const headComment = (file: SourceFile): string => {
  const comment = /^\s*\/\*\*?([\s\S]*?)\*\//.exec(file.getFullText());
  if (comment === null) return '';
  const lines = comment[1].split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  return lines.join('\n').trim();
};

function readStructs(file: SourceFile): Struct[] {
  const structs: Struct[] = [];
  for (const declaration of file.getVariableDeclarations()) {
    const initializer = declaration.getInitializer();
    if (!declaration.isExported() || initializer?.getText().startsWith('defineStruct') !== true) continue;
    structs.push(evaluate(initializer) as Struct);
  }
  return structs;
}

/**
 * Reads every layout file under the given folders of the project. A file that cannot be read goes to `refuse`,
 * which may throw or note it; the others are read all the same.
 */
export function readLayouts(root: string, folders: readonly string[], refuse: (error: EvaluationError) => void): LayoutFile[] {
  const paths = folders.flatMap((folder) => globSync(`${folder}/**/*.layout.ts`, { cwd: root }));
  const project = new Project({ skipFileDependencyResolution: true, compilerOptions: { noLib: true } });
  const layouts: LayoutFile[] = [];
  for (const path of paths.map((one) => one.replaceAll('\\', '/')).sort()) {
    const file = project.addSourceFileAtPath(join(root, path));
    try {
      layouts.push({ path, head: headComment(file), structs: readStructs(file) });
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      refuse(error);
    }
  }
  return layouts;
}
