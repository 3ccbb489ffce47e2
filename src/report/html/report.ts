import type { Standing } from '../compare.ts';
import { xml } from '../labels/svg.ts';
import type { LineageSources } from '../lineage.ts';
import { duration, minuteOf } from '../style.ts';
import { type DrawnFigure, figureHtml } from './figure.ts';
import { lineageHtml } from './lineage.ts';
import { type Part, pageHtml } from './page.ts';
import { questionsHtml } from './questions.ts';
import { tableHtml } from './table.ts';

/** Pictures with the words of their patches, as one stage labelled them. */
export type LabelledPictures = Readonly<{ stage: string; svgs: readonly string[] }>;

/** An experiment as a report tells it. */
export type Report = Readonly<{
  standing: Standing;
  sources: LineageSources;
  figures: readonly DrawnFigure[];
  pictures: readonly LabelledPictures[];
  /** the experiment file and those it extends */
  files: readonly Readonly<{ path: string; text: string }>[];
}>;

/** One page that needs nothing beside itself. The same experiment and results give the same bytes. */
export function reportHtml(report: Report): string {
  const { standing, sources } = report;
  const { experiment, tables } = standing;
  const parts: readonly Part[] = [
    { id: 'tables', title: 'Tables', lines: tables.flatMap((table, number) => tableHtml(table, number)) },
    { id: 'figures', title: 'Figures', lines: report.figures.flatMap((figure, number) => figureHtml(figure, number)) },
    { id: 'questions', title: 'Questions won and lost', lines: questionsHtml(standing) },
    { id: 'labels', title: 'Words of patches', lines: report.pictures.flatMap(picturesHtml) },
    {
      id: 'lineage',
      title: 'Lineage',
      lines:
        tables.length === 0
          ? []
          : ['<div class="lineage">', ...lineageHtml(tables, experiment.stages, sources), '</div>'],
    },
    { id: 'file', title: 'Experiment file', lines: report.files.flatMap(fileHtml) },
  ].filter(({ lines }) => lines.length > 0);
  const head = [
    ...(experiment.description === undefined ? [] : [`<p>${xml(experiment.description)}</p>`]),
    `<p class="about">${xml(aboutText(report))}</p>`,
  ];
  return pageHtml(experiment.name, head, parts);
}

/** What it took, with what and when it was last measured. */
function aboutText({ standing: { experiment }, sources: { readings } }: Report): string {
  const known = [...readings.values()].flatMap((reading) => (reading.state === 'measured' ? [reading.entry] : []));
  const distinct = [...new Map(known.map((entry) => [entry.key, entry])).values()];
  const seconds = distinct.reduce((sum, { provenance }) => sum + provenance.seconds, 0);
  const last = distinct
    .map(({ provenance }) => provenance.startedAt)
    .sort()
    .at(-1);
  const seeds = experiment.seeds.length === 0 ? '' : `seeds ${experiment.seeds.join(', ')} · `;
  const measured = known.length === experiment.stages.length ? '' : `${known.length} measured of `;
  const when = last === undefined ? '' : ` · last measured ${minuteOf(last)} UTC`;
  return `${experiment.file} · ${seeds}${measured}${experiment.stages.length} stages · ${duration(seconds)} of work${when}`;
}

function picturesHtml({ stage, svgs }: LabelledPictures): readonly string[] {
  return [
    `<h3>${xml(stage)}</h3>`,
    `<div class="pictures">${svgs.map((svg) => `<figure>${svg}</figure>`).join('')}</div>`,
  ];
}

/** YAML with its comments set back. */
function fileHtml({ path, text }: Report['files'][number]): readonly string[] {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const at = /(^|\s)#(?=\s)/.exec(line)?.index;
      if (at === undefined) return xml(line);
      return `${xml(line.slice(0, at))}<span class="comment">${xml(line.slice(at))}</span>`;
    });
  return [`<h3>${xml(path)}</h3>`, `<pre>${lines.join('\n')}</pre>`];
}
