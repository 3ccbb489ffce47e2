import { fail, type Result } from '../problem.ts';
import { paint } from '../report/style.ts';
import type { Experiment } from '../spec/experiment.ts';
import { count } from '../ui/words.ts';
import type { Context } from './context.ts';
import { readExperiment } from './experiment.ts';
import { type Missing, missingFiles, missingProblem } from './missing.ts';
import { json } from './output.ts';
import { printProblems } from './problems.ts';

/** `sea validate`: every mistake of every file, then what the good ones hold. */
export async function validate(
  files: readonly string[],
  options: Readonly<{ json?: boolean }>,
  { output }: Context,
): Promise<number> {
  const results = await Promise.all(files.map(async (file) => ({ file, ...(await checked(file)) })));
  if (options.json === true) {
    const told = results.map(({ file, result, missing }) =>
      result.ok
        ? { file, ok: true, experiment: contents(result.value), missing: missing.flatMap(({ paths }) => paths) }
        : { file, ok: false, problems: result.problems },
    );
    output.out(json({ files: told }));
  } else {
    for (const { file, result, missing } of results) {
      if (!result.ok) printProblems(result.problems, output);
      else output.out(`${paint(output.style, 'good', 'ok')} ${file}: ${contentsText(result.value)}${awaited(missing)}`);
    }
  }
  return results.every(({ result }) => result.ok) ? 0 : 2;
}

type Checked = Readonly<{ result: Result<Experiment>; missing: readonly Missing[] }>;

/**
 * The experiment, or all that would keep it from running. What it expects below a variable's folder is the machine's to
 * bring: the file is right without it.
 */
async function checked(file: string): Promise<Checked> {
  const result = await readExperiment(file);
  const missing = result.ok ? missingFiles(result.value) : [];
  const mistakes = missing.filter(({ root }) => root === undefined);
  return { result: mistakes.length > 0 ? fail(...mistakes.map(missingProblem)) : result, missing };
}

function awaited(missing: readonly Missing[]): string {
  const stages = missing.length;
  return stages === 0 ? '' : `; files of ${count(stages, 'stage')} are not here yet: \`sea plan\` lists them`;
}

function contents({ name, rows, seeds, stages, tables, unused }: Experiment): unknown {
  return {
    name,
    rows: rows.map((row) => row.name),
    seeds,
    stages: stages.map(({ id, kind }) => ({ id, kind })),
    tables: tables.length,
    unused: unused ?? [],
  };
}

/** Of an experiment that takes much from another and shows little, the rest would fill the screen. */
const SHOWN = 8;

function some(stages: readonly string[]): string {
  if (stages.length <= SHOWN + 1) return stages.join(', ');
  return `${stages.slice(0, SHOWN).join(', ')} and ${stages.length - SHOWN} more (--json lists them)`;
}

function contentsText({ name, rows, seeds, stages, tables, unused = [] }: Experiment): string {
  const parts = [
    ...(rows.length > 0 ? [count(rows.length, 'row')] : []),
    ...(seeds.length > 0 ? [count(seeds.length, 'seed')] : []),
    count(stages.length, 'stage'),
    ...(tables.length > 0 ? [count(tables.length, 'table')] : []),
    ...(unused.length > 0 ? [`not needed by a table: ${some(unused)}`] : []),
  ];
  return `${name}: ${parts.join(', ')}`;
}
