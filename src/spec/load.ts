import type { Problem, Result } from '../problem.ts';
import { fail, succeed } from '../problem.ts';
import type { AnyKind } from '../stages/kind.ts';
import { planCells } from './cells.ts';
import { readDraft } from './draft.ts';
import { expand } from './expand.ts';
import type { Experiment, Root } from './experiment.ts';
import { readFigures } from './figures.ts';
import { readPapers } from './paper.ts';
import { type Load, parseExperiment } from './parse.ts';
import type { Variable } from './path.ts';
import { inOrder } from './problems.ts';
import { readAxes, readRows } from './rows.ts';
import { readTable, rootsOf } from './tables.ts';

/**
 * An experiment file, checked and expanded, or everything that is wrong with it, in the order of the file.
 * `readFile` gives the text of a file (also of what the experiment extends and of the paper's numbers), `variable` the
 * environment variables that paths begin with.
 */
export function loadExperiment(
  file: string,
  kinds: readonly AnyKind[],
  readFile: Load,
  variable: Variable = () => undefined,
): Result<Experiment> {
  const roots = new Map<string, Root>();
  const problems: Problem[] = [];
  const root = parseExperiment(file, readFile, problems);
  if (root === undefined) return fail(...inOrder(problems, file));
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const draft = readDraft(root, problems);
  const written = readRows(draft, byName, problems);
  const axes = readAxes(draft, byName, problems);
  const cells = [...planCells(draft, written, axes, problems)];
  const expansion = expand(draft, cells, rootsOf(draft), {
    kinds: byName,
    stages: draft.stages,
    variable,
    roots,
    problems,
  });
  const writtenAs = new Map(cells.map((cell) => [cell.row, cell.written]));
  const rows = expansion.rows.map((row) => ({ row, written: writtenAs.get(row) ?? row.name }));
  const made = { draft, rows, variants: expansion.variants, problems };
  const tables = draft.tables.map((table) => readTable(table, made));
  const figures = readFigures(made, expansion);
  const references = readPapers(
    draft.papers,
    expansion.rows.map((row) => row.name),
    [...tables, ...figures.map(({ table }) => table)],
    readFile,
    problems,
  );
  if (problems.length > 0) return fail(...inOrder(problems, file));
  return succeed({
    name: draft.name,
    ...(draft.description === undefined ? {} : { description: draft.description }),
    file,
    rows: expansion.rows,
    seeds: draft.seeds,
    cells: expansion.cells,
    stages: expansion.stages,
    tables,
    ...(figures.length === 0 ? {} : { figures }),
    ...(references.length === 0 ? {} : { references }),
    ...(expansion.unused.length === 0 ? {} : { unused: expansion.unused }),
    ...(roots.size === 0 ? {} : { roots: [...roots.values()] }),
  });
}
