import type { Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import type { PaperDraft } from './draft-table.ts';
import type { Reference, TableSpec } from './experiment.ts';
import type { Field, Fields, Node } from './node.ts';
import { describe, placeOf, toJson } from './node.ts';
import { type Load, loadAt, parse, relativeTo } from './parse.ts';
import { wrongType } from './read.ts';

/** A line of a printed table: what names it (method, and more where the method is not enough) and its numbers. */
type PaperRow = Readonly<{ method: string; fields: ReadonlyMap<string, unknown>; scores: ReadonlyMap<string, number> }>;
type Names = Readonly<{ rows: readonly string[]; columns: readonly string[] }>;

/** The paper's numbers under our names, for each `paper:` entry. */
export function readPapers(
  papers: readonly PaperDraft[],
  rows: readonly string[],
  tables: readonly TableSpec[],
  load: Load,
  problems: Problem[],
): readonly Reference[] {
  const columns = [...new Set(tables.flatMap((table) => table.columns.map((column) => column.label)))];
  return papers.flatMap((paper) => readPaper(paper, { rows, columns }, load, problems) ?? []);
}

function readPaper(paper: PaperDraft, names: Names, load: Load, problems: Problem[]): Reference | undefined {
  const root = open(paper, load, problems);
  const table = root === undefined ? undefined : tableOf(root, paper, problems);
  if (root === undefined || table === undefined) return undefined;
  const before = problems.length;
  const printed =
    table.type === 'list' ? table.items.flatMap((item) => readMethod(item, problems)) : readPoints(table, problems);
  if (problems.length > before) return undefined;
  checkOurNames(paper, names, problems);
  const theirColumns = [...new Set(printed.flatMap((row) => [...row.scores.keys()]))];
  const columns = names.columns.flatMap((label) => {
    const theirs = columnNamed(label, paper, theirColumns, problems);
    return theirs === undefined ? [] : [[label, theirs] as const];
  });
  const numbers = (names: readonly string[], mapped: readonly Field[]) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const row = rowNamed(name, mapped, paper, printed, problems);
        const scores = columns.flatMap(([label, theirs]) => {
          const score = row?.scores.get(theirs);
          return score === undefined ? [] : [[label, score] as const];
        });
        return scores.length === 0 ? [] : [[name, Object.fromEntries(scores)] as const];
      }),
    );
  const rows = numbers(names.rows, paper.rows);
  const others = numbers(
    paper.others.map(({ name }) => name),
    paper.others,
  );
  if (Object.keys({ ...rows, ...others }).length === 0 && problems.length === before)
    reportNothing(paper, printed, problems);
  const source = root.fields.get('source')?.value;
  const name = source === undefined ? paper.file.name : String(toJson(source));
  return { source: `${name}, ${paper.table.name}`, rows, ...(paper.others.length === 0 ? {} : { others }) };
}

function open(paper: PaperDraft, load: Load, problems: Problem[]): Fields | undefined {
  const path = relativeTo(paper.file.node.source.file, paper.file.name);
  const text = loadAt(path, placeOf(paper.file.node), load, problems);
  if (text === 'unreadable') return undefined;
  if (text === undefined) {
    problems.push({
      code: 'no-file',
      message: `cannot read ${path}`,
      at: placeOf(paper.file.node),
      hint: `the path is relative to the folder of ${paper.file.node.source.file}`,
    });
    return undefined;
  }
  const root = parse({ file: path, ...text }, problems);
  if (root?.type === 'map') return root;
  if (root !== undefined) problems.push(wrongType('a map of tables', root));
  return undefined;
}

function tableOf(root: Fields, paper: PaperDraft, problems: Problem[]): Node | undefined {
  const table = root.fields.get(paper.table.name)?.value;
  if (table?.type === 'list' || (table?.type === 'map' && table.fields.get('points')?.value.type === 'map'))
    return table;
  const tables = [...root.fields.values()]
    .filter(({ value }) => value.type === 'list' || (value.type === 'map' && value.fields.has('points')))
    .map(({ name }) => name);
  problems.push({
    code: 'unknown-table',
    message: `${paper.file.name} has no table "${paper.table.name}"`,
    at: placeOf(paper.table.node),
    hint: suggest(paper.table.name, tables),
  });
  return undefined;
}

/** `{ method, scores: { column: number or null }, ... }` */
function readMethod(node: Node, problems: Problem[]): readonly PaperRow[] {
  const method = node.type === 'map' ? node.fields.get('method')?.value : undefined;
  const scores = node.type === 'map' ? node.fields.get('scores')?.value : undefined;
  if (node.type !== 'map' || method?.type !== 'scalar' || typeof method.value !== 'string' || scores?.type !== 'map') {
    problems.push({
      code: 'wrong-type',
      message: 'expected { method: text, scores: { column: number } }',
      at: placeOf(node),
    });
    return [];
  }
  const fields = new Map(
    [...node.fields].flatMap(([name, { value }]) => (value.type === 'scalar' ? [[name, value.value] as const] : [])),
  );
  return [{ method: method.value, fields, scores: readScores(scores, problems) }];
}

/** A figure: `{ benchmark, points: { name: number } }`, a table with one column. */
function readPoints(node: Node, problems: Problem[]): readonly PaperRow[] {
  const [benchmark, points] =
    node.type === 'map' ? [node.fields.get('benchmark')?.value, node.fields.get('points')?.value] : [];
  if (points?.type !== 'map' || benchmark?.type !== 'scalar' || typeof benchmark.value !== 'string') {
    problems.push({
      code: 'wrong-type',
      message: 'expected { benchmark: text, points: { name: number } }',
      at: placeOf(node),
    });
    return [];
  }
  const column = benchmark.value;
  return [...readScores(points, problems)].map(([method, score]) => ({
    method,
    fields: new Map([['method', method]]),
    scores: new Map([[column, score]]),
  }));
}

/** null is a dash in the paper. */
function readScores(map: Fields, problems: Problem[]): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const [name, { value }] of map.fields) {
    const score = toJson(value);
    if (typeof score === 'number') scores.set(name, score);
    else if (score !== null)
      problems.push({
        code: 'wrong-type',
        message: `"${name}": expected a number or null, found ${describe(score)}`,
        at: placeOf(value),
      });
  }
  return scores;
}

function checkOurNames(paper: PaperDraft, names: Names, problems: Problem[]): void {
  const check = (fields: readonly Field[], valid: readonly string[], code: string, what: string) => {
    for (const field of fields) {
      if (!valid.includes(field.name))
        problems.push({
          code,
          message: `\`paper\`: we have no ${what} "${field.name}"`,
          at: placeOf(field),
          hint: suggest(field.name, valid),
        });
    }
  };
  check(paper.rows, names.rows, 'unknown-row', 'row');
  check(paper.columns, names.columns, 'unknown-column', 'column');
  for (const field of paper.others.filter(({ name }) => names.rows.includes(name)))
    problems.push({
      code: 'duplicate-row',
      message: `\`paper\`: "${field.name}" is a row of ours`,
      at: placeOf(field),
      hint: 'give the row of `others` a name of its own',
    });
}

function columnNamed(
  label: string,
  paper: PaperDraft,
  theirs: readonly string[],
  problems: Problem[],
): string | undefined {
  const mapped = paper.columns.find((field) => field.name === label);
  if (mapped === undefined) return theirs.includes(label) ? label : undefined;
  const name = String(toJson(mapped.value));
  if (theirs.includes(name)) return name;
  problems.push({
    code: 'unknown-reference',
    message: `${paper.table.name} has no column "${name}"`,
    at: placeOf(mapped.value),
    hint: suggest(name, theirs),
  });
  return undefined;
}

function rowNamed(
  name: string,
  mapped: readonly Field[],
  paper: PaperDraft,
  printed: readonly PaperRow[],
  problems: Problem[],
): PaperRow | undefined {
  const wanted = mapped.find((field) => field.name === name)?.value;
  const value = wanted === undefined ? name : toJson(wanted);
  const pairs = value !== null && typeof value === 'object' ? Object.entries(value) : [['method', value] as const];
  const found = printed.filter((row) => pairs.every(([key, expected]) => row.fields.get(key) === expected));
  if (found.length === 1 || (found.length === 0 && wanted === undefined)) return found[0];
  const at = placeOf(wanted ?? paper.table.node);
  const text = pairs
    .map(([key, expected]) => (pairs.length === 1 ? `"${String(expected)}"` : `${key}: ${String(expected)}`))
    .join(', ');
  if (found.length === 0) {
    const methods = [...new Set(printed.map((row) => row.method))];
    problems.push({
      code: 'unknown-reference',
      message: `${paper.table.name} has no row ${text}`,
      at,
      hint: suggest(String(pairs[0]?.[1]), methods),
    });
  } else {
    const fields = [...(found[0]?.fields ?? [])].map(([key, expected]) => `${key}: ${String(expected)}`);
    const hint = `say which by its other fields, for example { ${fields.join(', ')} }`;
    problems.push({
      code: 'ambiguous-reference',
      message: `${paper.table.name} has ${found.length} rows ${text}`,
      at,
      hint,
    });
  }
  return undefined;
}

function reportNothing(paper: PaperDraft, printed: readonly PaperRow[], problems: Problem[]): void {
  const [rows, columns] = [
    [...new Set(printed.map((row) => row.method))],
    [...new Set(printed.flatMap((row) => [...row.scores.keys()]))],
  ];
  const hint = `map names with \`rows\` and \`columns\`; rows: ${rows.slice(0, 6).join(', ')}; columns: ${columns.slice(0, 8).join(', ')}`;
  problems.push({
    code: 'unknown-reference',
    message: `no number of ${paper.table.name} has the name of a row and a column here`,
    at: placeOf(paper.table.node),
    hint,
  });
}
