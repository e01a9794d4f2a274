/** Circles of a directed graph. */

type State = 'open' | 'done';

/**
 * Depth first: an edge to a node whose visit is still open closes a circle. At least one circle of every knot is found.
 * @param graph node → the nodes it points to; those may be missing as keys
 * @returns each circle as a path that ends where it begins
 */
export function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const states = new Map<string, State>();
  const path: string[] = [];
  const visit = (node: string): void => {
    states.set(node, 'open');
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (states.get(next) === 'open') circles.push([...path.slice(path.indexOf(next)), next]);
      else if (!states.has(next)) visit(next);
    }
    path.pop();
    states.set(node, 'done');
  };
  for (const node of graph.keys()) if (!states.has(node)) visit(node);
  return circles;
}
