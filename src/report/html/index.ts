import { xml } from '../labels/svg.ts';
import { duration, minuteOf } from '../style.ts';
import type { Table } from '../table.ts';
import { sumOfWork, type Work } from '../work.ts';
import { type DrawnFigure, figureHtml } from './figure.ts';
import { pageHtml } from './page.ts';
import { anchorOf, tableHtml } from './table.ts';

/** An experiment among several: what it found, and where its own page is. */
export type Chapter = Readonly<{
  name: string;
  description?: string;
  /** its page, from the index */
  page: string;
  tables: readonly Table[];
  figures: readonly DrawnFigure[];
  work: Work;
}>;

/** How the run went that a report closes. */
export type RunFacts = Readonly<{ asked: number; ran: number; reused: number; failed: number; seconds: number }>;

/** Several experiments on one page, tables and figures; the rest of each stands on its own page beside it. */
export function indexHtml(chapters: readonly Chapter[], run?: RunFacts): string {
  const parts = chapters.map((chapter, at) => ({
    id: `x${at + 1}`,
    title: chapter.name,
    lines: chapterHtml(chapter, at),
  }));
  const head = [...aboutHtml(chapters, run), ...workHtml(chapters)];
  return pageHtml(`${chapters.length} experiments`, head, parts);
}

function chapterHtml({ description, page, tables, figures }: Chapter, at: number): readonly string[] {
  const prefix = `x${at + 1}-`;
  const place = {
    prefix,
    lineage: (table: number, row: number, column: number) => `${page}#${anchorOf(table, row, column)}`,
  };
  return [
    ...(description === undefined ? [] : [`<p>${xml(description)}</p>`]),
    `<p class="about"><a href="${xml(page)}">Lineage of every number, questions won and lost, words of patches, the file</a></p>`,
    ...tables.flatMap((table, number) => tableHtml(table, number, place)),
    ...figures.flatMap((figure, number) => figureHtml(figure, number, prefix)),
  ];
}

/** How long, and what was shared. */
function aboutHtml(chapters: readonly Chapter[], run: RunFacts | undefined): readonly string[] {
  const all = sumOfWork(chapters.map(({ work }) => work));
  const open = all.asked - all.measured;
  const sentences = [
    ...(run === undefined
      ? []
      : [
          `The run asked for ${count(run.asked)} stages: ${count(run.ran)} run, ${count(run.reused)} reused, ${count(run.failed)} failed, in ${duration(run.seconds)}.`,
        ]),
    `${chapters.length} experiments ask for ${count(all.asked)} stages${open === 0 ? '' : `, ${count(open)} of them not up to date`}; ${count(all.measured - all.ran)} are equal to another one, so that ${count(all.ran)} were run: ${duration(all.seconds)} of work.`,
    `With nothing shared, every row and seed by itself, it would be ${count(all.apart)} stages and ${duration(all.apartSeconds)} of work.`,
    ...(all.from === undefined || all.to === undefined
      ? []
      : [`Measured between ${minuteOf(all.from)} and ${minuteOf(all.to)} UTC.`]),
  ];
  return [`<p class="about">${sentences.join(' ')}</p>`];
}

const columns = ['rows × seeds', 'rows apart', 'asked for', 'shared', 'run', 'work'];

function workHtml(chapters: readonly Chapter[]): readonly string[] {
  const row = (name: string, size: string, { apart, asked, measured, ran, seconds }: Work) => {
    const cells = [size, count(apart), count(asked), count(measured - ran), count(ran), duration(seconds)];
    return `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  };
  return [
    '<div class="scroll"><table class="data work">',
    `<thead><tr><th scope="col">Stages</th>${columns.map((column) => `<th scope="col">${column}</th>`).join('')}</tr></thead><tbody>`,
    ...chapters.map(({ name, work }, at) =>
      row(`<a href="#x${at + 1}">${xml(name)}</a>`, `${work.rows} × ${work.seeds}`, work),
    ),
    row('all', '', sumOfWork(chapters.map(({ work }) => work))),
    '</tbody></table></div>',
  ];
}

/** `1 234`, with a space that does not break. */
function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202F');
}
