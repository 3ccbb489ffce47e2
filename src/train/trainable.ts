import { ProblemError, suggest } from '../problem.ts';

/** Whether `name` matches `pattern`, where `*` stands for any run of characters. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}

/** The parameters that train, in the order of `names`. A pattern that matches nothing is a mistake. */
export function selectTrainable(patterns: readonly string[], names: readonly string[]): readonly string[] {
  const problems = patterns
    .filter((pattern) => !names.some((name) => matches(pattern, name)))
    .map((pattern) => ({
      code: 'unknown-parameter',
      message: `"${pattern}" matches no parameter`,
      hint: suggest(pattern, prefixesAndNames(names)),
    }));
  if (problems.length > 0) throw new ProblemError(...problems);
  return names.filter((name) => patterns.some((pattern) => matches(pattern, name)));
}

/** What a person may have meant: whole modules first (`projector.*`), then single names. */
function prefixesAndNames(names: readonly string[]): readonly string[] {
  return [...new Set([...names.map((name) => `${name.split('.')[0]}.*`), ...names])];
}

/** The first entry whose patterns match, per name: how parameters are dealt to optimiser groups. */
export function groupOf<G extends Readonly<{ match: readonly string[] }>>(groups: readonly G[], name: string): G {
  const group = groups.find(({ match }) => match.some((pattern) => matches(pattern, name)));
  if (group === undefined)
    throw new Error(`no optimiser group for "${name}": ${groups.map((g) => g.match.join(' ')).join('; ')}`);
  return group;
}
