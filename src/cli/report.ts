import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder } from '../folder.ts';
import { ProblemError } from '../problem.ts';
import { formatCsv } from '../report/csv.ts';
import { formatFigureCsv } from '../report/figures/csv.ts';
import { type Figure, makeFigure } from '../report/figures/figure.ts';
import type { DrawnFigure } from '../report/html/figure.ts';
import { type Chapter, indexHtml, type RunFacts } from '../report/html/index.ts';
import { reportHtml } from '../report/html/report.ts';
import { formatLatex } from '../report/latex.ts';
import { formatMarkdown } from '../report/markdown.ts';
import { paint, sizeText } from '../report/style.ts';
import type { Table } from '../report/table.ts';
import { workOf } from '../report/work.ts';
import type { Context } from './context.ts';
import { readNoting } from './experiment.ts';
import { lineageSources } from './lineage.ts';
import { json } from './output.ts';
import { labelFigures, labelledPictures, labelSets } from './pictures.ts';
import { noTable, type OpenTables, openTables } from './tables.ts';

type ReportOptions = Readonly<{ output: string; json?: boolean }>;
type Written = Readonly<{ path: string; bytes: number }>;
/** How many numbers of the tables are measured, and how many of them no longer hold. */
type Standing = Readonly<{ numbers: number; measured: number; stale: number }>;
/** What was written, the page first. */
export type Report = Readonly<{ written: readonly Written[]; stand: Standing }>;

/** `sea report`: an experiment as one page, and beside it every table and figure as files; several with an index. */
export async function showReport(files: readonly string[], options: ReportOptions, context: Context): Promise<number> {
  const { output } = context;
  const report = await writeReport(files, options.output, context);
  if (options.json === true) output.out(json({ files: report.written, ...report.stand }));
  else output.out(textOf(report, files.length > 1, output).join('\n'));
  return 0;
}

/** `run`: how the run went that the report closes. */
export async function writeReport(
  files: readonly string[],
  folder: string,
  { cache }: Context,
  run?: RunFacts,
): Promise<Report> {
  const known = new Set<string>();
  const [first, ...others] = files;
  if (first !== undefined && others.length === 0) {
    const { written, stand } = await writeExperiment(first, () => folder, cache, known);
    return { written, stand };
  }
  const names = new Set<string>();
  const parts: Written[] = [];
  const chapters: Chapter[] = [];
  const stands: Standing[] = [];
  for (const file of files) {
    // one after another: the lineage of an experiment takes memory
    const folderOf = (name: string) => join(folder, distinctName(name, names));
    const { written, stand, chapter } = await writeExperiment(file, folderOf, cache, known);
    parts.push(...written);
    chapters.push(chapter);
    stands.push(stand);
  }
  const index = await writeAll(folder, [['index.html', indexHtml(chapters, run)]]);
  const sum = (of: keyof Standing) => stands.reduce((total, stand) => total + stand[of], 0);
  return {
    written: [...index, ...parts],
    stand: { numbers: sum('numbers'), measured: sum('measured'), stale: sum('stale') },
  };
}

async function writeExperiment(
  file: string,
  folderOf: (name: string) => string,
  cache: string,
  known: Set<string>,
): Promise<Report & Readonly<{ chapter: Chapter }>> {
  const opened = await openTables(file, cache, { questions: true, tableless: true });
  try {
    const { experiment, tables, readings } = opened;
    const made = (experiment.figures ?? []).map((spec) => makeFigure(experiment, spec, readings));
    if (tables.length + made.length === 0) throw noTable(experiment);
    const figures = await drawAll(made);
    const sets = labelSets(experiment, readings, opened.session.store);
    const labels = await labelFigures(sets);
    const page = reportHtml({
      standing: opened,
      sources: lineageSources(readings),
      figures: [...figures, ...labels],
      pictures: await labelledPictures(sets),
      files: await yamlOf(file),
    });
    const folder = folderOf(experiment.name);
    const written = await writeAll(folder, [
      ['report.html', page],
      ...tables.flatMap(tableFiles),
      ...(await figureFiles(made, figures)),
      ...labels.map(({ name, svg }): NamedText => [`${name}.svg`, svg]),
    ]);
    const { work, keys } = workOf(experiment, readings, known);
    for (const key of keys) known.add(key);
    const { name, description } = experiment;
    const chapter: Chapter = {
      ...{ name, ...(description === undefined ? {} : { description }) },
      page: `${encodeURIComponent(basename(folder))}/report.html`,
      ...{ tables, figures, work },
    };
    return { written, stand: standOf(opened), chapter };
  } finally {
    opened.session.store.close();
  }
}

/** A folder's name for an experiment; two may have the same. */
function distinctName(name: string, taken: Set<string>): string {
  const plain = name.replace(/[^\w.-]+/g, '-').replace(/^\.+/, '') || 'experiment';
  const free = [plain, ...Array.from(taken, (_, at) => `${plain}-${at + 2}`)].find((one) => !taken.has(one)) ?? plain;
  taken.add(free);
  return free;
}

/** What draws is loaded where there is something to draw. */
async function drawAll(figures: readonly Figure[]): Promise<readonly DrawnFigure[]> {
  if (figures.length === 0) return [];
  const { figureSvg } = await import('../report/figures/svg.ts');
  return Promise.all(
    figures.map(async (figure) => {
      const { name, title = name, notes } = figure;
      return { name, title, notes, svg: await figureSvg(figure) };
    }),
  );
}

async function figureFiles(figures: readonly Figure[], drawn: readonly DrawnFigure[]): Promise<readonly NamedText[]> {
  if (figures.length === 0) return [];
  const { svgDocument } = await import('../report/figures/svg.ts');
  return figures.flatMap((figure, at): readonly NamedText[] => [
    [`${figure.name}.svg`, svgDocument(drawn[at]?.svg ?? '')],
    [`${figure.name}.csv`, `${formatFigureCsv(figure)}\r\n`],
    [`${figure.name}.json`, `${json({ figures: [figure] })}\n`],
  ]);
}

/** The file and those it extends, as they were read. */
async function yamlOf(file: string): Promise<readonly Readonly<{ path: string; text: string }>[]> {
  const { reads } = await readNoting(file);
  return reads.filter((path) => /\.ya?ml$/.test(path)).map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

type NamedText = readonly [name: string, text: string];

function tableFiles(table: Table, at: number): readonly NamedText[] {
  const name = `table-${at + 1}`;
  return [
    [`${name}.md`, `${formatMarkdown(table, { intervals: true })}\n`],
    [`${name}.tex`, `${formatLatex(table)}\n`],
    [`${name}.csv`, `${formatCsv(table)}\r\n`],
    [`${name}.json`, `${json({ tables: [table] })}\n`],
  ];
}

async function writeAll(folder: string, files: readonly NamedText[]): Promise<readonly Written[]> {
  try {
    makeFolder(folder);
    for (const [name, text] of files) await writeFile(join(folder, name), text);
  } catch (error) {
    const message = `cannot write to ${folder}: ${(error as Error).message}`;
    throw new ProblemError({ code: 'not-writable', message, hint: 'choose another folder with -o DIR' });
  }
  return files.map(([name, text]) => ({ path: join(folder, name), bytes: Buffer.byteLength(text) }));
}

function standOf({ tables }: OpenTables): Standing {
  const cells = tables.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells));
  const count = (state: string) => cells.filter((cell) => cell.state === state).length;
  return { numbers: cells.length, measured: count('measured'), stale: count('stale') };
}

/** Of one experiment every file; of several the index, which leads to the rest. */
function textOf({ written, stand }: Report, isIndex: boolean, { style }: Context['output']): readonly string[] {
  const { numbers, measured, stale } = stand;
  const open = numbers - measured;
  const [page, ...rest] = written;
  return [
    `${paint(style, 'bold', page?.path ?? '')}  ${paint(style, 'dim', sizeText(page?.bytes ?? 0))}`,
    ...(isIndex ? [paint(style, 'dim', `and ${rest.length} files beside it`)] : rest.map(({ path }) => path)),
    ...(open === 0
      ? []
      : [
          paint(
            style,
            'warn',
            `${open} of ${numbers} numbers are not up to date${stale === 0 ? '' : `, ${stale} of them stale`}: they are marked`,
          ),
        ]),
  ];
}
