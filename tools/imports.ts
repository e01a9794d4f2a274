/** Reads what a source file imports, in all the ways TypeScript has, from its syntax tree. */
import { type Expression, parseSync, type TSExternalModuleReference, Visitor } from 'oxc-parser';

export type Import = {
  /** As written; null when it is computed. */
  specifier: string | null;
  /** Nothing of it is left at run time. `import { type X }` does not count: it still loads the module. */
  typeOnly: boolean;
  line: number;
};

/**
 * `import`, `export … from`, `import()`, `import('…')` as a type and `import x = require('…')`, by place in the file.
 * @param path decides between TypeScript, JSX and JavaScript by its extension
 * @throws SyntaxError when the file cannot be parsed
 */
export function importsOf(path: string, source: string): Import[] {
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const found: Import[] = [];
  const add = (at: { start: number }, specifier: string | null, typeOnly: boolean) =>
    found.push({ specifier, typeOnly, line: source.slice(0, at.start).split('\n').length });
  new Visitor({
    ImportDeclaration: (node) => add(node, node.source.value, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => node.source !== null && add(node, node.source.value, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node, node.source.value, node.exportKind === 'type'),
    ImportExpression: (node) => add(node, literal(node.source), false),
    TSImportType: (node) => add(node, node.source.value, true),
    TSExternalModuleReference: (node: TSExternalModuleReference) => add(node, node.expression.value, false),
  }).visit(program);
  return found.sort((a, b) => a.line - b.line);
}

function literal(node: Expression): string | null {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return null;
}
