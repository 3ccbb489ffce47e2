import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '../problem.ts';
import { formatCsv } from '../report/csv.ts';
import { type DrawnFigure, reportHtml } from '../report/html/report.ts';
import { formatLatex } from '../report/latex.ts';
import { formatMarkdown } from '../report/markdown.ts';
import { paint, sizeText } from '../report/style.ts';
import type { Table } from '../report/table.ts';
import type { Context } from './context.ts';
import { readNoting } from './experiment.ts';
import { lineageSources } from './lineage.ts';
import { json } from './output.ts';
import { labelFigures, labelledPictures, labelSets } from './pictures.ts';
import { noTable, type OpenTables, openTables } from './tables.ts';

type ReportOptions = Readonly<{ output: string; json?: boolean }>;
type Written = Readonly<{ path: string; bytes: number }>;

/** `sea report`: an experiment as one page, and beside it every table and figure as files for a paper. */
export async function writeReport(file: string, options: ReportOptions, { output, cache }: Context): Promise<number> {
  const opened = await openTables(file, cache, { questions: true, tableless: true });
  try {
    if (opened.tables.length === 0) throw noTable(opened.experiment);
    const sets = labelSets(opened.experiment, opened.readings, opened.session.store);
    const figures = await labelFigures(sets);
    const page = reportHtml({
      standing: opened,
      sources: lineageSources(opened.readings),
      figures,
      pictures: await labelledPictures(sets),
      files: await yamlOf(file),
    });
    const written = await writeAll(options.output, [
      ['report.html', page],
      ...opened.tables.flatMap(tableFiles),
      ...figures.map(figureFile),
    ]);
    if (options.json === true) output.out(json({ files: written, ...standOf(opened) }));
    else output.out(textOf(written, opened, output).join('\n'));
    return 0;
  } finally {
    opened.session.store.close();
  }
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

function figureFile({ svg }: DrawnFigure, at: number): NamedText {
  return [`figure-${at + 1}.svg`, svg];
}

async function writeAll(folder: string, files: readonly NamedText[]): Promise<readonly Written[]> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) await writeFile(join(folder, name), text);
  } catch (error) {
    const message = `cannot write to ${folder}: ${(error as Error).message}`;
    throw new ProblemError({ code: 'not-writable', message, hint: 'choose another folder with -o DIR' });
  }
  return files.map(([name, text]) => ({ path: join(folder, name), bytes: Buffer.byteLength(text) }));
}

/** How many numbers of the tables are measured, and how many of them no longer hold. */
function standOf({ tables }: OpenTables): Readonly<{ numbers: number; measured: number; stale: number }> {
  const cells = tables.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells));
  const count = (state: string) => cells.filter((cell) => cell.state === state).length;
  return { numbers: cells.length, measured: count('measured'), stale: count('stale') };
}

function textOf(written: readonly Written[], opened: OpenTables, { style }: Context['output']): readonly string[] {
  const { numbers, measured, stale } = standOf(opened);
  const open = numbers - measured;
  const [page, ...rest] = written;
  return [
    `${paint(style, 'bold', page?.path ?? '')}  ${paint(style, 'dim', sizeText(page?.bytes ?? 0))}`,
    ...rest.map(({ path }) => path),
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
