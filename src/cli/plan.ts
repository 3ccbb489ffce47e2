import type { DeviceName } from '../cost/device.ts';
import type { Action, Plan, Step } from '../plan/step.ts';
import { ProblemError } from '../problem.ts';
import { duration, paint, type Style, type Tone } from '../report/style.ts';
import { padRight, shorten, widthOf } from '../report/width.ts';
import { count } from '../ui/words.ts';
import { reasonText } from './changes.ts';
import type { Context } from './context.ts';
import { openPart } from './experiment.ts';
import { type Missing, missingFiles, missingText } from './missing.ts';
import { json } from './output.ts';
import { openSession } from './session.ts';

export type PlanOptions = Readonly<{
  all?: boolean;
  cost?: boolean;
  device?: DeviceName;
  json?: boolean;
  force?: string[];
  row?: string[];
  stage?: string[];
}>;

/** `sea plan`: what a run would do. */
export async function showPlan(file: string, options: PlanOptions, { output, cache }: Context): Promise<number> {
  const experiment = await openPart(file, cache, options);
  if (options.device !== undefined && options.cost !== true)
    throw new ProblemError({ code: 'option', message: '--device is of no use without --cost' });
  const session = await openSession(experiment, cache, { force: options.force });
  try {
    if (options.cost === true) {
      await (await import('./cost.ts')).showCost(session, options, { output });
      return 0;
    }
  } finally {
    session.store.close();
  }
  const { plan } = session;
  const missing = missingFiles(experiment);
  if (options.json === true) output.out(json(planJson(plan, missing)));
  else {
    output.out(planText(plan, { all: options.all === true, width: output.width, style: output.style }));
    if (missing.length > 0) output.out(missingText(missing, output.style));
  }
  return 0;
}

/** See schemas/output/plan.schema.json. */
export function planJson(plan: Plan, missing: readonly Missing[]): unknown {
  return {
    experiment: plan.experiment,
    counts: plan.counts,
    estimate: plan.estimate,
    steps: plan.steps.map(({ id, spec, action, why, key, changes, mayStop, missing, seconds }) => ({
      stage: id,
      kind: spec.kind,
      action,
      why,
      key,
      changes,
      mayStop,
      missing,
      seconds,
    })),
    missing: missing.map(({ stage, paths, origin, hub, root }) => ({
      stage,
      paths,
      origin,
      hub,
      variable: root?.variable,
    })),
  };
}

const tones: Readonly<Record<Action, Tone>> = { reuse: 'dim', run: 'good', depends: 'accent', blocked: 'bad' };

type Look = Readonly<{ all: boolean; width: number; style: Style }>;

export function planText(plan: Plan, { all, width, style }: Look): string {
  const { counts, estimate } = plan;
  // what stands behind a stage that cannot run says nothing new
  const listed = plan.steps.filter((step) => all || (step.action !== 'reuse' && step.why !== 'input-blocked'));
  const names = Math.min(Math.floor(width * 0.4), Math.max(0, ...listed.map((step) => widthOf(step.id))));
  const parts = [`${counts.reuse} cached`, `${counts.run} to run`];
  if (counts.depends > 0) parts.push(`${counts.depends} waiting for those`);
  if (counts.blocked > 0) parts.push(`${counts.blocked} that cannot run`);
  const head = `${plan.experiment}: ${count(plan.steps.length, 'stage')}: ${parts.join(', ')}`;
  const lines = listed.map((step) => stepLine(step, names, style));
  const behind = plan.steps.filter((step) => step.why === 'input-blocked').length;
  const unlisted = [
    ...(counts.reuse > 0 && listed.length > 0 ? ['the cached ones'] : []),
    ...(behind > 0 ? [`${count(behind, 'stage')} behind those that cannot run`] : []),
  ];
  const hidden =
    all || unlisted.length === 0 ? [] : [paint(style, 'dim', `(sea plan --all lists ${unlisted.join(' and ')})`)];
  return [paint(style, 'bold', head), ...timeLines(estimate, counts), ...lines, ...hidden].join('\n');
}

function timeLines({ seconds, unknown }: Plan['estimate'], counts: Plan['counts']): readonly string[] {
  if (counts.run + counts.depends === 0) return [];
  const parts = seconds >= 1 ? [`about ${duration(seconds)} of work`] : [];
  if (unknown > 0) parts.push(`${count(unknown, 'stage')} never timed here`);
  return parts.length === 0 ? [] : [parts.join(', ')];
}

function stepLine(step: Step, names: number, style: Style): string {
  const action = paint(style, tones[step.action], padRight(step.action, 7));
  const time = step.seconds === undefined || step.seconds < 1 ? '' : `  about ${duration(step.seconds)}`;
  const stop = step.mayStop === true ? '; may stop here' : '';
  return `${action}  ${padRight(shorten(step.id, names), names)}  ${reasonText(step)}${stop}${paint(style, 'dim', time)}`;
}
