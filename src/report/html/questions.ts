import { compareRows, type Standing } from '../compare.ts';
import { xml } from '../labels/svg.ts';
import type { QuestionDuel } from '../questions.ts';
import type { Table } from '../table.ts';

/** Questions that rows answer better and worse than their baseline; nothing where no number comes from questions. */
export function questionsHtml(standing: Standing): readonly string[] {
  const seen = new Set<string>();
  return standing.tables.flatMap((table, number) => {
    const labels = table.columns.map(({ label }) => label);
    const rows = table.rows.flatMap(({ name, against }) => {
      if (against === undefined || seen.has(`${against}\n${name}`)) return [];
      const duels = duelsOf(standing, table, against, name);
      if (duels.size === 0) return [];
      seen.add(`${against}\n${name}`);
      return [{ name, against, duels }];
    });
    if (rows.length === 0) return [];
    const used = labels.filter((label) => rows.some(({ duels }) => duels.has(label)));
    return [
      `<figure><figcaption><b>Questions of Table ${number + 1}.</b> Answered better : worse than by the baseline, and McNemar’s exact p where it is below 0.05.</figcaption>`,
      '<div class="scroll"><table class="data">',
      `<thead><tr><th scope="col"></th>${used.map((label) => `<th scope="col">${xml(label)}</th>`).join('')}</tr></thead><tbody>`,
      ...rows.map(({ name, against, duels }) => {
        const cells = used.map((label) => `<td>${duelHtml(duels.get(label))}</td>`);
        return `<tr><th scope="row">${xml(name)}<small>against ${xml(against)}</small></th>${cells.join('')}</tr>`;
      }),
      '</tbody></table></div></figure>',
    ];
  });
}

function duelsOf(standing: Standing, table: Table, left: string, right: string): ReadonlyMap<string, QuestionDuel> {
  const one = { ...standing, tables: [table] };
  const { metrics } = compareRows({ ...one, row: left }, { ...one, row: right });
  return new Map(
    metrics.flatMap(({ label, questions }) => (questions === undefined ? [] : [[label, questions] as const])),
  );
}

function duelHtml(duel: QuestionDuel | undefined): string {
  if (duel === undefined) return '<span class="absent">–</span>';
  const { wins, losses, same, p } = duel;
  const title = `${wins} better, ${losses} worse, ${same} alike; p = ${p.toPrecision(2)}`;
  const note =
    p < 0.05
      ? `<small class="${wins > losses ? 'good' : 'bad'}">p ${p < 0.001 ? '&lt; 0.001' : `= ${p.toFixed(3)}`}</small>`
      : '';
  return `<span title="${title}">${wins} : ${losses}</span>${note}`;
}
