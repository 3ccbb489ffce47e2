import type { Digest, Json } from '../../hash.ts';
import type { StageSpec } from '../../spec/experiment.ts';
import { intervalText } from '../cells.ts';
import { xml } from '../labels/svg.ts';
import {
  describeStage,
  flatParameters,
  type LineageSources,
  type LineageStage,
  lineageOf,
  stagesOfCell,
} from '../lineage.ts';
import { fixed, signed } from '../statistics.ts';
import { duration } from '../style.ts';
import type { Table, TableCell, TableColumn } from '../table.ts';
import { anchorOf } from './table.ts';

/** Of every number the stages that it came from, and every such stage in full, once. */
export function lineageHtml(
  tables: readonly Table[],
  specs: readonly StageSpec[],
  sources: LineageSources,
): readonly string[] {
  const anchors = new Map(specs.map(({ id }, at) => [id, `stage-${at + 1}`]));
  const link = (id: string): string => `<a href="#${anchors.get(id)}">${xml(id)}</a>`;
  const cells = tables.flatMap((table, number) => [
    `<h3>Numbers of Table ${number + 1}</h3>`,
    ...table.rows.flatMap((row, at) =>
      row.cells.map((cell, column) => {
        const { tree, stages } = lineageOf(stagesOfCell(table, row, column), specs, sources);
        const facts = new Map(stages.map((stage) => [stage.stage, stage]));
        const lines = tree.map(({ stage, depth, port }) => {
          const via = port === undefined ? '' : `<span>${xml(port)}</span> `;
          return `<li style="--depth:${depth}">${via}${link(stage)} <span>${factsText(facts.get(stage))}</span></li>`;
        });
        return cellHtml(cell, table.columns[column] as TableColumn, {
          anchor: anchorOf(number, at, column),
          title: `${row.name}, ${table.columns[column]?.label}`,
          tree: lines,
        });
      }),
    ),
  ]);
  const shown = new Set(
    tables.flatMap((table) => table.rows.flatMap((row) => row.cells.flatMap(({ stages }) => stages))),
  );
  const { tree } = lineageOf([...shown], specs, sources);
  const reached = new Set(tree.map(({ stage }) => stage));
  const stages = specs.filter(({ id }) => reached.has(id));
  return [
    ...cells,
    '<h3>Stages</h3>',
    ...stages.map((spec) => stageHtml(describeStage(spec, sources), anchors.get(spec.id) ?? '', link)),
  ];
}

function factsText(stage: LineageStage | undefined): string {
  if (stage === undefined) return '';
  const state = stage.state === 'measured' ? '' : ` · ${stage.state}`;
  return `${stage.entry === undefined ? '' : `· ${duration(stage.entry.provenance.seconds)}`}${state}`;
}

function cellHtml(
  cell: TableCell,
  column: TableColumn,
  { anchor, title, tree }: Readonly<{ anchor: string; title: string; tree: readonly string[] }>,
): string {
  const { decimals } = column;
  const number = cell.mean === undefined ? cell.state : fixed(cell.mean, decimals);
  const seeds = cell.values.filter(({ seed }) => seed !== undefined);
  const facts: readonly Fact[] = [
    ...(cell.sd === undefined ? [] : [['spread', `±${fixed(cell.sd, decimals)}, ${cell.n} measurements`] as const]),
    ...(seeds.length < 2
      ? []
      : [['by seed', seeds.map(({ seed, value }) => `${seed}: ${fixed(value, decimals)}`).join(', ')] as const]),
    ...(cell.delta === undefined
      ? []
      : [['difference', `${signed(cell.delta.mean, decimals)} ${intervalText(cell.delta, decimals)}`.trim()] as const]),
    ...(cell.questions === undefined
      ? []
      : [['questions', `${cell.questions.n}, standard error ${fixed(cell.questions.se, decimals)}`] as const]),
  ];
  const stale = cell.state === 'stale' ? ' (stale)' : '';
  return [
    `<details id="${anchor}"><summary>${xml(title)}: <span class="number">${number}</span>${stale}</summary><div class="inside">`,
    factList(facts.map(([name, text]) => [name, xml(text)])),
    `<ul class="tree">${tree.join('')}</ul></div></details>`,
  ].join('');
}

type Fact = readonly [name: string, text: string];

/** Texts are HTML already. */
function factList(facts: readonly Fact[]): string {
  if (facts.length === 0) return '';
  return `<dl class="facts">${facts.map(([name, text]) => `<dt>${xml(name)}</dt><dd>${text}</dd>`).join('')}</dl>`;
}

function stageHtml(stage: LineageStage, anchor: string, link: (id: string) => string): string {
  const { entry, inputs, files } = stage;
  const state = stage.state === 'measured' ? '' : ` <span class="warn">${stage.state}</span>`;
  const took = entry === undefined ? '' : `, ${duration(entry.provenance.seconds)}`;
  return [
    `<details id="${anchor}"><summary>${xml(stage.stage)} <span class="about">${xml(stage.kind)}${took}</span>${state}</summary><div class="inside">`,
    factList(flatParameters(stage.parameters).map(([path, value]) => [path, `<code>${xml(valueText(value))}</code>`])),
    factList([
      ...inputs.map(
        ({ port, from, content }): Fact => [port, `${link(from.stage)}.${xml(from.port)}${digest(content)}`],
      ),
      ...files.map(({ parameter, path, content }): Fact => [parameter, `${xml(path ?? '')}${digest(content)}`]),
    ]),
    ...(entry === undefined ? [] : [factList(madeFacts(entry))]),
    '</div></details>',
  ].join('');
}

function madeFacts({
  kind,
  version,
  key,
  metrics,
  provenance: made,
}: NonNullable<LineageStage['entry']>): readonly Fact[] {
  const numbers = Object.entries(metrics).filter(([name]) => !name.includes('.'));
  const engine = made.engine === 'none' ? [] : [['engine', xml(`${made.engine}, threads: ${made.threads}`)] as const];
  return [
    ...numbers.map(([name, value]): Fact => [name, String(Number(value.toPrecision(6)))]),
    ['kind', xml(`${kind}, version ${version}`)],
    ...engine,
    ...(made.commit === undefined ? [] : [['commit', `<code>${xml(made.commit)}</code>`] as const]),
    [
      'made',
      `${xml(made.startedAt)} in ${duration(made.seconds)}, seagraph ${xml(made.seagraph)}, Node ${xml(made.node)}`,
    ],
    ['key', `<code>${key}</code>`],
  ];
}

function digest(content: Digest | undefined): string {
  return content === undefined ? '' : ` <code class="comment" title="${content}">${content.slice(0, 16)}</code>`;
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
