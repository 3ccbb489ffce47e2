import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../hash.ts';
import type { Experiment, StageSpec } from '../spec/experiment.ts';
import type { AnyKind } from '../stages/kind.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The experiment with paths of models as they lie on this machine: a folder of Hugging Face's cache (`models--org--name`)
 * stands for its newest snapshot, and where nothing lies at a path, the repository that the stage names is looked up there.
 */
export function locateModels(
  experiment: Experiment,
  kinds: ReadonlyMap<string, AnyKind>,
  env: Environment,
): Experiment {
  let moved = false;
  const stages = experiment.stages.map((stage): StageSpec => {
    const path = pathOf(stage, kinds.get(stage.kind), env);
    if (path === undefined) return stage;
    moved = true;
    return { ...stage, params: { ...(stage.params as Readonly<Record<string, Json>>), path } };
  });
  return moved ? { ...experiment, stages } : experiment;
}

/** Where the model lies, if elsewhere than the parameter says. */
function pathOf({ params }: StageSpec, kind: AnyKind | undefined, env: Environment): string | undefined {
  if (kind?.hub === undefined) return undefined;
  const { path } = params as { path: string };
  if (existsSync(path)) return snapshotOf(path);
  const repository = kind.hub(params);
  return repository === undefined ? undefined : snapshotOf(repositoryFolder(repository, env));
}

/** `models--org--name` below HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
export function repositoryFolder(repository: string, env: Environment): string {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  return join(env['HF_HUB_CACHE'] ?? join(home, 'hub'), `models--${repository.replaceAll('/', '--')}`);
}

/** `snapshots/<revision>` of a cached repository: the revision that refs/main names, else the only one. */
function snapshotOf(folder: string): string | undefined {
  const snapshots = join(folder, 'snapshots');
  if (!existsSync(snapshots)) return undefined;
  const main = join(folder, 'refs', 'main');
  const names = existsSync(main) ? [readFileSync(main, 'utf8').trim()] : readdirSync(snapshots);
  const [name] = names;
  const found = name === undefined || name === '' || names.length > 1 ? undefined : join(snapshots, name);
  return found !== undefined && existsSync(found) ? found : undefined;
}
