import type { Json } from '../hash.ts';
import type { Step } from '../plan/step.ts';
import type { Change } from '../plan/why.ts';
import { whyWords } from '../ui/words.ts';

/** One difference in a line: `align.weight: 0.5 → 1`. */
export function changeText(change: Change): string {
  switch (change.what) {
    case 'kind':
      return `kind: ${change.old} → ${change.new}`;
    case 'version':
      return `version of its kind: ${change.old} → ${change.new}`;
    case 'parameter':
      return `${change.path}: ${valueText(change.old)} → ${valueText(change.new)}`;
    case 'input':
      return `input ${change.port}: ${inputText(change)}`;
    case 'source':
      return `file ${change.name}: ${contentText(change.old, change.new)}`;
  }
}

function inputText({ stage, old, new: now }: Extract<Change, { what: 'input' }>): string {
  const from = stage === undefined ? '' : ` from ${stage}`;
  if (stage === undefined) return 'no longer connected';
  return now === undefined ? `${stage} runs first` : `${contentText(old, now)}${from}`;
}

function contentText(old: string | undefined, now: string | undefined): string {
  if (old === undefined) return 'new';
  if (now === undefined) return 'no longer read';
  return `content ${old.slice(0, 8)} → ${now.slice(0, 8)}`;
}

export function valueText(value: Json | undefined): string {
  return value === undefined ? '(not set)' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Why a step is what it is, in one line; long lists of changes are counted. */
export function reasonText(step: Step, most = 2): string {
  const reason = whyWords[step.why];
  if (step.missing !== undefined && step.missing.length > 0) return `${reason}: ${step.missing.join(', ')}`;
  const waits = step.changes.flatMap((change) => (isWaiting(change) ? [change.stage] : []));
  if (step.why === 'input-runs' && waits.length > 0)
    return waitText(
      waits,
      step.changes.filter((change) => !isWaiting(change)),
    );
  const shown = step.changes.slice(0, most).map(changeText);
  const rest = step.changes.length - shown.length;
  const more = rest > 0 ? [`${rest} more`] : [];
  const details = [...shown, ...more].join(', ');
  return details === '' ? reason : `${reason}: ${details}`;
}

/** An input whose content is known only after its stage has run. */
function isWaiting(change: Change): change is Extract<Change, { what: 'input' }> & { stage: string } {
  return change.what === 'input' && change.stage !== undefined && change.new === undefined;
}

function waitText(stages: readonly string[], others: readonly Change[]): string {
  return [`waits for ${stages.join(', ')}`, ...others.map(changeText)].join('; ');
}
