import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const root = path.join(__dirname, '../..');

/** Files below a folder of the repository, relative to its root, in a stable order. */
export function filesIn(folder: string, extension: RegExp): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** Every node of a TypeScript file; comments are none. */
export function nodesOf(file: string, text: string): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node) => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS));
  return found;
}

/**
 * The texts written in a file. A constant text of the same file that a template inserts is spelled out there, and does not stand alone;
 * whatever else a template inserts reads `?`.
 */
export function textsOf(file: string, text: string): string[] {
  const nodes = nodesOf(file, text);
  const constants = new Map<string, ts.Node>();
  for (const node of nodes) {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer && isText(node.initializer)) {
      constants.set(node.name.text, node.initializer);
    }
  }
  const inserted = new Set<ts.Node>();
  const spell = (node: ts.Node): string => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
    if (!ts.isTemplateExpression(node)) return '?';
    const spans = node.templateSpans.map(({ expression, literal }) => {
      const constant = ts.isIdentifier(expression) ? constants.get(expression.text) : undefined;
      if (constant) inserted.add(constant);
      return (constant ? spell(constant) : '?') + literal.text;
    });
    return node.head.text + spans.join('');
  };
  const spelled = nodes.filter(isText).map((node) => ({ node, text: spell(node) }));
  return spelled.filter(({ node }) => !inserted.has(node)).map((entry) => entry.text);
}

const isText = (node: ts.Node): boolean =>
  ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node);
